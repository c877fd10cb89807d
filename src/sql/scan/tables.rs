//! Names of tables and of common table expressions.

use sea_orm::DbBackend;

use super::frame::{Clause, Kind, With};
use super::{LastToken, Scanner};
use crate::sql::cursor::NoName;
use crate::sql::functions::is_table_valued;
use crate::sql::names::{Ident, Name};
use crate::sql::operation::Evidence;

impl<'a> Scanner<'a, '_> {
    /// The rest of `first.second.third`. Returns `None` if it ends in `*`, or in something that is
    /// not a name.
    pub(super) fn chain(&mut self, first: Ident<'a>) -> Option<Name<'a>> {
        self.cursor.chain(first).unwrap_or_else(|NoName| {
            self.doubt(Evidence::Unparsed);
            None
        })
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
            self.names.tables.push(Name::new(schema, name));
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
                if self.dialect == DbBackend::Sqlite && !is_table_valued(name.name.text()) {
                    self.names.tables.push(name);
                }
                return self.remember(LastToken::Name);
            }
            self.opening = Some(Kind::Names);
        }
        let target = clause == Clause::Target;
        if target || self.names.is_table(&name) && !name.is_pragma(self.dialect) {
            self.names.tables.push(Name { target, ..name });
        }
        let last_of_list = clause == Clause::Tables && !self.peeks(b',');
        if last_of_list || clause == Clause::Table {
            self.frame().leave(Clause::Other);
        }
        self.remember(LastToken::Name);
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
