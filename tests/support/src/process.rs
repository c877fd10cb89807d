//! A running server, which may consist of several processes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use crate::error::Result;
use crate::poll::until;
use crate::spawn;

/// The names of server processes.
const SERVERS: [&str; 4] = ["postgres", "mariadbd", "mysqld", "pgbouncer"];
const SETTLE: Duration = Duration::from_secs(10);

/// A server and its children; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts the server, logging to that file.
    pub(crate) fn start(command: Command, log: &Path) -> Result<Self> {
        spawn::server(command, log).map(Self)
    }

    /// Whether the server has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Stops the server and its children in their tracks.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.freeze_parent()?;
        let children = children(self.0.id());
        signal("STOP", &children)?;
        await_all(&children, "is stopped", |state| "TtZX".contains(state))
    }

    /// Lets a frozen server go on.
    pub(crate) fn thaw(&self) -> Result<()> {
        let mut family = children(self.0.id());
        family.push(self.0.id());
        signal("CONT", &family)
    }

    /// Afterwards the server starts no more children.
    fn freeze_parent(&self) -> Result<()> {
        let parent = [self.0.id()];
        signal("STOP", &parent)?;
        await_all(&parent, "is stopped", |state| "TtZX".contains(state))
    }

    fn kill(&mut self) -> Result<()> {
        // If one step fails, the later ones are still worth trying.
        let _ = self.freeze_parent();
        let children = children(self.0.id());
        self.0.kill()?;
        let _ = signal("KILL", &children);
        self.0.wait()?;
        await_all(&children, "has ended", |state| "ZX".contains(state))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Also runs while a test panics, so it must not panic itself.
        let _ = self.kill();
    }
}

/// Kills the servers that work in a directory or below it, whichever process started them.
///
/// There are some if the process that started them was killed and they could not be made to die
/// with it, or if they are frozen children of a server that did die.
pub(crate) fn kill_servers_in(dir: &Path) -> Result<()> {
    let is_server = |id: &u32| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        let works_in = fs::read_link(format!("/proc/{id}/cwd")).unwrap_or_default();
        SERVERS.contains(&name.trim_end()) && works_in.starts_with(dir)
    };
    let servers: Vec<u32> = all().filter(is_server).collect();
    signal("KILL", &servers)?;
    await_all(&servers, "has ended", |state| "ZX".contains(state))
}

/// Sends a signal to those of the processes that still exist.
fn signal(name: &str, processes: &[u32]) -> Result<()> {
    if !processes.is_empty() {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, "--"]);
        // Fails if one of them has ended meanwhile, but signals the others.
        kill.args(processes.iter().map(u32::to_string)).output()?;
    }
    Ok(())
}

/// Waits until each process has a state like that or has ended.
fn await_all(processes: &[u32], goal: &str, settled: impl Fn(char) -> bool) -> Result<()> {
    until(&format!("each of {processes:?} {goal}"), SETTLE, || {
        let mut states = processes.iter().filter_map(|id| stat(*id));
        Ok(states.all(|(state, _)| settled(state)))
    })
}

fn children(parent: u32) -> Vec<u32> {
    all()
        .filter(|id| stat(*id).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// The ids of all processes.
fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// State and parent of a process, if there is one of that id.
fn stat(id: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name before the last parenthesis may contain anything.
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
