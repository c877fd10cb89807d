//! A network that can be made to fail.

mod counts;
mod ends;
mod hub;
mod link;
mod mode;
mod pump;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::error::{Result, ServerError};
use counts::Counts;
use hub::Hub;
pub use mode::Mode;

/// A request to change the mode, and the channel that confirms that it is in effect.
type Command = (Mode, SyncSender<Result<()>>);

/// A TCP proxy in front of a server on this machine.
///
/// It works on a thread of its own, so it may be used from any Tokio runtime or
/// from none. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Proxy {
    /// The port that it passes connections to.
    target: Arc<AtomicU16>,
    port: u16,
    counts: Arc<Counts>,
    /// Both are set until the drop, which has to end them in order.
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy that passes connections to that port of 127.0.0.1.
    ///
    /// No server needs to listen there yet.
    pub fn start(target_port: u16) -> Result<Self> {
        let counts = Arc::<Counts>::default();
        let target = Arc::new(AtomicU16::new(target_port));
        let target_of_hub = Arc::clone(&target);
        let (commands, orders) = unbounded_channel();
        let (reply, answer) = sync_channel(1);
        let shared = Arc::clone(&counts);
        let work = move || {
            let run = async {
                let hub = Hub::new(target_of_hub, shared).await;
                let port = hub.as_ref().map(Hub::port).map_err(Clone::clone);
                // The caller stopped waiting for the port, so no commands will follow.
                let _ = reply.send(port);
                if let Ok(hub) = hub {
                    hub.run(orders).await;
                }
            };
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(run),
                Err(error) => drop(reply.send(Err(error.into()))),
            }
        };
        let thread = thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(work)?;
        let port = answer.recv().map_err(|_| proxy_has_ended())??;
        Ok(Self {
            target,
            port,
            counts,
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    /// The port to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A URL of the server with the port of the proxy.
    ///
    /// # Panics
    ///
    /// If the URL belongs to another server.
    pub fn url(&self, server_url: &str) -> String {
        let port = |port| format!("@127.0.0.1:{port}/");
        let target = self.target.load(Ordering::SeqCst);
        let (server, proxy) = (port(target), port(self.port));
        assert!(server_url.contains(&server), "no {server} in {server_url}");
        server_url.replacen(&server, &proxy, 1)
    }

    /// Changes what happens to connections; returns when it is in effect.
    ///
    /// Connections that are to be closed are closed by then. Blocks for a moment.
    pub fn set(&self, mode: Mode) -> Result<()> {
        let (reply, answer) = sync_channel(1);
        let commands = self.commands.as_ref().ok_or_else(proxy_has_ended)?;
        commands
            .send((mode, reply))
            .map_err(|_| proxy_has_ended())?;
        answer.recv().map_err(|_| proxy_has_ended())?
    }

    /// Passes new connections to another port; open ones stay where they are, as when a virtual address
    /// moves.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }

    /// The number of connections accepted so far, in whichever mode.
    pub fn accepted(&self) -> usize {
        self.counts.accepted()
    }

    /// The number of connections that are open now.
    ///
    /// A connection that its client has closed counts until the close has reached the server.
    pub fn open(&self) -> usize {
        self.counts.open()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was reported there, and must not cause another here.
            let _ = thread.join();
        }
    }
}

fn proxy_has_ended() -> ServerError {
    ServerError::new("the thread of the proxy has ended")
}
