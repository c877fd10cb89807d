//! A network that can be made to fail.

mod counts;
mod ends;
mod hub;
mod link;
mod mode;
mod pump;
mod targets;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::error::{Result, ServerError};
use counts::Counts;
use hub::Hub;
pub use mode::Mode;
use targets::Targets;

/// A request to change the mode, and the channel that confirms that it is in effect.
type Command = (Mode, SyncSender<Result<()>>);

/// A TCP proxy in front of a server on this machine, or a balancer before several.
///
/// It works on a thread of its own, so it may be used from any Tokio runtime or
/// from none. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Proxy {
    targets: Arc<Targets>,
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
        Self::balanced(&[target_port])
    }

    /// Starts a proxy that passes its connections to those ports of 127.0.0.1 in turn: the first
    /// to the first port, the next to the next, and after the last port to the first again.
    ///
    /// A connection has its turn whether or not a server listens there: it is reset if none does.
    /// A [`Mode`] is for all of them.
    ///
    /// # Panics
    ///
    /// If there are no ports.
    pub fn balanced(target_ports: &[u16]) -> Result<Self> {
        let counts = Arc::<Counts>::default();
        let targets = Arc::new(Targets::new(target_ports));
        let targets_of_hub = Arc::clone(&targets);
        let (commands, orders) = unbounded_channel();
        let (reply, answer) = sync_channel(1);
        let shared = Arc::clone(&counts);
        let work = move || {
            let run = async {
                let hub = Hub::new(targets_of_hub, shared).await;
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
            targets,
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

    /// A URL of the server, or of one of several, with the port of the proxy.
    ///
    /// # Panics
    ///
    /// If the URL belongs to another server.
    pub fn url(&self, server_url: &str) -> String {
        let port = |port| format!("@127.0.0.1:{port}/");
        let servers: Vec<String> = self.targets.ports().into_iter().map(port).collect();
        let Some(server) = servers.iter().find(|it| server_url.contains(*it)) else {
            panic!("no {} in {server_url}", servers.join(" or "));
        };
        server_url.replacen(server, &port(self.port), 1)
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

    /// Passes all new connections to another port; open ones stay where they are, as when a virtual
    /// address moves.
    pub fn lead_to(&self, port: u16) {
        self.targets.lead_to(port);
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
