//! Accepting connections and changing the mode, one after the other.

use std::future;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};

use super::Command;
use super::counts::Counts;
use super::link::{Link, serve};
use super::mode::{Fate, Mode, State};
use super::targets::Targets;
use crate::error::{Result, ServerError};
use crate::port::free_port;

const PORT_ATTEMPTS: usize = 5;

/// The listener and the connections of a proxy.
#[derive(Debug)]
pub(super) struct Hub {
    targets: Arc<Targets>,
    port: u16,
    counts: Arc<Counts>,
    /// `None` while connections are refused.
    listener: Option<TcpListener>,
    state: watch::Sender<State>,
    links: JoinSet<()>,
}

impl Hub {
    pub(super) async fn new(targets: Arc<Targets>, counts: Arc<Counts>) -> Result<Self> {
        let listener = listen_somewhere().await?;
        Ok(Self {
            targets,
            port: listener.local_addr()?.port(),
            counts,
            listener: Some(listener),
            state: watch::Sender::default(),
            links: JoinSet::new(),
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Runs until no more commands can arrive.
    pub(super) async fn run(mut self, mut orders: UnboundedReceiver<Command>) {
        loop {
            tokio::select! {
                // A command takes effect before the connections that arrive after it.
                biased;
                order = orders.recv() => {
                    let Some((mode, reply)) = order else { return };
                    // The command is carried out even if its sender stopped waiting for the reply.
                    let _ = reply.send(self.change(mode).await);
                }
                Some(_) = self.links.join_next() => {}
                client = accept(self.listener.as_ref()) => self.admit(client),
            }
        }
    }

    fn admit(&mut self, client: TcpStream) {
        let number = self.counts.accepted();
        let link = Link {
            number,
            target: self.targets.of(number),
            state: self.state.subscribe(),
        };
        self.links.spawn(serve(client, link, self.counts.count()));
    }

    async fn change(&mut self, mode: Mode) -> Result<()> {
        if mode == Mode::Refuse {
            self.listener = None;
        }
        let next = self.counts.accepted();
        self.state.send_modify(|state| state.change(mode, next));
        if matches!(self.state.borrow().fate(next), Fate::Closed | Fate::Reset) {
            while self.links.join_next().await.is_some() {}
        }
        if mode != Mode::Refuse && self.listener.is_none() {
            self.listener = Some(listen(self.port).await?);
        }
        Ok(())
    }
}

/// The next connection; pending while connections are refused.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else {
        return future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            // The connection was closed before it was accepted, or there are too many open files.
            Err(_) => yield_now().await,
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listening.map_err(|error| ServerError::new(format!("cannot listen on port {port}: {error}")))
}

/// Others look for free ports at the same time.
async fn listen_somewhere() -> Result<TcpListener> {
    for _ in 1..PORT_ATTEMPTS {
        if let Ok(listener) = listen(free_port()?).await {
            return Ok(listener);
        }
    }
    listen(free_port()?).await
}
