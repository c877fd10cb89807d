//! Finding the installed binaries.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::error::{Result, ServerError};

/// Where servers are installed, which is rarely on a user's `PATH`.
const SERVER_DIRS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/// The first of these programs found on the `PATH` or among the server directories.
pub(crate) fn program(names: &[&str]) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = env::split_paths(&path)
        .chain(SERVER_DIRS.iter().map(PathBuf::from))
        .collect();
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| ServerError::new(format!("{} not found", names.join(" or "))))
}

/// The directory of the newest installed Postgres.
pub(crate) fn postgres_bin() -> Result<PathBuf> {
    newest_packaged_postgres()
        .or_else(configured_postgres)
        .or_else(|| Some(program(&["initdb"]).ok()?.parent()?.to_owned()))
        .ok_or_else(|| ServerError::new("no Postgres server found"))
}

/// Debian keeps `/usr/lib/postgresql/<version>/bin`.
fn newest_packaged_postgres() -> Option<PathBuf> {
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let version = entry.ok()?.path();
            let number: u32 = version.file_name()?.to_str()?.parse().ok()?;
            Some((number, version.join("bin")))
        })
        .filter(|(_, bin)| has_server(bin))
        .max()
        .map(|(_, bin)| bin)
}

fn configured_postgres() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    has_server(&bin).then_some(bin)
}

fn has_server(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("postgres").is_file()
}
