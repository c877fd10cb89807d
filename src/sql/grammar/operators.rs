//! The operators that are words.

use sea_orm::DbBackend;

use super::level::State;
use super::operand::is_operator;
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::Keyword;
use crate::sql::token::Token;

impl Recogniser<'_, '_> {
    /// A word that is an operator, or what follows an operand.
    pub(super) fn operator_word(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        match keyword {
            K::Between if self.is(DbBackend::Postgres) => {
                self.take_word(&["symmetric", "asymmetric"]);
                self.operator()?;
            }
            K::And | K::Or | K::Like | K::Between | K::Escape => self.operator()?,
            K::Not => return Ok(self.takes_negation()),
            K::In => self.after_in()?,
            K::Is => self.after_is()?,
            K::Collate if self.is(DbBackend::MySql) && self.take_keyword(K::Binary) => {}
            K::Collate => drop(self.table_name()?),
            _ => {
                return match self.dialect {
                    DbBackend::Postgres => self.postgres_operator(keyword),
                    DbBackend::MySql => self.mysql_operator(keyword),
                    _ => self.sqlite_operator(keyword),
                };
            }
        }
        Ok(true)
    }

    fn postgres_operator(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        match keyword {
            K::Ilike | K::Overlaps => self.operator()?,
            K::Similar if self.take_keyword(K::To) => self.operator()?,
            K::Operator if self.cursor.peeks(b'(') => self.named_operator()?,
            K::Isnull | K::Notnull => {}
            K::At if self.take_word(&["local"]) => {}
            K::At => {
                self.expect_word(&["time"])?;
                self.expect_word(&["zone"])?;
                self.operator()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn mysql_operator(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        match keyword {
            K::Regexp | K::Rlike | K::Div | K::Mod | K::Xor => self.operator()?,
            K::Member if self.take_keyword(K::Of) => self.operator()?,
            K::Sounds if self.take_keyword(K::Like) => self.operator()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn sqlite_operator(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        match keyword {
            K::Regexp => {
                // Its function is the application's.
                self.calls_function("regexp");
                self.operator()?;
            }
            K::Glob | K::Match => self.operator()?,
            K::Isnull | K::Notnull => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether `NOT` belongs to the operator that follows it; takes SQLite's `NOT NULL`.
    fn takes_negation(&mut self) -> bool {
        use Keyword as K;
        match self.cursor.peek_keyword() {
            Some(
                K::In
                | K::Like
                | K::Between
                | K::Ilike
                | K::Similar
                | K::Regexp
                | K::Rlike
                | K::Glob
                | K::Match,
            ) => true,
            _ => self.is(DbBackend::Sqlite) && self.take_keyword(K::Null),
        }
    }

    /// `IN (`, or in SQLite `IN table`.
    fn after_in(&mut self) -> Proof {
        if self.is(DbBackend::MySql) && is_word(self.cursor.peek(), &["boolean", "natural"]) {
            return self.search_mode();
        }
        self.operator()?;
        if self.is(DbBackend::Sqlite) && self.cursor.peeks_name() {
            let name = self.table_name()?;
            if self.cursor.peeks(b'(') {
                return self.table_function(name, State::Complete);
            }
            self.names_table(name);
            self.completed();
            return Ok(());
        }
        // POSITION(a IN b) has no parentheses.
        Ok(())
    }

    fn after_is(&mut self) -> Proof {
        self.take_keyword(Keyword::Not);
        if self.take_keyword(Keyword::Distinct) {
            self.expect_keyword(Keyword::From)?;
            return self.operator();
        }
        if self.is(DbBackend::Sqlite) {
            return self.operator();
        }
        if self.take_word(&["json"]) {
            self.take_word(&["value", "array", "object", "scalar"]);
            if self.take_word(&["with", "without"]) {
                self.expect_word(&["unique"])?;
                self.take_word(&["keys"]);
            }
            return Ok(());
        }
        if self.take_word(&["nfc", "nfd", "nfkc", "nfkd"]) {
            return self.expect_word(&["normalized"]);
        }
        self.expect_word(&["null", "true", "false", "unknown", "document", "normalized"])
    }

    /// `OPERATOR(pg_catalog.+)`.
    pub(super) fn named_operator(&mut self) -> Proof {
        self.expect(b'(')?;
        loop {
            match self.cursor.next() {
                Some(Token::Symbol(b')')) => return self.operator(),
                Some(Token::Symbol(symbol)) if is_operator(symbol) || symbol == b'.' => {}
                Some(Token::Word(_) | Token::Quoted(..)) => {}
                _ => return Err(NotProven),
            }
        }
    }

    /// `IN BOOLEAN MODE`, `IN NATURAL LANGUAGE MODE WITH QUERY EXPANSION`.
    fn search_mode(&mut self) -> Proof {
        match self.take_word(&["boolean"]) {
            true => {}
            false => {
                self.expect_word(&["natural"])?;
                self.expect_word(&["language"])?;
            }
        }
        self.expect_word(&["mode"])
    }
}
