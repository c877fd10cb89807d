//! What can go wrong while databases are migrated.

use std::time::Duration;

use sea_orm::DbErr;

use super::progress::MigrationReport;
use crate::error::RoutingError;
use crate::name::DatabaseName;

/// What can go wrong while databases are migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A name that no database has, a node that is not open.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// A database that has no migrator.
    #[error(
        "the database {database:?} has no migrator; there are migrators for {known}: add one with Migrations::database({database:?}, ..)"
    )]
    NoMigrator {
        /// The database.
        database: String,
        /// Those that have one.
        known: String,
    },
    /// Two migrators for one database.
    #[error("the database {database:?} has two migrators; put their migrations into one")]
    TwoMigrators {
        /// The database.
        database: String,
    },
    /// Two migrations of one name.
    #[error(
        "two migrations of {database} are named {migration:?}, and only one would ever run; rename one"
    )]
    SameName {
        /// The database.
        database: DatabaseName,
        /// The name.
        migration: String,
    },
    /// Two names for one physical database, with one table that remembers what was applied.
    #[error(
        "{first} and {second} are one physical database, and both migrators keep their books in the table {table:?}: each would take the other's migrations for its own; give one another table with migration_table_name()"
    )]
    SharedTable {
        /// One name of it.
        first: DatabaseName,
        /// The other.
        second: DatabaseName,
        /// The table.
        table: String,
    },
    /// `fresh` on a database that has another name too.
    #[error(
        "fresh drops every table of {database}, which is the same physical database as {other}, and would drop its tables too; use refresh, which takes back only its own migrations"
    )]
    SharedDatabase {
        /// The database.
        database: DatabaseName,
        /// Its other name.
        other: DatabaseName,
    },
    /// Another migrator holds the lock of the database.
    #[error(
        "another migrator has been at work on {database} for {} s; wait for it, or set a longer lock_timeout(..). {report}",
        .waited.as_secs_f32()
    )]
    Locked {
        /// The database.
        database: DatabaseName,
        /// How long it was waited for.
        waited: Duration,
        /// What was done on other databases.
        report: Box<MigrationReport>,
    },
    /// A database, or a migration on it, failed.
    #[error(
        "{database}{}: {source}. {report} {}",
        .migration.as_ref().map(|name| format!(", migration {name}")).unwrap_or_default(),
        match .half_applied {
            true => "It ran outside of a transaction and may be applied in part: mend that before it is run again",
            false => "Run it again to go on from here",
        }
    )]
    Failed {
        /// The database.
        database: DatabaseName,
        /// The migration, if it was one.
        migration: Option<String>,
        /// Whether the migration ran outside of a transaction, so that a part of it may be applied.
        half_applied: bool,
        /// What was done until then, and what was not reached.
        report: Box<MigrationReport>,
        /// What the database said.
        source: Box<DbErr>,
    },
}
