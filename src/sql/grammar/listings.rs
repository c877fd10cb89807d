//! `EXPLAIN`, `SHOW` and `PRAGMA`: what they list decides.

use sea_orm::DbBackend;

use super::level::{Clause, State};
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::names::Ident;
use crate::sql::operation::{Access, Evidence};
use crate::sql::per_node;
use crate::sql::token::Token;

impl Recogniser<'_, '_> {
    /// MariaDB's `ANALYZE SELECT ...`, which runs the query. `ANALYZE TABLE` writes.
    pub(super) fn analyze(&mut self) -> Proof {
        self.cursor.next();
        self.explain_options()?;
        if self.cursor.peek_keyword() == Some(Keyword::Table) {
            return Err(NotProven);
        }
        self.level().state = State::Query;
        Ok(())
    }

    /// `EXPLAIN` of a query; in MySQL also of a table.
    pub(super) fn explain(&mut self) -> Proof {
        self.cursor.next();
        if self.is(DbBackend::Postgres) && self.cursor.peeks(b'(') && !self.query_in_parentheses() {
            self.modifiers()?;
        }
        self.explain_options()?;
        if self.is(DbBackend::Sqlite) && self.take_keyword(Keyword::Query) {
            self.expect_keyword(Keyword::Plan)?;
        }
        if is_word(self.cursor.peek(), &["for", "into"]) {
            return Err(NotProven);
        }
        if self.cursor.peeks(b'(') || self.starts_query() || !self.is(DbBackend::MySql) {
            self.level().state = State::Query;
            return Ok(());
        }
        let name = self.table_name()?;
        self.names_table(name);
        if self.cursor.peeks_name() {
            self.cursor.next();
        }
        self.level().set_done();
        Ok(())
    }

    fn explain_options(&mut self) -> Proof {
        loop {
            match self.cursor.peek_keyword() {
                Some(
                    Keyword::Analyze | Keyword::Verbose | Keyword::Extended | Keyword::Partitions,
                ) => {
                    self.cursor.next();
                }
                Some(Keyword::Format) if self.cursor.peek_second() == Some(Token::Symbol(b'=')) => {
                    self.cursor.next();
                    self.cursor.next();
                    match self.cursor.next() {
                        Some(Token::Word(_) | Token::Text(_)) => {}
                        _ => return Err(NotProven),
                    }
                }
                _ if self.take_word(&["analyse"]) => {}
                _ => return Ok(()),
            }
        }
    }

    /// `SHOW`: what it lists decides in MySQL.
    pub(super) fn show(&mut self) -> Proof {
        self.cursor.next();
        if self.is(DbBackend::Postgres) {
            if let Some(Token::Word(name) | Token::Quoted(name, _)) = self.cursor.peek()
                && (name.eq_ignore_ascii_case("all") || per_node::is_setting(self.dialect, name))
            {
                self.differs_by_node(name);
            }
            return self.listing_ends();
        }
        self.take_word(&["full"]);
        self.take_word(&["extended"]);
        let Some(Token::Word(what)) = self.cursor.next() else {
            return Err(NotProven);
        };
        let is = |words: &[&str]| is_one_of(what, words);
        if per_node::is_shown(what) && !self.shows_one_variable(what) {
            self.differs_by_node(what);
        }
        if is(&["warnings", "errors", "count", "session", "local"]) {
            self.found
                .raise(Access::Session, Evidence::Keyword("show".into()));
        } else if is(&["columns", "fields", "index", "indexes", "keys"]) {
            self.expect_word(&["from", "in"])?;
            let name = self.table_name()?;
            self.names_table(name);
        } else if is(&["create"]) {
            if self.take_word(&["table", "view"]) {
                let name = self.table_name()?;
                self.names_table(name);
            }
        } else if !is(SHOWN_BY_ANY_NODE) {
            self.found
                .raise(Access::Unknown, Evidence::Keyword("show".into()));
        }
        self.listing_ends()
    }

    /// `SHOW VARIABLES LIKE 'version'`, of a variable that is the same on every node.
    fn shows_one_variable(&mut self, what: &str) -> bool {
        if what.eq_ignore_ascii_case("global") {
            let variables = is_word(self.cursor.peek(), &["variables"]);
            return variables && self.names_one_variable(1);
        }
        what.eq_ignore_ascii_case("variables") && self.names_one_variable(0)
    }

