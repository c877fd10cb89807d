//! One server of a cluster, running or not.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::Engine;
use crate::error::{Result, ServerError};
use crate::log::Log;
use crate::node::Node;
use crate::poll::until;
use crate::port::free_port;
use crate::process::Process;
use crate::role::Role;

const START_LIMIT: Duration = Duration::from_secs(60);
const PORT_ATTEMPTS: usize = 5;

/// A server that keeps its data and its port while it is stopped.
#[derive(Debug)]
pub struct Instance {
    pub(crate) node: Node,
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    state: Mutex<State>,
    role: Mutex<Role>,
}

#[derive(Debug, Default)]
struct State {
    process: Option<Process>,
    frozen: bool,
    paused: bool,
}

impl Instance {
    /// Starts a server for the first time, on a port that turns out to be free.
    pub(crate) fn create<E: Engine>(engine: &E, home: &Path, node: Node) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let instance = Self {
                node,
                data: data_dir(home, node),
                port: free_port()?,
                state: Mutex::default(),
                role: Mutex::new(Role::first(node)),
            };
            match instance.start(engine) {
                Ok(_) => return Ok(instance),
                Err(_) if instance.log().names_taken_port() && attempt < PORT_ATTEMPTS => {
                    attempt += 1
                }
                Err(error) => return Err(error),
            }
            instance.log().clear()?;
        }
    }

    /// Starts the server again, unless it runs; returns when it accepts connections.
    pub(crate) fn restart<E: Engine>(&self, engine: &E) -> Result<()> {
        let started = self.start(engine)?;
        match started && self.role().source.is_some() {
            true => engine.recover(self),
            false => Ok(()),
        }
    }

    /// Starts the server; returns whether it was stopped before.
    pub(crate) fn start<E: Engine>(&self, engine: &E) -> Result<bool> {
        let mut state = self.state();
        if state.process.as_mut().is_some_and(|it| !it.has_ended()) {
            return Ok(false);
        }
        let mut process = Process::start(engine.server(self), &self.log().0)?;
        until(
            &format!("{} accepts connections", self.node),
            START_LIMIT,
            || {
                if process.has_ended() {
                    return Err(ServerError::new(format!(
                        "{} ended: {}",
                        self.node,
                        self.log().tail()
                    )));
                }
                Ok(engine
                    .query(self.port, E::SYSTEM_DATABASE, "SELECT 1")
                    .is_ok())
            },
        )?;
        *state = State {
            process: Some(process),
            ..State::default()
        };
        Ok(true)
    }

    /// Kills the server, if it runs.
    pub(crate) fn stop(&self) {
        self.state().process = None;
    }

    /// Stops the processes of the server, or resumes them.
    pub(crate) fn set_frozen(&self, frozen: bool) -> Result<()> {
        let mut state = self.state();
        let process = state.process.as_ref();
        let process =
            process.ok_or_else(|| ServerError::new(format!("{} is not running", self.node)))?;
        if frozen {
            process.freeze()?;
        } else {
            process.thaw()?;
        }
        state.frozen = frozen;
        Ok(())
    }

    /// Remembers whether replay is paused on the replica.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.state().paused = paused;
    }

    /// Whether replay is paused on the replica.
    pub(crate) fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// Whether the server can be expected to apply another server's changes soon.
    pub(crate) fn is_following(&self) -> bool {
        let role = self.role();
        let follows = role.source.is_some() && role.delay.is_zero();
        let state = self.state();
        follows && state.process.is_some() && !state.frozen && !state.paused
    }

    /// The role of the server in the cluster, running or not.
    pub(crate) fn role(&self) -> Role {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a change of the role.
    pub(crate) fn change_role(&self, change: impl FnOnce(&mut Role)) {
        change(&mut self.role.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error with the last lines of the server's log.
    pub(crate) fn explained(&self, error: &ServerError) -> ServerError {
        ServerError::new(format!("{error}; {}", self.log().tail()))
    }

    fn log(&self) -> Log {
        Log(self.data.with_extension("log"))
    }
}

/// The data directory of a server, inside the directory of the cluster.
pub(crate) fn data_dir(home: &Path, node: Node) -> PathBuf {
    home.join(node.to_string())
}
