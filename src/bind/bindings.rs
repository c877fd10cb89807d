//! The bind table: table names, and the databases they are bound to.

use std::borrow::Cow;
use std::collections::HashMap;

use sea_orm::DbBackend;

use crate::error::{BindingError, RoutingError};
use crate::name::{DatabaseName, TableName};
use crate::sql::Operation;
use crate::topology::{DatabaseId, Topology};

/// What happens to a table without a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unbound {
    /// It lives in the default database.
    #[default]
    Default,
    /// A statement that names it is refused.
    Error,
}

/// Where a binding comes from; of two for one table, the greater wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BindingOrigin {
    Module,
    Declared,
    Builder,
}

/// Where the tables of a statement live, by the bind table alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    /// It names no table, or only tables of the server's catalog.
    NoTable,
    /// All its tables live in one database. `table` is the index of the first; without `explicit`, it
    /// has no binding and lives in the default database.
    One {
        database: DatabaseId,
        table: usize,
        explicit: bool,
    },
    /// Its tables live in several databases: the index of each with its database.
    Several(Box<[(usize, DatabaseId)]>),
    /// The table of this index has no binding, and that is refused.
    Refused(usize),
}

impl Bound {
    /// The name of the one database. Returns `None` if there is not exactly one.
    pub(crate) fn database<'t>(&self, topology: &'t Topology) -> Option<&'t DatabaseName> {
        match self {
            Self::One { database, .. } => Some(topology.database_by_id(*database).name()),
            Self::NoTable | Self::Several(_) | Self::Refused(_) => None,
        }
    }
}

/// Table names and the databases they are bound to.
#[derive(Debug, Clone)]
pub(crate) struct Bindings {
    tables: HashMap<Box<str>, Vec<Entry>, foldhash::fast::RandomState>,
    schemas: HashMap<Box<str>, DatabaseId>,
    default: DatabaseId,
    unbound: Unbound,
}

#[derive(Debug, Clone)]
struct Entry {
    table: TableName,
    database: DatabaseId,
    origin: BindingOrigin,
    what: String,
}

impl Bindings {
    /// A description of one thing that is bound to a database. Returns `None` if nothing is.
    pub(crate) fn bound_to(&self, database: DatabaseId) -> Option<String> {
        let mut entries = self.tables.values().flatten();
        let table = entries.find(|entry| entry.database == database);
        let schema = || self.schemas.iter().find(|(_, bound)| **bound == database);
        match table {
            Some(entry) => Some(entry.what.clone()),
            None => schema().map(|(name, _)| format!("schema \"{name}\"")),
        }
    }
}

/// Collects bindings and refuses those that contradict each other.
#[derive(Debug, Clone)]
pub(crate) struct BindingsBuilder {
    bindings: Bindings,
}

impl BindingsBuilder {
    pub(crate) fn new(default: DatabaseId, unbound: Unbound) -> Self {
        Self {
            bindings: Bindings {
                tables: HashMap::default(),
                schemas: HashMap::new(),
                default,
                unbound,
            },
        }
    }

    /// Starts from other bindings; one that is added here wins over one of those.
    pub(crate) fn over(bindings: &Bindings) -> Self {
        let mut bindings = bindings.clone();
        for entry in bindings.tables.values_mut().flatten() {
            entry.origin = BindingOrigin::Module;
        }
        Self { bindings }
    }

    /// Binds a table. `what` names the table in errors, `name_of` names the databases. `dialect` is
    /// the dialect of the database: it decides whether names that differ in case are two tables.
    pub(crate) fn table(
        &mut self,
        table: TableName,
        database: DatabaseId,
        dialect: DbBackend,
        origin: BindingOrigin,
        what: String,
        name_of: impl Fn(DatabaseId) -> String,
    ) -> Result<(), RoutingError> {
        let entries = self
            .bindings
            .tables
            .entry(fold(table.name()).into())
            .or_default();
        let new = Entry {
            table,
            database,
            origin,
            what,
        };
        let same = |old: &&mut Entry| {
            old.table == new.table
                || old.origin == new.origin
                    && old.table.schema().is_some() == new.table.schema().is_some()
                    && old.table.is(&new.table, dialect)
        };
        let Some(old) = entries.iter_mut().find(same) else {
            entries.push(new);
            return Ok(());
        };
        if old.origin == origin && old.database != database {
            return Err(RoutingError::Binding(BindingError::ConflictingBindings {
                table: new.table,
                first: old.what.as_str().into(),
                first_database: name_of(old.database).into(),
                second: new.what.into(),
                second_database: name_of(database).into(),
            }));
        }
        if old.origin < origin {
            *old = new;
        }
        Ok(())
    }

