//! `SHOW` and `PRAGMA`: what they list decides.

use sea_orm::DbBackend;

use super::Classifier;
use super::frame::{Clause, Kind, Verb};
use crate::sql::names::Ident;
use crate::sql::keyword::Keyword;
use crate::sql::operation::{Access, Evidence};
use crate::sql::token::Token;

impl Classifier<'_> {
    /// `SHOW`: what it lists decides in MySQL.
    pub(super) fn show(&mut self) {
        self.frame().verb = Verb::Other;
        match self.dialect {
            DbBackend::Postgres => {}
            DbBackend::MySql => self.show_mysql(),
            _ => self.doubt(Evidence::Unparsed),
        }
    }

    fn show_mysql(&mut self) {
        loop {
            let Some(Token::Word(what)) = self.peek() else {
                return self.doubt(Evidence::Unparsed);
            };
            self.next();
            let is = |words: &[&str]| words.iter().any(|word| what.eq_ignore_ascii_case(word));
            if is(&["full", "extended"]) {
                continue;
            }
            if is(&["warnings", "errors", "count", "session", "local"]) {
                return self.raise(Access::Session, Evidence::Keyword("show".into()));
            }
            if is(&["columns", "fields", "index", "indexes", "keys"]) {
                self.next();
                return self.frame().expect(Clause::Tables);
            }
            if is(&["create"]) {
                if matches!(self.peek_keyword(), Some(Keyword::Table | Keyword::View)) {
                    self.next();
                    self.frame().expect(Clause::Tables);
                }
                return;
            }
            if !is(SHOWN_BY_ANY_NODE) {
                self.doubt(Evidence::Keyword("show".into()));
            }
            return;
        }
    }

    /// `PRAGMA`: a read when its name is known to be one and no value is given.
    pub(super) fn pragma(&mut self) {
        self.frame().verb = Verb::Other;
        let name = self.next().and_then(Ident::of);
        let Some(name) = name.and_then(|first| self.chain(first)) else {
            return self.doubt(Evidence::Unparsed);
        };
        let is = |names: &[&str]| {
            let text = name.name.text();
            names.iter().any(|name| text.eq_ignore_ascii_case(name))
        };
        let argument = self.peeks(b'(');
        let read = match argument {
            true => is(PRAGMAS_OF_A_TABLE) || is(PRAGMAS_WITH_ARGUMENT),
            false => {
                let lists = is(PRAGMAS_OF_A_TABLE) || is(PRAGMAS_WITH_ARGUMENT);
                (lists || is(PRAGMAS_WITHOUT_ARGUMENT)) && !self.peeks(b'=')
            }
        };
        if !read {
            let writes = is(PRAGMAS_THAT_WRITE) && (argument || self.peeks(b'='));
            let access = match writes {
                true => Access::Write,
                false => Access::Session,
            };
            return self.raise(access, Evidence::Keyword("pragma".into()));
        }
        if argument && is(PRAGMAS_OF_A_TABLE) {
            self.next();
            if let Some(table) = self.next().and_then(Ident::of) {
                self.table(table);
            }
            self.next();
        } else if argument {
            self.opening = Some(Kind::Names);
        }
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
