//! The functions a replica may run: the read-only built-ins of each dialect, and the user's own.

mod mysql;
mod postgres;
mod postgres_immutable;
mod sqlite;

use std::collections::HashSet;

use sea_orm::DbBackend;

use super::keyword::lowercase;

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

    /// Whether a call of `name`, perhaps with a schema, has no side effects.
    pub(crate) fn contains(&self, dialect: DbBackend, schema: Option<&str>, name: &str) -> bool {
        let built_in = match schema {
            None => true,
            Some(schema) => {
                dialect == DbBackend::Postgres && schema.eq_ignore_ascii_case("pg_catalog")
            }
        };
        (built_in && is_built_in(dialect, name)) || self.is_added(schema, name)
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

fn is_built_in(dialect: DbBackend, name: &str) -> bool {
    let mut buffer = [0_u8; LONGEST];
    let Some(name) = lowercase(name, &mut buffer) else {
        return false;
    };
    let is_in = |list: &[&str]| list.binary_search_by(|it| it.as_bytes().cmp(name)).is_ok();
    match dialect {
        DbBackend::Postgres => is_in(postgres::READ_ONLY) || is_in(postgres_immutable::IMMUTABLE),
        DbBackend::MySql => is_in(mysql::READ_ONLY),
        _ => is_in(sqlite::READ_ONLY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_in_lower_case() {
        for list in [
            postgres::READ_ONLY,
            postgres_immutable::IMMUTABLE,
            mysql::READ_ONLY,
            sqlite::READ_ONLY,
        ] {
            assert!(list.is_sorted_by(|a, b| a < b));
            assert!(list.iter().all(|name| **name == name.to_ascii_lowercase()));
            assert!(list.iter().all(|name| name.len() <= LONGEST));
        }
    }

    #[test]
    fn additions_count_with_their_schema_or_without() {
        let mut functions = ReadOnlyFunctions::default();
        functions.add("app.Total");
        functions.add("bare");
        let known = |schema, name| functions.contains(DbBackend::Postgres, schema, name);
        assert!(known(Some("APP"), "total"));
        assert!(!known(None, "total"));
        assert!(known(None, "BARE"));
        assert!(!known(Some("app"), "bare"));
    }
}
