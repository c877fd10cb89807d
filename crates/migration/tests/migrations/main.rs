//! Migrations per database: on SQLite in files and in memory, on Postgres and on MariaDB.
//!
//! Where the servers are not installed, each test says SKIPPED and why; with
//! `ROUTING_REQUIRE_SERVERS=1` it fails instead.

mod support;

mod bad_input;
mod command_line;
mod create_all;
mod dropped;
mod failures;
mod forbidden;
mod forbidden_texts;
mod guarded;
mod guarded_ends;
mod locks;
mod lost_locks;
mod names;
mod own_connections;
mod physical;
mod policies;
mod printed;
mod processes;
mod scoped;
mod status;
mod sync;
mod up_and_down;
