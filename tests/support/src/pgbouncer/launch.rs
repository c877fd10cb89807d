//! Starting a PgBouncer.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::PgBouncer;
use super::settings::{PgBouncerSettings, Server, USERS};
use crate::account::Account;
use crate::error::{Result, ServerError};
use crate::locate;
use crate::log::Log;
use crate::poll::until;
use crate::port::free_port;
use crate::process::Process;
use crate::scratch::Scratch;

const LIMIT: Duration = Duration::from_secs(30);
const PORT_ATTEMPTS: usize = 5;
const SETTINGS: &str = "pgbouncer.ini";

/// Starts one on a port that turns out to be free, and returns when it accepts connections.
pub(super) fn launch(server: &Server, settings: &PgBouncerSettings) -> Result<PgBouncer> {
    let launcher = Launcher::new()?;
    launcher.write(USERS, &server.users())?;
    let mut attempt = 1;
    loop {
        let port = free_port()?;
        launcher.write(SETTINGS, &settings.text(server, port))?;
        match launcher.start() {
            Ok(process) => return Ok(launcher.done(process, port, server.url_at(port))),
            Err(_) if launcher.log().names_taken_port() && attempt < PORT_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
        launcher.log().clear()?;
    }
}

/// What one is started with and in.
struct Launcher {
    program: PathBuf,
    account: Account,
    scratch: Scratch,
}

impl Launcher {
    fn new() -> Result<Self> {
        let program = locate::program(&["pgbouncer"])?;
        // It refuses root as well, and its packages run it as this account.
        let account = Account::of_server("postgres")?;
        let scratch = Scratch::new(account)?;
        Ok(Self {
            program,
            account,
            scratch,
        })
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let file = self.scratch.path().join(name);
        fs::write(&file, text)?;
        self.account.own(&file)
    }

    /// Waits for the program's own word rather than for the port, where another may listen.
    fn start(&self) -> Result<Process> {
        let mut process = Process::start(self.command(), &self.log().0)?;
        let accepts = until("PgBouncer accepts connections", LIMIT, || {
            if process.has_ended() {
                return Err(ServerError::new("PgBouncer ended"));
            }
            Ok(self.log().contains("process up"))
        });
        accepts.map_err(|error| ServerError::new(format!("{error}: {}", self.log().tail())))?;
        Ok(process)
    }

    /// It works in its directory, where the next process looks for it if this one is killed.
    fn command(&self) -> Command {
        let mut command = self.account.command(&self.program);
        command.arg(SETTINGS).current_dir(self.scratch.path());
        command
    }

    fn log(&self) -> Log {
        Log(self.scratch.path().join("pgbouncer.log"))
    }

    fn done(self, process: Process, port: u16, url: String) -> PgBouncer {
        PgBouncer {
            url,
            port,
            _process: process,
            _scratch: self.scratch,
        }
    }
}
