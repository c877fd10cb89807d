//! The operating system account the servers run as.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use crate::error::{Result, ServerError};
use crate::locate;

/// An account to run programs under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// User and group to change to; `None` if this process keeps its own.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Root gets the account of that name, since the servers refuse root; others keep their own.
    pub(crate) fn of_server(name: &str) -> Result<Self> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(Self { ids: None });
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        let ids = accounts.lines().find_map(|line| ids_of(name, line));
        ids.map(|ids| Self { ids: Some(ids) })
            .ok_or_else(|| ServerError::new(format!("no account `{name}` to run the server as")))
    }

    /// Gives a file or directory to the account.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.ids {
            chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// A command that runs under the account, in a bare environment.
    ///
    /// Where `setpriv` can arrange it, the program is killed as soon as the
    /// *thread* that spawned it ends.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = match setpriv() {
            Some(setpriv) => self.through(setpriv, program),
            None => self.direct(program),
        };
        bare(&mut command);
        command
    }

    fn through(self, setpriv: &Path, program: &Path) -> Command {
        let mut command = Command::new(setpriv);
        if let Some((user, group)) = self.ids {
            command.arg(format!("--reuid={user}"));
            command.arg(format!("--regid={group}"));
            command.arg("--clear-groups");
        }
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    }

    fn direct(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command
    }
}

/// User and group from a line of `/etc/passwd`, if the line belongs to that account.
fn ids_of(name: &str, line: &str) -> Option<(u32, u32)> {
    let mut fields = line.split(':');
    let found = fields.next()? == name;
    let mut ids = fields.skip(1).map_while(|field| field.parse().ok());
    found.then_some((ids.next()?, ids.next()?))
}

/// Clears every variable that could redirect a server or a client.
pub(crate) fn bare(command: &mut Command) {
    command.env_clear().env("LC_ALL", "C").current_dir("/");
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
}

/// `setpriv`, if its version supports the parent death signal.
fn setpriv() -> Option<&'static Path> {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    SETPRIV
        .get_or_init(|| {
            let path = locate::program(&["setpriv"]).ok()?;
            let help = Command::new(&path).arg("--help").output().ok()?;
            let usable = String::from_utf8_lossy(&help.stdout).contains("--pdeathsig");
            usable.then_some(path)
        })
        .as_deref()
}
