//! What the words inside a statement mean.

use sea_orm::DbBackend;

use super::frame::{Clause, Frame, Kind, Verb, With};
use super::{LastToken, Scanner};
use crate::sql::keyword::Keyword;
use crate::sql::names::Ident;
use crate::sql::operation::{Access, Evidence};
use crate::sql::token::Token;

impl<'a> Scanner<'a, '_> {
    pub(super) fn word(&mut self, word: &'a str) {
        let keyword = match self.peeks(b'.') {
            true => None,
            false => Keyword::parse(word),
        };
        if self.with_list(word, keyword) {
            return;
        }
        if self.is_label() {
            return self.remember(LastToken::Name);
        }
        let comments = self.frame().expects_table && self.frame().verb == Verb::Grant;
        if comments && word.eq_ignore_ascii_case("column") {
            return self.table_of_column();
        }
        if self.frame().expects_table && keyword == Some(Keyword::Rows) && self.rows_from() {
            return;
        }
        if self.frame().expects_table && !self.ends_expectation(keyword) {
            return match self.is_modifier(keyword) {
                true => self.remember(LastToken::Other),
                false => self.table(Ident::word(word)),
            };
        }
        if self.frame().start && self.starts(word, keyword) {
            return self.remember(keyword.map_or(LastToken::Name, LastToken::Keyword));
        }
        match keyword {
            Some(keyword) => self.keyword(keyword),
            _ => self.expression_name(Ident::word(word)),
        }
    }

    pub(super) fn quoted(&mut self, token: Token<'a>) {
        let Some(ident) = Ident::of(token) else {
            return;
        };
        if let With::Name { recursive } = self.frame().with {
            return self.cte(ident, recursive);
        }
        let is_string = matches!(token, Token::Text(_));
        if self.frame().expects_table && (!is_string || self.dialect == DbBackend::Sqlite) {
            return self.table(ident);
        }
        self.unexpected_start();
        self.frame().expects_table = false;
        match is_string {
            true => self.remember(LastToken::Other),
            false => self.expression_name(ident),
        }
    }

    /// The words of `WITH RECURSIVE a AS MATERIALIZED (...), b AS (...)`; whether it was one.
    fn with_list(&mut self, word: &'a str, keyword: Option<Keyword>) -> bool {
        use Keyword as K;
        let frame = self.frame();
        match (frame.with, keyword) {
            (With::No | With::InBody { .. }, _) => return false,
            (With::Name { recursive: false }, Some(K::Recursive)) => {
                frame.with = With::Name { recursive: true };
            }
            (With::Name { recursive }, _) => self.cte(Ident::word(word), recursive),
            (With::Named { recursive }, Some(K::As)) => frame.with = With::Body { recursive },
            (With::Body { .. }, Some(K::Not | K::Materialized)) => {}
            (With::AfterBody { .. }, Some(keyword)) if is_verb(keyword) => {
                frame.with = With::No;
                return false;
            }
            // SEARCH ... SET, CYCLE ... USING
            (With::AfterBody { .. }, _) => {}
            // The comma was one of SEARCH ... BY a, b.
            (With::Named { recursive }, _) if frame.start => {
                frame.with = With::AfterBody { recursive };
            }
            (With::Named { .. } | With::Body { .. }, _) => {
                frame.with = With::No;
                return false;
            }
        }
        self.remember(keyword.map_or(LastToken::Name, LastToken::Keyword));
        true
    }

    /// After `AS` in the list of a `SELECT`, Postgres takes any word for a label.
    fn is_label(&mut self) -> bool {
        self.dialect == DbBackend::Postgres
            && self.last == LastToken::Keyword(Keyword::As)
            && self.frame().query
            && self.frame().clause == Clause::Select
    }

    /// `ROWS FROM (f(), g())`, Postgres's join of functions.
    fn rows_from(&mut self) -> bool {
        let functions = self.peek_keyword() == Some(Keyword::From);
        if functions {
            self.next();
            self.frame().expects_table = false;
            self.remember(LastToken::Keyword(Keyword::From));
        }
        functions
    }

    /// A word that cannot name a table where one is expected.
    fn ends_expectation(&mut self, keyword: Option<Keyword>) -> bool {
        use Keyword as K;
        let starts = self.frame().start
            && keyword.is_some_and(|keyword| is_verb(keyword) || keyword == K::With);
        let ends = starts
            || matches!(
                keyword,
                Some(
                    K::As
                        | K::From
                        | K::In
                        | K::On
                        | K::Select
                        | K::Set
                        | K::To
                        | K::Using
                        | K::Values
                        | K::Where
                        | K::With
                        | K::Union
                        | K::Join
                        | K::Order
                        | K::Group
                        | K::For
                )
            )
            || self.names_kind_of_object(keyword);
        if ends {
            self.frame().expects_table = false;
        }
        ends
    }

    /// `ON SCHEMA x` of a `GRANT` or `COMMENT`: a word before another names the kind of object.
    fn names_kind_of_object(&mut self, keyword: Option<Keyword>) -> bool {
        use Keyword as K;
        self.frame().verb == Verb::Grant
            && !matches!(keyword, Some(K::Table | K::View | K::Materialized))
            && matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(..)))
            && !matches!(self.peek_keyword(), Some(K::To | K::From | K::Is))
            && !matches!(self.last, LastToken::Keyword(K::Table | K::View))
    }

    /// A word between the keyword that announces a table and its name.
    fn is_modifier(&mut self, keyword: Option<Keyword>) -> bool {
        use Keyword as K;
        let Some(keyword) = keyword else {
            return false;
        };
        if keyword == K::Or {
            self.next();
            return true;
        }
        let Frame { clause, verb, .. } = *self.frame();
        match clause {
            Clause::From => matches!(
                keyword,
                K::Only | K::Lateral | K::LowPriority | K::Ignore | K::Quick
            ),
            Clause::Target => matches!(
                keyword,
                K::Into | K::Only | K::Ignore | K::LowPriority | K::Delayed | K::HighPriority
            ),
            // SELECT INTO TEMP TABLE
            _ if verb == Verb::Query => {
                matches!(keyword, K::Table | K::Temp | K::Temporary | K::Unlogged)
            }
            _ => matches!(
                keyword,
                K::If
                    | K::Not
                    | K::Exists
                    | K::Only
                    | K::Table
                    | K::Tables
                    | K::Concurrently
                    | K::Verbose
                    | K::Full
                    | K::Freeze
                    | K::Analyze
                    | K::View
                    | K::Materialized
            ),
        }
    }

    pub(super) fn keyword(&mut self, keyword: Keyword) {
        use Keyword as K;
        let mysql = self.dialect == DbBackend::MySql;
        match keyword {
            K::Select => self.select(),
            K::From => self.from(),
            K::Join | K::StraightJoin => self.join(),
            K::On => self.on(),
            K::Using => self.using(),
            K::Where
            | K::Having
            | K::Limit
            | K::Window
            | K::Returning
            | K::Fetch
            | K::Offset
            | K::Order
            | K::Values => self.frame().leave(Clause::Other),
            K::Set if self.frame().verb != Verb::Query => self.frame().leave(Clause::Other),
            K::In if self.dialect == DbBackend::Sqlite => {
                // `IN table`
                self.frame().expects_table =
                    matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(..)));
            }
            K::Union | K::Except | K::Intersect => {
                self.frame().open_joins = 0;
                self.frame().leave(Clause::Other);
            }
            K::Group if self.last != LastToken::Keyword(K::Within) => {
                self.frame().leave(Clause::Other);
            }
            K::Into => self.into(),
            K::For if self.frame().query => self.for_clause(),
            K::Begin if self.frame().verb == Verb::DefinitionOn => return self.next_statement(),
            K::Lock if mysql && self.frame().query && self.peek_keyword() == Some(K::In) => {
                self.raise(Access::LockingRead, Evidence::LockingClause);
                self.frame().leave(Clause::Other);
            }
            K::Operator if self.peeks(b'(') => self.skip_group(),
            _ => self.definition_word(keyword),
        }
        self.frame().start = false;
        self.remember(LastToken::Keyword(keyword));
    }

    pub(super) fn select(&mut self) {
        let frame = self.frame();
        frame.query = true;
        frame.leave(Clause::Select);
        if frame.verb == Verb::None {
            frame.verb = Verb::Query;
        }
    }

    fn from(&mut self) {
        use Keyword as K;
        let operator = self.last == LastToken::Keyword(K::SystemTime)
            || self.last == LastToken::Keyword(K::Distinct)
                && matches!(self.before_last, LastToken::Keyword(K::Is | K::Not));
        let frame = self.frame();
        if !operator && (frame.query || matches!(frame.verb, Verb::Delete | Verb::Update)) {
            frame.open_joins = 0;
            frame.expect(Clause::From);
        }
    }

    fn join(&mut self) {
        let frame = self.frame();
        if matches!(frame.clause, Clause::From | Clause::Join) {
            frame.open_joins += 1;
            frame.expect(Clause::From);
        }
    }

    fn on(&mut self) {
        use Keyword as K;
        let upsert = matches!(
            self.peek(),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("conflict")
                || word.eq_ignore_ascii_case("duplicate")
        );
        let action = matches!(self.peek_keyword(), Some(K::Delete | K::Update | K::Insert));
        let frame = self.frame();
        match (frame.clause, frame.verb) {
            _ if upsert => frame.leave(Clause::Other),
            (Clause::From | Clause::Join, _) => {
                frame.open_joins = frame.open_joins.saturating_sub(1);
                frame.leave(Clause::Join);
            }
            (_, Verb::DefinitionOn | Verb::Grant) if !action => frame.expect(Clause::Tables),
            _ => {}
        }
    }

    /// `JOIN ... USING (columns)`, or the second list of tables of a `DELETE` or `MERGE`.
    fn using(&mut self) {
        let mysql = self.dialect == DbBackend::MySql;
        let frame = self.frame();
        if frame.open_joins > 0 {
            frame.open_joins -= 1;
            frame.leave(Clause::From);
            self.opening = Some(Kind::Names);
        } else if matches!(frame.verb, Verb::Delete | Verb::Merge) {
            frame.expect(Clause::From);
            let (verb, named) = (frame.verb, frame.named);
            // What MySQL deletes from is named again, perhaps by alias, in the second list.
            if verb == Verb::Delete && mysql {
                self.names.tables.truncate(named);
            }
        }
    }

    fn into(&mut self) {
        if !self.frame().query || self.frame().clause == Clause::Target {
            return;
        }
        match (self.dialect, self.peek()) {
            (DbBackend::Postgres, _) => {
                self.raise(Access::Write, Evidence::Into);
                self.frame().expect(Clause::Tables);
            }
            (DbBackend::MySql, Some(Token::Variable(_))) => {
                self.raise(Access::Session, Evidence::Into);
            }
            _ => self.raise(Access::Write, Evidence::Into),
        }
    }

    /// Locks, temporal tables, index hints; anything else after `FOR` is not understood
    /// (MariaDB's `NEXT VALUE FOR` takes a number from a sequence).
    fn for_clause(&mut self) {
        use Keyword as K;
        match (self.peek_keyword(), self.last) {
            (Some(K::Update | K::Share | K::No | K::Key), _) => {
                self.raise(Access::LockingRead, Evidence::LockingClause);
                self.frame().leave(Clause::Other);
            }
            (Some(K::SystemTime | K::Read), _) => {}
            (Some(K::Join), LastToken::Keyword(K::Index | K::Key)) => {
                self.next();
            }
            // FOR ORDER BY, FOR GROUP BY
            (Some(K::Order | K::Group), LastToken::Keyword(K::Index | K::Key)) => {
                self.next();
                self.next();
            }
            _ => self.doubt(Evidence::Unparsed),
        }
    }
}

/// Whether a keyword starts a statement that may follow a `WITH` list or stand in parentheses.
pub(super) fn is_verb(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::Select
            | K::Values
            | K::Table
            | K::Insert
            | K::Replace
            | K::Update
            | K::Delete
            | K::Merge
    )
}
