//! A second opinion: the classification of a text by walking sqlparser's tree.
//!
//! It only judges what it understands in full; on an unknown part it returns no verdict.

mod expression;
mod from;
mod query;
mod statement;

use std::collections::BTreeSet;

use sea_orm::DbBackend;
use sqlparser::ast::{Ident, ObjectName};
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::generate::KNOWN;

/// The second parser's verdict on a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) read: bool,
    pub(crate) tables: BTreeSet<String>,
}

/// The verdict on a text. Returns `None` if it does not parse or contains an unknown part.
pub(crate) fn verdict(sql: &str, dialect: DbBackend) -> Option<Verdict> {
    let parser: &dyn Dialect = match dialect {
        DbBackend::Postgres => &PostgreSqlDialect {},
        DbBackend::MySql => &MySqlDialect {},
        _ => &SQLiteDialect {},
    };
    let statements = Parser::parse_sql(parser, sql).ok()?;
    let mut oracle = Oracle {
        dialect,
        ctes: Vec::new(),
        tables: BTreeSet::new(),
        read: !statements.is_empty(),
        understood: true,
    };
    for statement in &statements {
        oracle.statement(statement);
    }
    oracle.understood.then_some(Verdict {
        read: oracle.read,
        tables: oracle.tables,
    })
}

struct Oracle {
    dialect: DbBackend,
    /// The names of the table expressions in scope.
    ctes: Vec<String>,
    tables: BTreeSet<String>,
    read: bool,
    understood: bool,
}

impl Oracle {
    fn unknown(&mut self) {
        self.understood = false;
    }

    fn writes(&mut self) {
        self.read = false;
    }

    /// An identifier as the server compares it.
    fn folded(&self, ident: &Ident) -> String {
        match (ident.quote_style, self.dialect) {
            (Some(_), DbBackend::Postgres) | (_, DbBackend::MySql | DbBackend::Sqlite) => {
                ident.value.clone()
            }
            _ => ident.value.to_ascii_lowercase(),
        }
    }

    fn parts(&mut self, name: &ObjectName) -> Vec<String> {
        let idents: Option<Vec<_>> = name.0.iter().map(|part| part.as_ident()).collect();
        match idents {
            Some(idents) => idents.into_iter().map(|ident| self.folded(ident)).collect(),
            None => {
                self.unknown();
                Vec::new()
            }
        }
    }

    /// A name in the position of a table.
    fn table(&mut self, name: &ObjectName) {
        let parts = self.parts(name);
        self.named(&parts);
    }

    fn named(&mut self, parts: &[String]) {
        match parts {
            [] => {}
            [name] if self.is_no_table(name) => {}
            [name] => {
                self.tables.insert(name.clone());
            }
            [.., schema, name] => {
                self.tables.insert(format!("{schema}.{name}"));
            }
        }
    }

    fn is_no_table(&self, name: &str) -> bool {
        let same = |cte: &String| match self.dialect {
            DbBackend::Postgres => cte == name,
            _ => cte.eq_ignore_ascii_case(name),
        };
        self.ctes.iter().any(same)
            || (self.dialect == DbBackend::MySql && name.eq_ignore_ascii_case("dual"))
    }

    /// A call: a read if the function is one of the few that the generator knows.
    fn called(&mut self, name: &ObjectName) {
        let quoted = name.0.iter().any(|part| {
            part.as_ident()
                .is_some_and(|ident| ident.quote_style.is_some())
        });
        let parts = self.parts(name);
        // sqlparser parses SQLite's scalar `(VALUES (1))` as a call.
        if quoted || matches!(&parts[..], [name] if name.eq_ignore_ascii_case("values")) {
            return self.unknown();
        }
        let table_functions = ["generate_series", "json_each", "if", "group_concat"];
        let known = |name: &String| {
            let name = name.to_ascii_lowercase();
            KNOWN.contains(&name.as_str()) || table_functions.contains(&name.as_str())
        };
        if !matches!(&parts[..], [name] if known(name)) {
            self.writes();
        }
    }
}
