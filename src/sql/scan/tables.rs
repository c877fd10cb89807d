//! Names of tables and of common table expressions.

use sea_orm::DbBackend;

use super::frame::{Clause, Kind, With};
use super::{Classifier, LastToken};
use crate::sql::names::{Ident, Name};
use crate::sql::operation::Evidence;

impl<'a> Classifier<'a> {
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
                let known = self.call(name);
                // A full-text table of SQLite can be called, and the text does not show whether this is one.
                if !known && self.dialect == DbBackend::Sqlite {
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
            DbBackend::Sqlite if starts("pragma_") => {
                if !self.functions.contains(self.dialect, None, text) {
                    self.doubt(Evidence::Function(text.into()));
                }
                true
            }
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
}
