//! How statements start, and those that are no queries.

use sea_orm::DbBackend;

use super::clauses::is_verb;
use super::frame::{Clause, Kind, Verb, With};
use super::{LastToken, Scanner};
use crate::sql::keyword::{Keyword, controls_transaction, is_session_statement};
use crate::sql::operation::{Access, Evidence, ImplicitCommit};
use crate::sql::token::Token;

impl<'a> Scanner<'a, '_> {
    /// The first word of a frame; whether it was understood as the start of a statement.
    pub(super) fn starts(&mut self, word: &'a str, keyword: Option<Keyword>) -> bool {
        let frame = self.frame();
        let kind = frame.kind;
        frame.start = false;
        match (kind, keyword) {
            (Kind::Statement, _) => {
                self.statement(word, keyword);
                true
            }
            (Kind::Call, _) => false,
            (_, Some(Keyword::With)) => {
                self.with();
                true
            }
            // REPLACE(...) and INSERT(...) are functions too; (LIKE b) copies a definition.
            (_, Some(Keyword::Insert | Keyword::Replace)) if self.peeks(b'(') => false,
            (Kind::Names, Some(Keyword::Like)) => {
                self.frame().expect(Clause::Table);
                true
            }
            (_, Some(keyword)) if is_verb(keyword) => {
                self.verb(word, keyword);
                true
            }
            _ => false,
        }
    }

    fn statement(&mut self, word: &'a str, keyword: Option<Keyword>) {
        use Keyword as K;
        let mysql = self.dialect == DbBackend::MySql;
        if mysql && self.set_statement(word) {
            return;
        }
        if mysql && !matches!(self.found.commits, Some(ImplicitCommit::Certain(_))) {
            self.found.commits = self.commits_implicitly(word).or(self.found.commits);
        }
        match keyword {
            Some(K::With) => self.with(),
            Some(keyword) if is_verb(keyword) => self.verb(word, keyword),
            Some(K::Explain) => self.explain(),
            Some(K::Describe | K::Desc) if mysql => self.explain(),
            Some(K::Analyze) if mysql && self.analyzes_statement() => self.explain(),
            Some(K::Copy) => self.write(word, Verb::Copy),
            Some(K::Load) => self.write(word, Verb::Definition),
            Some(K::Lock | K::Handler) => {
                self.raise(Access::Session, Evidence::Keyword(word.into()));
                self.frame().verb = Verb::TableList;
                self.frame().expect(Clause::Tables);
            }
            Some(K::Call | K::Do) => self.doubt(Evidence::Keyword(word.into())),
            Some(keyword) if is_definition(keyword) => self.definition(word, keyword),
            _ if is_session_statement(word) => {
                self.found.controls = self.found.controls.or(self.controls_transaction(word));
                self.found.opaque |= ["prepare", "execute"]
                    .iter()
                    .any(|prepared| word.eq_ignore_ascii_case(prepared));
                self.raise(Access::Session, Evidence::Keyword(word.into()));
                self.frame().verb = Verb::Other;
            }
            _ => {
                if mysql && self.found.commits.is_none() {
                    let what = "a statement that is not understood";
                    self.found.commits = Some(ImplicitCommit::Possible(what));
                }
                self.doubt(Evidence::Unparsed);
                self.frame().verb = Verb::Other;
            }
        }
    }

    /// The keyword of a statement that begins or ends a transaction; going back to a savepoint does
    /// neither.
    fn controls_transaction(&mut self, word: &str) -> Option<&'static str> {
        let next_is = |peeked: Option<Token<'_>>, expected: &str| matches!(peeked, Some(Token::Word(next)) if next.eq_ignore_ascii_case(expected));
        if word.eq_ignore_ascii_case("prepare") {
            return next_is(self.peek(), "transaction").then_some("PREPARE TRANSACTION");
        }
        controls_transaction(word).filter(|_| !next_is(self.peek(), "to"))
    }

    pub(super) fn with(&mut self) {
        let named = self.names.tables.len();
        let frame = self.frame();
        frame.named = named;
        frame.with = With::Name { recursive: false };
    }

    fn verb(&mut self, word: &'a str, keyword: Keyword) {
        use Keyword as K;
        let named = self.names.tables.len();
        match keyword {
            K::Select => self.select(),
            K::Insert => self.write(word, Verb::Insert),
            K::Replace if self.dialect != DbBackend::Postgres => self.write(word, Verb::Insert),
            K::Merge => self.write(word, Verb::Merge),
            K::Update => {
                self.write(word, Verb::Update);
                self.frame().expect(Clause::From);
            }
            K::Delete => {
                self.write(word, Verb::Delete);
                self.frame().named = named;
                self.frame().leave(Clause::Other);
            }
            K::Values | K::Table => {
                let frame = self.frame();
                frame.query = true;
                frame.verb = Verb::Query;
                match keyword {
                    K::Table => frame.expect(Clause::Table),
                    _ => frame.leave(Clause::Other),
                }
            }
            _ => self.doubt(Evidence::Unparsed),
        }
    }

    fn write(&mut self, word: &str, verb: Verb) {
        self.raise(Access::Write, Evidence::Keyword(word.into()));
        self.frame().verb = verb;
        if verb != Verb::Definition {
            self.frame().expect(Clause::Target);
        }
    }

    fn definition(&mut self, word: &str, keyword: Keyword) {
        use Keyword as K;
        self.raise(Access::Schema, Evidence::Keyword(word.into()));
        let postgres = self.dialect == DbBackend::Postgres;
        // VACUUM (FULL) a
        if postgres && matches!(keyword, K::Vacuum | K::Analyze | K::Cluster) && self.peeks(b'(') {
            self.skip_group();
        }
        let frame = self.frame();
        frame.verb = match keyword {
            K::Grant | K::Revoke | K::Comment => Verb::Grant,
            K::Rename => Verb::TableList,
            _ => Verb::Definition,
        };
        let names_tables = match keyword {
            K::Truncate => true,
            K::Vacuum | K::Analyze | K::Cluster => postgres,
            _ => false,
        };
        if names_tables {
            frame.expect(Clause::Tables);
        }
    }

    /// The words of schema statements that announce tables.
    pub(super) fn definition_word(&mut self, keyword: Keyword) {
        use Keyword as K;
        let last = self.last;
        let after = |keywords: &[K]| matches!(last, LastToken::Keyword(k) if keywords.contains(&k));
        let next = self.peek_keyword();
        let renames_by_name = self.dialect == DbBackend::MySql && self.renames_by_name();
        let frame = self.frame();
        let defines = matches!(frame.verb, Verb::Definition | Verb::DefinitionOn);
        let list = matches!(frame.verb, Verb::Definition | Verb::TableList | Verb::Grant);
        let tables = match keyword {
            K::Table => true,
            K::Tables => list,
            K::View => defines,
            _ => false,
        };
        let table = match keyword {
            K::References => !frame.query,
            K::Like => frame.verb == Verb::Definition && !frame.query && last == LastToken::Name,
            K::To => {
                let renamed = after(&[K::Rename]) || frame.verb == Verb::TableList;
                let rule = after(&[K::Insert, K::Update, K::Delete]);
                renamed && frame.of_tables || rule && frame.verb == Verb::DefinitionOn
            }
            K::Of => after(&[K::Partition]) && defines,
            K::Partition => after(&[K::Attach, K::Detach]) && defines,
            K::Inherit => defines,
            K::Rename => renames_by_name && defines && frame.of_tables,
            _ => false,
        };
        if tables {
            frame.of_tables = true;
            frame.expect(Clause::Tables);
        } else if table {
            frame.expect(Clause::Table);
        }
        match keyword {
            K::Index | K::Trigger | K::Policy | K::Rule if defines => {
                frame.verb = Verb::DefinitionOn;
            }
            // The body of a trigger, an event, a rule.
            K::Insert if next == Some(K::Into) && defines => self.write("insert", Verb::Insert),
            K::Delete if next == Some(K::From) && defines => frame.verb = Verb::Delete,
            K::With if next == Some(K::Table) => {}
            K::With if !frame.query && (defines || frame.verb == Verb::Insert) => self.with(),
            _ => {}
        }
    }

    /// MySQL's `ALTER TABLE a RENAME b`, or `RENAME AS b`; `RENAME TO b` is everyone's.
    fn renames_by_name(&mut self) -> bool {
        match self.peek() {
            Some(Token::Word(next)) if next.eq_ignore_ascii_case("as") => {
                self.next();
                true
            }
            Some(Token::Word(next)) => !["to", "column", "index", "key", "constraint"]
                .iter()
                .any(|word| next.eq_ignore_ascii_case(word)),
            Some(Token::Quoted(..)) => true,
            _ => false,
        }
    }

    /// MariaDB's `ANALYZE SELECT ...`, which runs the statement, as against `ANALYZE TABLE`.
    fn analyzes_statement(&mut self) -> bool {
        match self.peek_keyword() {
            Some(Keyword::Format | Keyword::With) => true,
            Some(keyword) => is_verb(keyword) && keyword != Keyword::Table,
            None => self.peeks(b'('),
        }
    }

    /// `EXPLAIN`, which does what its statement does, or in MySQL names a table.
    fn explain(&mut self) {
        use Keyword as K;
        loop {
            match (self.peek(), self.peek_keyword()) {
                (Some(Token::Symbol(b'(')), _) if self.explains_options() => self.skip_group(),
                (_, Some(K::Analyze | K::Verbose | K::Extended | K::Partitions)) => {
                    self.next();
                }
                (_, Some(K::Query | K::Plan)) if self.dialect == DbBackend::Sqlite => {
                    self.next();
                }
                (_, Some(K::Format)) if self.cursor.peek_second() == Some(Token::Symbol(b'=')) => {
                    self.next();
                    self.next();
                    self.next();
                }
                (_, Some(K::For | K::Into)) => {
                    return self.raise(Access::Session, Evidence::Keyword("explain".into()));
                }
                (Some(Token::Word(word)), _) if word.eq_ignore_ascii_case("analyse") => {
                    self.next();
                }
                _ => break,
            }
        }
        self.explained();
    }

    fn explained(&mut self) {
        let statement = match self.peek_keyword() {
            Some(keyword) => is_verb(keyword) || keyword == Keyword::With || is_definition(keyword),
            None => !matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(..))),
        };
        if statement || self.dialect != DbBackend::MySql {
            self.frame().start = true;
        } else {
            self.frame().expect(Clause::Tables);
        }
    }

    /// `EXPLAIN (ANALYZE, BUFFERS) ...` as against `EXPLAIN (SELECT ...)`.
    fn explains_options(&mut self) -> bool {
        let inside = self.cursor.peek_second();
        let statement = match inside {
            Some(Token::Word(word)) => {
                Keyword::parse(word).is_some_and(|k| is_verb(k) || k == Keyword::With)
            }
            Some(Token::Symbol(b'(')) => true,
            _ => false,
        };
        self.dialect == DbBackend::Postgres && !statement
    }

    pub(super) fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') => depth = depth.saturating_sub(1),
                Token::Unterminated => self.doubt(Evidence::Unterminated),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.doubt(Evidence::Unparsed);
    }
}

/// Whether a keyword starts a statement that changes the schema or maintains it.
fn is_definition(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::Alter
            | K::Analyze
            | K::Check
            | K::Checksum
            | K::Cluster
            | K::Comment
            | K::Create
            | K::Drop
            | K::Grant
            | K::Optimize
            | K::Refresh
            | K::Reindex
            | K::Rename
            | K::Repair
            | K::Revoke
            | K::Truncate
            | K::Vacuum
    )
}
