//! Errors of migrations and of schema sync.

use std::time::Duration;

use sea_orm::DbErr;
use sea_orm_routing::{DatabaseName, RoutingError};

use super::progress::MigrationReport;

/// An error of migrations or of schema sync.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// An error of the router: an unknown database, a pool that is not open, a handle that only reads.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// A database without a migrator.
    #[error(
        "database {database:?} has no migrator; databases with one: {}; add one with Migrations::database({database:?}, ..)",
        quoted(.known)
    )]
    NoMigrator {
        /// The database.
        database: String,
        /// The databases that have a migrator.
        known: Vec<String>,
    },
    /// Two migrators for one database.
    #[error("database {database:?} has two migrators; put their migrations into one")]
    TwoMigrators {
        /// The database.
        database: String,
    },
    /// Two migrations of one name.
    #[error(
        "two migrations of {database} are named {migration:?}, so only one would ever run; rename one"
    )]
    SameName {
        /// The database.
        database: DatabaseName,
        /// The name.
        migration: String,
    },
    /// Two names of one physical database, whose migrators share a migration table.
    #[error(
        "{first} and {second} are one physical database, and both migrators use the migration table {table:?}, so each would take the other's migrations for its own; give one another table with migration_table_name()"
    )]
    SharedTable {
        /// One name.
        first: DatabaseName,
        /// The other name.
        second: DatabaseName,
        /// The migration table.
        table: String,
    },
    /// `fresh` on a physical database that has another name too.
    #[error(
        "fresh drops every table of {database}, which is the same physical database as {other}, so it would drop the tables of {other} too; use refresh, which only reverts its own migrations"
    )]
    SharedDatabase {
        /// The database.
        database: DatabaseName,
        /// Its other name.
        other: DatabaseName,
    },
    /// Another migrator holds the lock of the database.
    #[error(
        "another migrator has held the lock of {database} for {} s; wait for it, or set a longer lock_timeout(..). {report}",
        .waited.as_secs_f32()
    )]
    Locked {
        /// The database.
        database: DatabaseName,
        /// How long the lock was waited for.
        waited: Duration,
        /// What was done on other databases.
        report: Box<MigrationReport>,
    },
    /// A database, or a migration on it, failed.
    #[error(
        "{database}{}: {source}. {report} {}",
        .migration.as_ref().map(|name| format!(", migration {name}")).unwrap_or_default(),
        match .half_applied {
            true => "The migration ran outside of a transaction and may be applied in part: repair that before you run it again",
            false => "Run it again to continue from here",
        }
    )]
    Failed {
        /// The database.
        database: DatabaseName,
        /// The migration, if one was running.
        migration: Option<String>,
        /// Whether the migration ran outside of a transaction, so that a part of it may be applied.
        half_applied: bool,
        /// What was done before, and which databases were not reached.
        report: Box<MigrationReport>,
        /// The error of the database.
        source: Box<DbErr>,
    },
    /// A sync that would read the schema of one database and change another.
    #[error(
        "a schema builder is synced with one database, and this handle reaches several; name one with using(..), or sync every database with sync_schema(..)"
    )]
    WhichDatabase,
    /// The sync of one database failed; the databases before it are synced.
    #[error("cannot sync the schema of {database}: {source}")]
    Sync {
        /// The database.
        database: DatabaseName,
        /// The error of the router, the database or its driver.
        source: Box<DbErr>,
    },
}

/// `"a", "b"`, or `none`.
fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
