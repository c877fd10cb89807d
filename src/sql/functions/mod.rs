//! The functions a replica may run: the read-only built-ins of each dialect, and the user's own.

mod mysql;
mod postgres;
mod postgres_immutable;
mod sqlite;

use std::collections::HashSet;

use sea_orm::DbBackend;

use super::keyword::{contains, is_listed, is_one_of, lowercase};
use super::server::{Flavor, Server};

/// Longest name that is looked up; every built-in is shorter.
const LONGEST: usize = 64;

/// The functions known to have no side effects: built-ins and the user's additions.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOnlyFunctions {
    /// Lower case, with the schema where the user gave one.
    added: HashSet<Box<str>>,
}

impl ReadOnlyFunctions {
    /// Declares a function of the user's as read-only: `total`, or `app.total`.
    pub(crate) fn add(&mut self, name: &str) {
        self.added.insert(name.to_ascii_lowercase().into());
    }

    fn is_added(&self, schema: Option<&str>, name: &str) -> bool {
        if self.added.is_empty() {
            return false;
        }
        let name = name.to_ascii_lowercase();
        match schema {
            None => self.added.contains(name.as_str()),
            Some(schema) => {
                let qualified = format!("{}.{name}", schema.to_ascii_lowercase());
                self.added.contains(qualified.as_str())
            }
        }
    }
}

/// The functions that only read on the server of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownFunctions<'a> {
    flavor: Flavor,
    added: &'a ReadOnlyFunctions,
}

impl<'a> KnownFunctions<'a> {
    pub(super) fn new(flavor: Flavor, added: &'a ReadOnlyFunctions) -> Self {
        Self { flavor, added }
    }

    /// Whether a call of `name`, perhaps with a schema or in quotes, has no side effects.
    pub(super) fn contains(&self, schema: Option<&str>, name: &str, quoted: bool) -> bool {
        let built_in = match schema {
            None => true,
            Some(schema) => {
                self.flavor.dialect == DbBackend::Postgres
                    && schema.eq_ignore_ascii_case("pg_catalog")
            }
        };
        (built_in && self.is_built_in(name, quoted)) || self.added.is_added(schema, name)
    }

    /// Whether a function of SQLite that returns rows has no side effects.
    pub(super) fn returns_rows(&self, schema: Option<&str>, name: &str) -> bool {
        let built_in = schema.is_none_or(|schema| is_one_of(schema, &["main", "temp"]));
        (built_in && is_table_valued(name)) || self.added.is_added(schema, name)
    }

    /// Whether Postgres casts a string to the type of this name by a call.
    pub(super) fn casts(&self, name: &str) -> bool {
        self.flavor.dialect == DbBackend::Postgres && is_listed(name, postgres::CASTS)
    }

    /// Whether a call of this built-in without arguments calls a stored function of the same name.
    pub(super) fn needs_arguments(&self, name: &str) -> bool {
        self.flavor.dialect == DbBackend::MySql && is_listed(name, mysql::GEOMETRIES)
    }

    fn is_built_in(&self, name: &str, quoted: bool) -> bool {
        let mut buffer = [0_u8; LONGEST];
        let Some(name) = lowercase(name, &mut buffer) else {
            return false;
        };
        let is_in = |list: &[&str]| contains(list, name);
        match self.flavor.dialect {
            DbBackend::Postgres if quoted && is_in(postgres::SYNTAX) => false,
            DbBackend::Postgres => {
                is_in(postgres::READ_ONLY)
                    || is_in(postgres_immutable::IMMUTABLE)
                    || self.is_since(16) && is_in(postgres::SINCE_16)
                    || self.is_since(17) && is_in(postgres::SINCE_17)
                    || self.is_since(18) && is_in(postgres::SINCE_18)
            }
            DbBackend::MySql => {
                is_in(mysql::READ_ONLY)
                    || self.flavor.server == Some(Server::MySql) && is_in(mysql::ONLY_MYSQL)
                    || self.flavor.server == Some(Server::MariaDb) && is_in(mysql::ONLY_MARIADB)
            }
            _ => is_in(sqlite::READ_ONLY) && !(quoted && name == b"cast"),
        }
    }

    /// Where the version is not known yet, the newest is assumed: a standby of any version refuses a write.
    fn is_since(&self, version: u16) -> bool {
        match self.flavor.server {
            Some(Server::Postgres(known)) => known >= version,
            _ => true,
        }
    }
}

/// Whether SQLite has a function of this name that returns rows.
pub(super) fn is_table_valued(name: &str) -> bool {
    is_listed(name, sqlite::TABLE_VALUED)
}

#[cfg(test)]
mod tests {
    use super::super::keyword::is_searchable;
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [
            postgres::READ_ONLY,
            postgres::SINCE_16,
            postgres::SINCE_17,
            postgres::SINCE_18,
            postgres::SYNTAX,
            postgres_immutable::IMMUTABLE,
            mysql::READ_ONLY,
            mysql::GEOMETRIES,
            mysql::ONLY_MARIADB,
            mysql::ONLY_MYSQL,
            postgres::CASTS,
            sqlite::READ_ONLY,
            sqlite::TABLE_VALUED,
        ] {
            assert!(is_searchable(list), "{list:?}");
        }
    }

    #[test]
    fn additions_count_with_their_schema_or_without() {
        let mut functions = ReadOnlyFunctions::default();
        functions.add("app.Total");
        functions.add("bare");
        let known = KnownFunctions::new(DbBackend::Postgres.into(), &functions);
        let known = |schema, name| known.contains(schema, name, false);
        assert!(known(Some("APP"), "total"));
        assert!(!known(None, "total"));
        assert!(known(None, "BARE"));
        assert!(!known(Some("app"), "bare"));
    }

    #[test]
    fn what_only_some_servers_have_is_known_there_alone() {
        let functions = ReadOnlyFunctions::default();
        let known = |server: Option<Server>, name| {
            let flavor = server.map_or(DbBackend::MySql.into(), Flavor::from);
            KnownFunctions::new(flavor, &functions).contains(None, name, false)
        };
        assert!(known(Some(Server::MariaDb), "nvl") && !known(Some(Server::MySql), "nvl"));
        assert!(known(Some(Server::MySql), "is_uuid") && !known(Some(Server::MariaDb), "is_uuid"));
        assert!(!known(None, "nvl") && !known(None, "is_uuid") && known(None, "concat"));
        assert!(known(Some(Server::Postgres(18)), "any_value"));
        assert!(!known(Some(Server::Postgres(15)), "any_value"));
        assert!(!known(Some(Server::Postgres(16)), "json_value"));
    }

    #[test]
    fn what_is_grammar_is_no_function_in_quotes() {
        let functions = ReadOnlyFunctions::default();
        for dialect in [DbBackend::Postgres, DbBackend::Sqlite] {
            let known = KnownFunctions::new(dialect.into(), &functions);
            assert!(known.contains(None, "cast", false) && !known.contains(None, "cast", true));
            assert!(known.contains(None, "lower", true));
        }
    }
}
