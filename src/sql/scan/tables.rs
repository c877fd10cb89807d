//! Names of tables and of common table expressions.

use sea_orm::DbBackend;

use super::frame::{Clause, Kind, With};
use super::{LastToken, Scanner};
use crate::sql::names::{Ident, Name};
use crate::sql::operation::Evidence;

impl<'a> Scanner<'a, '_> {
    /// The rest of `first.second.third`. Returns `None` if it ends in `*`, or in something that is
    /// not a name.
    pub(super) fn chain(&mut self, first: Ident<'a>) -> Option<Name<'a>> {
        let mut name = Name {
            schema: None,
            name: first,
            target: false,
        };
        while self.peeks(b'.') {
            self.next();
            match self.peek().and_then(Ident::of) {
                Some(part) => {
                    self.next();
                    name = Name {
                        schema: Some(name.name),
                        name: part,
                        target: false,
                    };
                }
                None if self.peeks(b'*') => {
                    self.next();
                    return None;
                }
                None => {
                    self.doubt(Evidence::Unparsed);
                    return None;
                }
            }
        }
        Some(name)
    }

    /// The table of `table.column` or `schema.table.column`.
    pub(super) fn table_of_column(&mut self) {
        let mut parts = [None; 3];
        while let Some(part) = self.peek().and_then(Ident::of) {
            self.next();
            parts = [parts[1], parts[2], Some(part)];
            if !self.peeks(b'.') {
                break;
            }
            self.next();
        }
        if let [schema, Some(name), Some(_)] = parts {
            self.names.tables.push(Name {
                schema,
                name,
                target: false,
            });
        }
        self.frame().leave(Clause::Other);
        self.remember(LastToken::Name);
    }

    /// A name where a table is expected: a table, or a function that returns rows.
    pub(super) fn table(&mut self, first: Ident<'a>) {
        let clause = self.frame().clause;
        self.frame().expects_table = false;
        let Some(name) = self.chain(first) else {
            return self.remember(LastToken::Name);
        };
        if self.peeks(b'(') {
            if clause == Clause::From {
                self.opening = Some(Kind::Call);
                // A full-text table of SQLite can be called, and the text does not show whether this is one.
                if self.dialect == DbBackend::Sqlite && !is_table_function(&name) {
                    self.names.tables.push(name);
                }
                return self.remember(LastToken::Name);
            }
            self.opening = Some(Kind::Names);
        }
        let target = clause == Clause::Target;
        if target || !self.is_no_table(&name) {
            self.names.tables.push(Name { target, ..name });
        }
        let last_of_list = clause == Clause::Tables && !self.peeks(b',');
        if last_of_list || clause == Clause::Table {
            self.frame().leave(Clause::Other);
        }
        self.remember(LastToken::Name);
    }

    fn is_no_table(&mut self, name: &Name<'_>) -> bool {
        if name.schema.is_some() {
            return false;
        }
        let text = name.name.text();
        let starts = |prefix: &str| {
            text.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        match self.dialect {
            DbBackend::MySql if !name.name.is_quoted() && text.eq_ignore_ascii_case("dual") => true,
            DbBackend::Sqlite if starts("pragma_") => true,
            _ => self.names.is_declared(name),
        }
    }

    /// The name of a common table expression.
    pub(super) fn cte(&mut self, name: Ident<'a>, recursive: bool) {
        if self.names.is_full() {
            self.doubt(Evidence::Unparsed);
        }
        let named = self.frame().named;
        self.names.declare(name, recursive, named);
        let recursive = recursive || self.dialect == DbBackend::Sqlite;
        self.frame().with = With::Named { recursive };
        self.remember(LastToken::Name);
    }

    /// A name in an expression. When `(` follows, it is a call, or a type where only names are.
    pub(super) fn expression_name(&mut self, first: Ident<'a>) {
        self.chain(first);
        if self.peeks(b'(') {
            let names_only = self.frame().kind == Kind::Names && !self.frame().query;
            self.opening = Some(match names_only {
                true => Kind::Names,
                false => Kind::Call,
            });
        }
        self.remember(LastToken::Name);
    }
}

/// Whether a name is that of a function of SQLite's that returns rows.
fn is_table_function(name: &Name<'_>) -> bool {
    const NAMES: [&str; 5] = [
        "generate_series",
        "json_each",
        "json_tree",
        "jsonb_each",
        "jsonb_tree",
    ];
    let text = name.name.text();
    NAMES.iter().any(|it| text.eq_ignore_ascii_case(it))
}
