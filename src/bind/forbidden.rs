//! The tables that must not be on a database.

use sea_orm::DbBackend;

use crate::name::TableName;
use crate::topology::DatabaseId;

/// Tables, each with a database it must not be on. No statement that names one is sent there.
#[derive(Debug, Default)]
pub(crate) struct Forbidden(Vec<(TableName, DatabaseId)>);

impl Forbidden {
    pub(crate) fn add(&mut self, table: TableName, database: DatabaseId) {
        self.0.push((table, database));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(TableName, DatabaseId)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any table is forbidden on a database.
    pub(crate) fn any_on(&self, database: DatabaseId) -> bool {
        self.0.iter().any(|(_, forbidden)| *forbidden == database)
    }

    /// The first word of a text that is the name of a table forbidden on a database, in any case.
    pub(crate) fn named_in(&self, text: &str, database: DatabaseId) -> Option<&TableName> {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let on_database = self.0.iter().filter(|(_, on)| *on == database);
        let tables: Vec<_> = on_database.map(|(table, _)| table).collect();
        words.find_map(|word| {
            let named = |table: &&&TableName| table.name().eq_ignore_ascii_case(word);
            tables.iter().find(named).copied()
        })
    }

    /// The first of the tables that is forbidden on a database.
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
