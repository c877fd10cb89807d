//! Tables, common table expressions and variables.

use std::collections::HashSet;

use sea_orm::DbBackend;

use super::frame::{Clause, Kind, With};
use super::{Classifier, LastToken};
use crate::name::TableName;
use crate::sql::operation::Evidence;
use crate::sql::token::{Quote, Token};

/// More common table expressions than this in sight, and the text is not understood: each table is
/// compared with each of them.
const MOST_CTES: usize = 256;

/// Up to here a list is searched from end to end; a longer one gets a hash set.
const FEW: usize = 32;

/// An identifier as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ident<'a> {
    text: &'a str,
    quote: Option<Quote>,
    /// Written as a string, or in MySQL's double quotes.
    string: bool,
}

/// A table as written: its last two parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) schema: Option<Ident<'a>>,
    pub(super) name: Ident<'a>,
    /// It is written to, so it is no common table expression.
    target: bool,
}

/// A common table expression in sight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cte<'a> {
    name: Ident<'a>,
    /// Not before the end of its body, unless it is recursive.
    visible: bool,
}

impl Name<'_> {
    /// Postgres's built-in ways to take a sample of a table.
    pub(super) fn is_sampling(&self) -> bool {
        let text = self.name.text;
        self.schema.is_none()
            && (text.eq_ignore_ascii_case("system") || text.eq_ignore_ascii_case("bernoulli"))
    }
}

impl<'a> Ident<'a> {
    pub(super) fn word(text: &'a str) -> Self {
        Self {
            text,
            quote: None,
            string: false,
        }
    }

    /// The identifier a token spells, if it can spell one.
    pub(super) fn of(token: Token<'a>) -> Option<Self> {
        match token {
            Token::Word(text) => Some(Self::word(text)),
            Token::Quoted(text, quote) => Some(Self {
                text,
                quote: Some(quote),
                string: false,
            }),
            Token::Text(text) => Some(Self {
                text,
                quote: None,
                string: true,
            }),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.quote.is_some() || self.string
    }

    /// Whether both name the same thing: without case, but for Postgres's quoted names.
    fn is(&self, other: &Self, dialect: DbBackend) -> bool {
        let folds = |ident: &Self| dialect != DbBackend::Postgres || !ident.is_quoted();
        let same = |(a, b): (u8, u8)| {
            let a = if folds(self) {
                a.to_ascii_lowercase()
            } else {
                a
            };
            let b = if folds(other) {
                b.to_ascii_lowercase()
            } else {
                b
            };
            a == b
        };
        self.text.len() == other.text.len() && self.text.bytes().zip(other.text.bytes()).all(same)
    }

    /// As the server of Postgres stores it.
    fn folded(&self) -> std::borrow::Cow<'a, str> {
        if self.is_quoted() || !self.text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.text.into()
        } else {
            self.text.to_ascii_lowercase().into()
        }
    }

    /// The name itself: doubled quotes are single, and Postgres's unquoted names in lower case.
    fn resolve(&self, dialect: DbBackend) -> Box<str> {
        let quote = match self.quote {
            Some(quote) => quote.closing(),
            None if self.string => b'\'',
            None if dialect == DbBackend::Postgres => return self.folded().into(),
            None => return self.text.into(),
        };
        let single = char::from(quote).to_string();
        self.text.replace(&single.repeat(2), &single).into()
    }
}

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
            self.tables.push(Name {
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
                    self.tables.push(name);
                }
                return self.remember(LastToken::Name);
            }
            self.opening = Some(Kind::Names);
        }
        let target = clause == Clause::Target;
        if target || !self.is_no_table(&name) {
            self.tables.push(Name { target, ..name });
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
        let text = name.name.text;
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
            dialect => {
                let mut ctes = self.ctes.iter().rev().take(MOST_CTES);
                ctes.any(|cte| cte.visible && cte.name.is(&name.name, dialect))
            }
        }
    }

    /// The name of a common table expression.
    pub(super) fn cte(&mut self, name: Ident<'a>, recursive: bool) {
        // SQLite needs no RECURSIVE, and lets a table expression name a later one.
        let recursive = recursive || self.dialect == DbBackend::Sqlite;
        if self.ctes.len() >= MOST_CTES {
            self.doubt(Evidence::Unparsed);
        }
        if recursive && self.dialect != DbBackend::MySql && self.tables.len() <= MOST_CTES {
            let named = self.frame().named;
            let dialect = self.dialect;
            let mut place = 0;
            self.tables.retain(|table| {
                place += 1;
                place <= named
                    || table.target
                    || table.schema.is_some()
                    || !name.is(&table.name, dialect)
            });
        }
        self.ctes.push(Cte {
            name,
            visible: recursive,
        });
        self.frame().with = With::Named { recursive };
        self.remember(LastToken::Name);
    }

    /// The body of the latest common table expression ended: from here on it can be named.
    pub(super) fn cte_ended(&mut self) {
        if let Some(cte) = self.ctes.last_mut() {
            cte.visible = true;
        }
    }
}

/// `@@global.x` and `@@x` belong to the server; `@x`, `@@session.x` to the connection, and so do
/// the system variables that tell of its last statement.
pub(super) fn is_server_variable(name: &str) -> bool {
    let Some(name) = name.strip_prefix('@') else {
        return false;
    };
    const OF_THE_CONNECTION: [&str; 12] = [
        "error_count",
        "gtid_next",
        "identity",
        "in_transaction",
        "insert_id",
        "last_gtid",
        "last_insert_id",
        "pseudo_thread_id",
        "rand_seed1",
        "rand_seed2",
        "timestamp",
        "warning_count",
    ];
    match name.split_once('.') {
        Some((scope, _)) => scope.eq_ignore_ascii_case("global"),
        None => !OF_THE_CONNECTION
            .iter()
            .any(|variable| variable.eq_ignore_ascii_case(name)),
    }
}

/// Each table once, in the order of first appearance.
pub(super) fn distinct(names: &[Name<'_>], dialect: DbBackend) -> Box<[TableName]> {
    let mut tables: Vec<TableName> = Vec::with_capacity(names.len().min(FEW));
    let mut seen: HashSet<TableName> = HashSet::new();
    for name in names {
        let table = match name.schema {
            Some(schema) => {
                TableName::with_schema(schema.resolve(dialect), name.name.resolve(dialect))
            }
            None => TableName::new(name.name.resolve(dialect)),
        };
        let new = if names.len() <= FEW {
            !tables.contains(&table)
        } else {
            seen.insert(table.clone())
        };
        if new {
            tables.push(table);
        }
    }
    tables.into()
}
