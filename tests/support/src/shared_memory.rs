//! The System V shared memory that a killed Postgres leaves behind.
//!
//! It is a few bytes per server, but the system has only 4096 slots for it, and they are never
//! freed: only a server started on the same data directory would do that.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::spawn;

/// Frees the shared memory of all dead servers with a data directory in `home`.
pub(crate) fn release(home: &Path) {
    let entries = fs::read_dir(home).into_iter().flatten();
    for data in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        release_of(&data);
    }
}

/// Frees the shared memory of a dead server with that data directory.
pub(crate) fn release_of(data: &Path) {
    if let Some((key, id)) = segment_of(data)
        && is_abandoned(key, id)
    {
        // Without `ipcrm` the memory stays, which is no reason to fail.
        let _ = spawn::run(Command::new("ipcrm").args(["-m", &id.to_string()]));
    }
}

/// Key and id of the segment, which are on the seventh line of the lock file.
fn segment_of(data: &Path) -> Option<(i64, i64)> {
    let lock = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut numbers = lock.lines().nth(6)?.split_whitespace();
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether the segment is unchanged and no process is attached to it.
///
/// The columns of the table are key, id, permissions, size, two processes and the
/// number of those attached.
fn is_abandoned(key: i64, id: i64) -> bool {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    table.lines().skip(1).any(|line| {
        let columns: Vec<i64> = line
            .split_whitespace()
            .map_while(|column| column.parse().ok())
            .collect();
        columns.starts_with(&[key, id]) && columns.get(6) == Some(&0)
    })
}
