//! The temporary directory of a cluster or a pooler.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, process};

use tempfile::TempDir;

use crate::account::Account;
use crate::error::Result;
use crate::process::kill_servers_in;
use crate::shared_memory;

const PREFIX: &str = "routing-servers-";
const LOCK: &str = "lock";

/// A directory that is removed when dropped.
///
/// Processes that are killed leave theirs behind. The directory is named after the process and
/// contains a file that the process held locked, so the next process can tell that it may remove
/// it.
#[derive(Debug)]
pub(crate) struct Scratch {
    dir: TempDir,
    _lock: File,
}

impl Scratch {
    /// Creates a directory for the account, and removes those of dead processes.
    pub(crate) fn new(account: Account) -> Result<Self> {
        sweep(&env::temp_dir());
        let prefix = format!("{PREFIX}{}-", process::id());
        let dir = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let lock = File::create(dir.path().join(LOCK))?;
        lock.lock()?;
        account.own(dir.path())?;
        Ok(Self { dir, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        shared_memory::release(self.path());
    }
}

/// Removes what dead processes left: servers, memory and files, as far as possible.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    for path in paths.filter(|path| is_of_dead_process(path)) {
        // Held while removing, so that no two processes remove the same.
        let Some(_lock) = lock(&path) else { continue };
        let _ = kill_servers_in(&path);
        shared_memory::release(&path);
        let _ = fs::remove_dir_all(&path);
    }
}

fn is_of_dead_process(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str()?.strip_prefix(PREFIX)?.split_once('-'))
        .and_then(|(id, _)| id.parse::<u32>().ok())
        .is_some_and(|id| !PathBuf::from(format!("/proc/{id}")).exists())
}

/// The lock of a directory, unless a process holds it: perhaps one of another
/// container, whose ids mean nothing here.
fn lock(dir: &Path) -> Option<File> {
    let file = File::open(dir.join(LOCK)).ok()?;
    file.try_lock().ok()?;
    Some(file)
}