    /// Binds every table of a schema that has no binding of its own.
    pub(crate) fn schema(
        &mut self,
        schema: &str,
        database: DatabaseId,
        name_of: impl Fn(DatabaseId) -> String,
    ) -> Result<(), RoutingError> {
        let old = self.bindings.schemas.insert(fold(schema).into(), database);
        match old {
            Some(old) if old != database => {
                Err(RoutingError::Binding(BindingError::ConflictingBindings {
                    table: TableName::with_schema(schema, "*"),
                    first: "the schema".into(),
                    first_database: name_of(old).into(),
                    second: "the schema".into(),
                    second_database: name_of(database).into(),
                }))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn finish(self) -> Bindings {
        self.bindings
    }
}

impl Bindings {
    /// The database a table is bound to. Returns `None` if it has no binding.
    pub(crate) fn database_of(&self, table: &TableName, dialect: DbBackend) -> Option<DatabaseId> {
        let entries = self
            .tables
            .get(&*fold(table.name()))
            .map_or(&[][..], Vec::as_slice);
        // Of several spellings of one name, the one with the strongest origin.
        let strongest = |qualified: bool| {
            entries
                .iter()
                .filter(|entry| schema_of(&entry.table, dialect).is_some() == qualified)
                .filter(|entry| entry.table.is(table, dialect))
                .max_by_key(|entry| entry.origin)
                .map(|entry| entry.database)
        };
        let Some(schema) = schema_of(table, dialect) else {
            return strongest(false);
        };
        strongest(true)
            .or_else(|| self.schemas.get(&*fold(schema)).copied())
            .or_else(|| strongest(false))
    }

    /// The database an entity's table lives in. Returns `None` if it has no binding and needs one.
    pub(crate) fn of_entity(&self, table: &TableName) -> Option<DatabaseId> {
        let exact = self.database_of(table, DbBackend::Postgres);
        let bound = exact
            .or_else(|| self.database_of(table, DbBackend::MySql))
            .or_else(|| self.database_of(table, DbBackend::Sqlite));
        bound.or(match self.unbound {
            Unbound::Default => Some(self.default),
            Unbound::Error => None,
        })
    }

    /// Where the tables of an operation live.
    pub(crate) fn bound(&self, operation: &Operation, dialect: DbBackend) -> Bound {
        let mut bound = Bound::NoTable;
        let mut several = Vec::new();
        for (table, name) in operation.tables().iter().enumerate() {
            let found = self.database_of(name, dialect);
            if found.is_none() && is_of_the_server(name, dialect) {
                continue;
            }
            if found.is_none() && self.unbound == Unbound::Error {
                return Bound::Refused(table);
            }
            let database = found.unwrap_or(self.default);
            several.push((table, database));
            match bound {
                Bound::NoTable => {
                    bound = Bound::One {
                        database,
                        table,
                        explicit: found.is_some(),
                    };
                }
                Bound::One { database: one, .. } if one == database => {}
                _ => bound = Bound::Several(Box::default()),
            }
        }
        match bound {
            Bound::Several(_) => Bound::Several(several.into()),
            bound => bound,
        }
    }

    pub(crate) fn default_database(&self) -> DatabaseId {
        self.default
    }
}

fn schema_of(table: &TableName, dialect: DbBackend) -> Option<&str> {
    table
        .schema()
        .filter(|schema| dialect != DbBackend::Sqlite || !schema.eq_ignore_ascii_case("main"))
}

/// Whether a table is part of the server itself, and so in every database.
fn is_of_the_server(table: &TableName, dialect: DbBackend) -> bool {
    let schemas: &[&str] = match dialect {
        DbBackend::Postgres => &["pg_catalog", "information_schema"],
        DbBackend::MySql => &["information_schema", "mysql", "performance_schema", "sys"],
        _ => &[],
    };
    let prefix = match dialect {
        DbBackend::Postgres => "pg_",
        DbBackend::MySql => {
            return table
                .schema()
                .is_some_and(|schema| is_one_of(schema, schemas));
        }
        _ => "sqlite_",
    };
    match table.schema() {
        Some(schema) if !schema.eq_ignore_ascii_case("main") => is_one_of(schema, schemas),
        _ => table
            .name()
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn fold(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: DatabaseId = DatabaseId::new(0);
    const WAREHOUSE: DatabaseId = DatabaseId::new(1);
    const ARCHIVE: DatabaseId = DatabaseId::new(2);

    fn bindings(tables: &[(&str, DatabaseId)], schemas: &[(&str, DatabaseId)]) -> Bindings {
        let mut builder = BindingsBuilder::new(DEFAULT, Unbound::Default);
        for (table, database) in tables {
            let origin = BindingOrigin::Builder;
            builder
                .table(
                    (*table).into(),
                    *database,
                    DbBackend::Postgres,
                    origin,
                    (*table).to_owned(),
                    |_| String::new(),
                )
                .expect("no conflict");
        }
        for (schema, database) in schemas {
            builder
                .schema(schema, *database, |_| String::new())
                .expect("no conflict");
        }
        builder.finish()
    }

    fn of(bindings: &Bindings, table: &str, dialect: DbBackend) -> Option<DatabaseId> {
        bindings.database_of(&table.into(), dialect)
    }

    #[test]
    fn the_most_specific_binding_wins() {
        let bindings = bindings(
            &[("orders", WAREHOUSE), ("reporting.orders", ARCHIVE)],
            &[("reporting", DEFAULT)],
        );
        let of = |table| of(&bindings, table, DbBackend::Postgres);
        assert_eq!(of("orders"), Some(WAREHOUSE));
        assert_eq!(of("public.orders"), Some(WAREHOUSE));
        assert_eq!(of("reporting.orders"), Some(ARCHIVE));
        assert_eq!(of("reporting.other"), Some(DEFAULT));
        assert_eq!(of("other"), None);
    }

    #[test]
    fn names_are_case_sensitive_in_postgres_only() {
        let bindings = bindings(&[("Orders", WAREHOUSE)], &[]);
        assert_eq!(of(&bindings, "orders", DbBackend::Postgres), None);
        assert_eq!(
            of(&bindings, "Orders", DbBackend::Postgres),
            Some(WAREHOUSE)
        );
        assert_eq!(of(&bindings, "ORDERS", DbBackend::MySql), Some(WAREHOUSE));
        assert_eq!(
            of(&bindings, "main.orders", DbBackend::Sqlite),
            Some(WAREHOUSE)
        );
    }

    #[test]
    fn the_servers_catalog_has_no_database() {
        let bindings = bindings(&[("orders", WAREHOUSE)], &[]);
        let sql = "SELECT * FROM orders, information_schema.tables, pg_class";
        let operation = Operation::of(sql, DbBackend::Postgres);
        let bound = bindings.bound(&operation, DbBackend::Postgres);
        assert!(
            matches!(
                bound,
                Bound::One {
                    database: WAREHOUSE,
                    ..
                }
            ),
            "{bound:?}"
        );
    }

    #[test]
    fn tables_of_two_databases_are_reported_each() {
        let bindings = bindings(&[("orders", WAREHOUSE)], &[]);
        let operation = Operation::of("SELECT * FROM cake, orders", DbBackend::Sqlite);
        let bound = bindings.bound(&operation, DbBackend::Sqlite);
        assert_eq!(bound, Bound::Several([(0, DEFAULT), (1, WAREHOUSE)].into()));
    }
}
