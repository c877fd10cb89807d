//! Which tables must not be on which database.

use sea_orm::DbBackend;

use crate::name::TableName;
use crate::topology::DatabaseId;

/// Which tables must not be on which database. No statement that names one is sent there.
#[derive(Debug, Default)]
pub(crate) struct Forbidden(Vec<(TableName, DatabaseId)>);

impl Forbidden {
    pub(crate) fn add(&mut self, table: TableName, database: DatabaseId) {
        self.0.push((table, database));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything is forbidden on a database.
    pub(crate) fn any_on(&self, database: DatabaseId) -> bool {
        self.0.iter().any(|(_, forbidden)| *forbidden == database)
    }

    /// The first of the tables that must not be on a database.
    pub(crate) fn first<'t>(
        &self,
        tables: &'t [TableName],
        database: DatabaseId,
        dialect: DbBackend,
    ) -> Option<&'t TableName> {
        let on_database = || self.0.iter().filter(|(_, on)| *on == database);
        let is_forbidden =
            |table: &&TableName| on_database().any(|(name, _)| name.is(table, dialect));
        tables.iter().find(is_forbidden)
    }
}