    /// Whether `LIKE` and the name of such a variable follow after so many words.
    fn names_one_variable(&mut self, words: usize) -> bool {
        let mut tokens = self.cursor.rest().skip(words);
        let like = is_word(tokens.next(), &["like"]);
        match tokens.next() {
            Some(Token::Text(name)) => like && per_node::is_same_everywhere(name),
            _ => false,
        }
    }

    /// The rest of a `SHOW`: words, and perhaps a condition.
    fn listing_ends(&mut self) -> Proof {
        let level = self.level();
        level.query = true;
        level.set_done();
        loop {
            match self.cursor.peek() {
                None | Some(Token::Symbol(b';')) => return Ok(()),
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("where") => {
                    self.cursor.next();
                    self.level().expects_operand(Clause::Condition);
                    return Ok(());
                }
                Some(
                    Token::Word(_)
                    | Token::Quoted(..)
                    | Token::Text(_)
                    | Token::Literal
                    | Token::Symbol(b'.' | b',' | b'*' | b'(' | b')' | b'@' | b'%'),
                ) => {
                    self.cursor.next();
                }
                _ => return Err(NotProven),
            }
        }
    }

    /// `PRAGMA`: a read when its name is known to be one and no value is given.
    pub(super) fn pragma(&mut self) -> Proof {
        self.cursor.next();
        let name = self.table_name()?;
        let is = |names: &[&str]| is_one_of(name.name.text(), names);
        let argument = self.cursor.peeks(b'(');
        let read = match argument {
            true => is(PRAGMAS_OF_A_TABLE) || is(PRAGMAS_WITH_ARGUMENT),
            false => {
                let lists = is(PRAGMAS_OF_A_TABLE) || is(PRAGMAS_WITH_ARGUMENT);
                (lists || is(PRAGMAS_WITHOUT_ARGUMENT)) && !self.cursor.peeks(b'=')
            }
        };
        if !read {
            let writes = is(PRAGMAS_THAT_WRITE) && (argument || self.cursor.peeks(b'='));
            let access = match writes {
                true => Access::Write,
                false => Access::Session,
            };
            self.found.raise(access, Evidence::Keyword("pragma".into()));
            return self.pragma_ends(argument);
        }
        if argument && is(PRAGMAS_OF_A_TABLE) {
            self.expect(b'(')?;
            if let Some(name) = self.cursor.next().and_then(Ident::of) {
                let name = self.chain(name)?.ok_or(NotProven)?;
                self.names_table(name);
            }
            self.expect(b')')?;
        } else if argument {
            self.modifiers()?;
        }
        self.level().set_done();
        Ok(())
    }

    /// `= value`, or `(value)`.
    fn pragma_ends(&mut self, argument: bool) -> Proof {
        if argument {
            self.modifiers()?;
        } else if self.take_symbol(b'=') {
            while let Some(Token::Symbol(b'-' | b'+')) = self.cursor.peek() {
                self.cursor.next();
            }
            self.cursor.next();
        }
        self.level().set_done();
        Ok(())
    }
}

/// What SQLite keeps in the file.
const PRAGMAS_THAT_WRITE: &[&str] = &["application_id", "user_version"];

/// What `SHOW` tells the same way on every node, or of the node itself.
#[rustfmt::skip]
const SHOWN_BY_ANY_NODE: &[&str] = &[
    "character", "charset", "collation", "contributors", "databases", "engine", "engines", "events",
    "function", "global", "grants", "open", "package", "plugins", "privileges", "procedure",
    "processlist", "schemas", "status", "storage", "table", "tables", "triggers", "variables",
];

const PRAGMAS_OF_A_TABLE: &[&str] = &[
    "table_info",
    "table_xinfo",
    "index_list",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
];

const PRAGMAS_WITH_ARGUMENT: &[&str] = &["index_info", "index_xinfo", "table_list"];

#[rustfmt::skip]
const PRAGMAS_WITHOUT_ARGUMENT: &[&str] = &[
    "application_id", "auto_vacuum", "collation_list", "compile_options", "database_list",
    "encoding", "freelist_count", "function_list", "journal_mode", "module_list", "page_count",
    "page_size", "pragma_list", "schema_version", "user_version",
];
