//! Running programs.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::error::{Result, ServerError};

type Job = (Command, Sender<io::Result<Child>>);

/// Runs a program to its end and returns what it printed, without the last newline.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        ServerError::new(format!("cannot run {:?}: {error}", command.get_program()))
    })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(printed.trim_end().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(ServerError::new(format!(
        "{} {}",
        complaint.trim(),
        printed.trim()
    )))
}

/// Starts a server that appends all output to a log file.
pub(crate) fn server(mut command: Command, log: &Path) -> Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(log)?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let (reply, answer) = channel();
    spawner()
        .send((command, reply))
        .expect("the spawning thread never ends");
    Ok(answer.recv().expect("the spawning thread answers")?)
}

/// The thread that spawns all servers.
///
/// A server dies with the thread that spawned it. Threads of tests come and go,
/// this one lasts as long as the process.
fn spawner() -> &'static Sender<Job> {
    static SPAWNER: OnceLock<Sender<Job>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (sender, jobs) = channel();
        thread::Builder::new()
            .name("routing-servers".to_owned())
            .spawn(move || spawn_all(&jobs))
            .expect("a thread can be started");
        sender
    })
}

fn spawn_all(jobs: &Receiver<Job>) {
    for (mut command, reply) in jobs {
        // The caller was dropped, so the child is not needed.
        if let Err(unwanted) = reply.send(command.spawn())
            && let Ok(mut child) = unwanted.0
        {
            let _ = child.kill();
        }
    }
}
