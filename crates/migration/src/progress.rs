//! Progress events, and the report at the end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_routing::DatabaseName;

/// The direction of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It is applied.
    Up,
    /// It is reverted.
    Down,
}

/// Progress while databases are migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationEvent<'a> {
    /// Another migrator holds the lock of the database.
    Waiting {
        /// The database.
        database: &'a DatabaseName,
    },
    /// Every table of the database is about to be dropped.
    Dropping {
        /// The database.
        database: &'a DatabaseName,
    },
    /// A migration begins.
    Started {
        /// The database.
        database: &'a DatabaseName,
        /// The migration.
        migration: &'a str,
        /// Its direction.
        direction: Direction,
        /// Its place among those to run, from 1.
        number: usize,
        /// How many migrations are to run.
        of: usize,
    },
    /// A migration ended.
    Finished {
        /// The database.
        database: &'a DatabaseName,
        /// The migration.
        migration: &'a str,
        /// Its direction.
        direction: Direction,
        /// How long it took.
        elapsed: Duration,
    },
    /// All migrations of a database ended.
    Done {
        /// The database.
        database: &'a DatabaseName,
        /// How many migrations ran.
        migrations: usize,
    },
}

/// Receives the events.
pub(crate) type Listener = Arc<dyn Fn(&MigrationEvent<'_>) + Send + Sync>;

/// What was done on each database, and which databases were not reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationReport {
    pub(crate) done: Vec<(DatabaseName, Vec<(Direction, String)>)>,
    pub(crate) not_reached: Vec<DatabaseName>,
}

impl MigrationReport {
    /// The migrations that ran on a database, in order.
    pub fn on(&self, database: &str) -> impl Iterator<Item = (Direction, &str)> {
        let of_database = self.done.iter().filter(move |(name, _)| name == database);
        of_database
            .flat_map(|(_, ran)| ran)
            .map(|(direction, migration)| (*direction, migration.as_str()))
    }

    /// How many migrations ran, on all databases.
    pub fn migrations(&self) -> usize {
        self.done.iter().map(|(_, ran)| ran.len()).sum()
    }

    /// The databases that were not reached because an earlier one failed. They are unchanged.
    pub fn not_reached(&self) -> &[DatabaseName] {
        &self.not_reached
    }
}

impl fmt::Display for MigrationReport {
    /// A sentence: `Done: default (2 migrations). Not reached: reports.`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |ran: usize| match ran {
            1 => "1 migration".to_owned(),
            ran => format!("{ran} migrations"),
        };
        let done = self.done.iter();
        let done: Vec<_> = done
            .map(|(name, ran)| format!("{name} ({})", count(ran.len())))
            .collect();
        match done.is_empty() {
            true => f.write_str("Nothing was done.")?,
            false => write!(f, "Done: {}.", done.join(", "))?,
        }
        let not_reached: Vec<_> = self.not_reached.iter().map(DatabaseName::as_str).collect();
        match not_reached.is_empty() {
            true => Ok(()),
            false => write!(f, " Not reached: {}.", not_reached.join(", ")),
        }
    }
}
