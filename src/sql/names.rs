//! Tables, common table expressions and variables.

use std::collections::HashSet;

use sea_orm::DbBackend;

use smallvec::SmallVec;

use super::keyword::starts_with;
use super::token::{Quote, Token};
use crate::name::TableName;

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
    pub(super) target: bool,
}

/// A common table expression in sight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cte<'a> {
    name: Ident<'a>,
    /// Not before the end of its body, unless it is recursive.
    visible: bool,
}

impl<'a> Name<'a> {
    pub(super) fn new(schema: Option<Ident<'a>>, name: Ident<'a>) -> Self {
        Self {
            schema,
            name,
            target: false,
        }
    }

    /// Whether it is one of SQLite's pragmas in the place of a table.
    pub(super) fn is_pragma(&self, dialect: DbBackend) -> bool {
        dialect == DbBackend::Sqlite && starts_with(self.name.text, "pragma_")
    }

    /// Whether it is this name, bare and without quotes.
    pub(super) fn is(&self, name: &str) -> bool {
        let bare = self.schema.is_none() && !self.name.is_quoted();
        bare && self.name.text.eq_ignore_ascii_case(name)
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

    /// Whether it is quoted and has capitals, so that Postgres keeps it apart from its own names.
    pub(super) fn has_capitals(&self) -> bool {
        self.is_quoted() && self.text.bytes().any(|byte| byte.is_ascii_uppercase())
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

/// The tables a text names, and the common table expressions in sight.
pub(super) struct Names<'a> {
    dialect: DbBackend,
    pub(super) tables: SmallVec<[Name<'a>; 8]>,
    /// Innermost last.
    ctes: SmallVec<[Cte<'a>; 8]>,
}

impl<'a> Names<'a> {
    pub(super) fn new(dialect: DbBackend) -> Self {
        Self {
            dialect,
            tables: SmallVec::new(),
            ctes: SmallVec::new(),
        }
    }

    /// How many common table expressions are in sight.
    pub(super) fn in_sight(&self) -> usize {
        self.ctes.len()
    }

    /// Whether so many are in sight that no further one is tracked.
    pub(super) fn is_full(&self) -> bool {
        self.ctes.len() >= MOST_CTES
    }

    /// Leaves a level of parentheses: what it declared is out of sight.
    pub(super) fn leave(&mut self, in_sight: usize) {
        self.ctes.truncate(in_sight);
    }

    /// Declares a common table expression. `named` is how many tables were named when its list began.
    pub(super) fn declare(&mut self, name: Ident<'a>, recursive: bool, named: usize) {
        // SQLite needs no RECURSIVE, and lets a table expression name a later one.
        let recursive = recursive || self.dialect == DbBackend::Sqlite;
        if recursive && self.dialect != DbBackend::MySql && self.tables.len() <= MOST_CTES {
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
    }

    /// The body of the latest common table expression ended: from here on it can be named.
    pub(super) fn body_ended(&mut self) {
        if let Some(cte) = self.ctes.last_mut() {
            cte.visible = true;
        }
    }

    /// Whether a name is that of a table, rather than of a common table expression or of MySQL's `dual`.
    pub(super) fn is_table(&self, name: &Name<'_>) -> bool {
        let dual = self.dialect == DbBackend::MySql && name.is("dual");
        !dual && !self.is_declared(name)
    }

    /// Whether a `WITH` list declares the name for where it stands.
    fn is_declared(&self, name: &Name<'_>) -> bool {
        let mut ctes = self.ctes.iter().rev().take(MOST_CTES);
        name.schema.is_none()
            && ctes.any(|cte| cte.visible && cte.name.is(&name.name, self.dialect))
    }

    /// Each table once, in the order of first appearance.
    pub(super) fn distinct(&self) -> Box<[TableName]> {
        distinct(&self.tables, self.dialect)
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
fn distinct(names: &[Name<'_>], dialect: DbBackend) -> Box<[TableName]> {
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
