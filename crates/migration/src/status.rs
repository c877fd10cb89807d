//! Which migrations are applied on which database, as a table.

use std::fmt;
use std::time::{Duration, SystemTime};

use sea_orm_routing::DatabaseName;

/// Which migrations are applied on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseStatus {
    pub(crate) database: DatabaseName,
    /// Each migration, and when it was applied in seconds since 1970. `None` if the database has no
    /// migrator.
    pub(crate) migrations: Option<Vec<(String, Option<i64>)>>,
}

impl DatabaseStatus {
    /// The database.
    pub fn database(&self) -> &DatabaseName {
        &self.database
    }

    /// Whether it has a migrator.
    pub fn has_migrator(&self) -> bool {
        self.migrations.is_some()
    }

    /// The applied migrations, in order.
    pub fn applied(&self) -> impl Iterator<Item = &str> {
        self.filtered(true)
    }

    /// The pending migrations, in order.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        self.filtered(false)
    }

    fn filtered(&self, applied: bool) -> impl Iterator<Item = &str> {
        let all = self.migrations.iter().flatten();
        all.filter(move |(_, time)| time.is_some() == applied)
            .map(|(name, _)| name.as_str())
    }
}

/// Which migrations are applied on each database. Prints as a table.
///
/// ```text
/// database   migration                      status
/// default    m20260101_000001_create_user   applied 2026-11-21T09:30:00Z
/// default    m20260102_000001_create_order  pending
/// warehouse  -                              no migrator
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationsStatus {
    pub(crate) databases: Vec<DatabaseStatus>,
}

impl MigrationsStatus {
    /// The databases, those with a migrator first.
    pub fn databases(&self) -> &[DatabaseStatus] {
        &self.databases
    }

    /// The status of one database.
    pub fn on(&self, database: &str) -> Option<&DatabaseStatus> {
        self.databases
            .iter()
            .find(|status| status.database == database)
    }

    /// Whether a migration is pending on any database.
    pub fn is_pending(&self) -> bool {
        self.databases
            .iter()
            .any(|status| status.pending().next().is_some())
    }

    /// The same status, for some databases.
    #[cfg(feature = "cli")]
    pub(crate) fn among(mut self, databases: &[String]) -> Self {
        let is_among = |status: &DatabaseStatus| databases.iter().any(|d| status.database == **d);
        self.databases.retain(is_among);
        self
    }

    fn rows(&self) -> impl Iterator<Item = [String; 3]> {
        self.databases.iter().flat_map(|status| {
            let row = |migration: &str, state: String| {
                [status.database.to_string(), migration.to_owned(), state]
            };
            match &status.migrations {
                None => vec![row("-", "no migrator".to_owned())],
                Some(migrations) if migrations.is_empty() => {
                    vec![row("-", "no migrations".to_owned())]
                }
                Some(migrations) => migrations
                    .iter()
                    .map(|(name, time)| row(name, time.map_or("pending".to_owned(), applied)))
                    .collect(),
            }
        })
    }
}

impl fmt::Display for MigrationsStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["database", "migration", "status"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.rows()).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        for [database, migration, state] in &rows {
            writeln!(f, "{database:<first$}  {migration:<second$}  {state}")?;
        }
        Ok(())
    }
}

fn applied(seconds: i64) -> String {
    let since = Duration::from_secs(seconds.try_into().unwrap_or(0));
    match SystemTime::UNIX_EPOCH.checked_add(since) {
        Some(time) if seconds > 0 && seconds < 253_402_300_800 => {
            format!("applied {}", humantime::format_rfc3339_seconds(time))
        }
        _ => "applied".to_owned(),
    }
}
