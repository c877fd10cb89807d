//! Where the write-ahead log stands.

use super::{LIMIT, Postgres};
use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::error::Result;
use crate::poll::until;

/// A segment starts with a page header of 40 bytes.
const IS_AT_START: &str = "SELECT pg_current_wal_insert_lsn() = pg_current_wal_flush_lsn() + 40
    AND (pg_walfile_name_offset(pg_current_wal_flush_lsn())).file_offset = 0";

impl Cluster<Postgres> {
    /// Brings the log of the primary, or the server promoted last, to the start of
    /// an empty segment.
    ///
    /// Everything is flushed then, and yet the insert position is higher than the flushed one, by
    /// the page header between them. No replica reaches the higher one. This lasts until a record
    /// is written: the server writes one by itself, within 15 seconds.
    pub async fn switch_wal(&self) -> Result<()> {
        self.with(|parts| {
            let (engine, leader) = (&parts.engine, parts.leader()?.port);
            until("the log is at the start of a segment", LIMIT, || {
                // Does nothing if the log is there already.
                let sql = "SELECT pg_switch_wal()";
                engine.query(leader, Postgres::SYSTEM_DATABASE, sql)?;
                engine.holds(leader, IS_AT_START)
            })
        })
        .await
    }
}
