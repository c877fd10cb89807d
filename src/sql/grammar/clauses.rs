//! The clauses of a query, after its list and between its tables.

use sea_orm::DbBackend;

use super::level::{Clause, Kind, State};
use super::{NotProven, Proof, Recogniser};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::operation::{Access, Evidence};
use crate::sql::token::Token;

impl Recogniser<'_, '_> {
    /// Whether a word starts a clause here, rather than being an alias.
    pub(super) fn clause_starts(&mut self, keyword: Option<Keyword>) -> bool {
        use Keyword as K;
        let (mysql, postgres, sqlite) = (
            self.is(DbBackend::MySql),
            self.is(DbBackend::Postgres),
            self.is(DbBackend::Sqlite),
        );
        let clause = self.level().clause;
        match keyword {
            Some(
                K::Where
                | K::Group
                | K::Having
                | K::Order
                | K::Limit
                | K::Union
                | K::Except
                | K::Intersect
                | K::Into,
            ) => true,
            Some(K::From) => clause == Clause::Select,
            Some(K::For) => !sqlite,
            Some(K::Fetch) => !sqlite,
            Some(K::Lock) => mysql && self.cursor.peek_keyword() == Some(K::In),
            Some(K::Offset) => postgres || clause == Clause::Limit || self.value_follows(),
            Some(K::Window) => postgres || self.window_follows(),
            _ => false,
        }
    }

    /// What follows cannot follow an alias.
    fn value_follows(&mut self) -> bool {
        matches!(
            self.cursor.peek(),
            Some(Token::Literal | Token::Variable(_) | Token::Symbol(b'(' | b'-' | b'+'))
        )
    }

    /// `name AS (` follows.
    fn window_follows(&mut self) -> bool {
        self.cursor.peeks_name() && self.cursor.peek_second_keyword() == Some(Keyword::As)
    }

    /// A clause, whose first word was taken.
    pub(super) fn clause(&mut self, keyword: Option<Keyword>) -> Proof {
        use Keyword as K;
        match keyword {
            Some(K::From) => self.level().expects_table(),
            Some(K::Where | K::Having) => self.level().expects_operand(Clause::Condition),
            Some(K::Group) => {
                self.expect_keyword(K::By)?;
                if self.is(DbBackend::Postgres) && self.take_keyword(K::All) {
                    // GROUP BY ALL, which may also stand alone.
                    self.level().clause = Clause::Group;
                    return self.group_by_all();
                }
                if self.is(DbBackend::Postgres) {
                    self.take_keyword(K::Distinct);
                }
                let level = self.level();
                level.expects_operand(Clause::Group);
                level.state = State::GroupItem;
            }
            Some(K::Order) => {
                self.expect_keyword(K::By)?;
                self.level().expects_operand(Clause::Order);
            }
            Some(K::Limit | K::Offset) => {
                self.level().expects_operand(Clause::Limit);
                if self.is(DbBackend::MySql) && self.take_keyword(K::Rows) {
                    self.expect_word(&["examined"])?;
                }
            }
            Some(K::Fetch) => {
                self.expect_word(&["first", "next"])?;
                self.level().expects_operand(Clause::Limit);
                if self.take_word(&["row", "rows"]) {
                    self.level().state = State::Complete;
                }
            }
            Some(K::Window) => {
                let level = self.level();
                level.ends_operand();
                level.clause = Clause::Windows;
                level.state = State::WindowName;
            }
            Some(K::Union | K::Except | K::Intersect) => {
                self.take_word(&["all", "distinct"]);
                let level = self.level();
                level.ends_operand();
                level.state = State::Query;
            }
            Some(K::For) => return self.locks(),
            Some(K::Lock) => return self.locks_in_share_mode(),
            Some(K::Into) => return self.takes_variables(),
            _ => return Err(NotProven),
        }
        Ok(())
    }

    /// An item of `GROUP BY`, or of `GROUPING SETS`. Inside of an expression `rollup` is a function.
    pub(super) fn group_item(&mut self) -> Proof {
        use Keyword as K;
        self.level().expects_operand(Clause::Group);
        if !self.is(DbBackend::Postgres) {
            return Ok(());
        }
        let parenthesis = self.cursor.peek_second() == Some(Token::Symbol(b'('));
        match self.cursor.peek_keyword() {
            Some(K::Rollup | K::Cube) if parenthesis => {
                self.cursor.next();
                self.open_parenthesis(Kind::Group, State::Operand, State::Complete)
            }
            Some(K::Grouping) if self.cursor.peek_second_keyword() == Some(K::Sets) => {
                self.cursor.next();
                self.cursor.next();
                self.open_parenthesis(Kind::Group, State::GroupItem, State::Complete)
            }
            _ => Ok(()),
        }
    }

    fn group_by_all(&mut self) -> Proof {
        let alone = matches!(self.cursor.peek(), None | Some(Token::Symbol(b')' | b';')))
            || self
                .cursor
                .peek_keyword()
                .is_some_and(|keyword| self.clause_starts(Some(keyword)));
        let level = self.level();
        level.expects_operand(Clause::Group);
        level.state = match alone {
            true => State::Complete,
            false => State::GroupItem,
        };
        Ok(())
    }

    /// `FOR UPDATE OF a NOWAIT` and its kin.
    fn locks(&mut self) -> Proof {
        use Keyword as K;
        let keyword = self.cursor.peek_keyword();
        self.cursor.next();
        match keyword {
            Some(K::Update | K::Share) => {}
            Some(K::No) => {
                self.expect_keyword(K::Key)?;
                self.expect_keyword(K::Update)?;
            }
            Some(K::Key) => self.expect_keyword(K::Share)?,
            Some(K::Read) => {
                self.expect_keyword(K::Only)?;
                self.level().set_done();
                return Ok(());
            }
            _ => return Err(NotProven),
        }
        self.found
            .raise(Access::LockingRead, Evidence::LockingClause);
        if self.take_keyword(K::Of) {
            self.table_name()?;
            while self.take_symbol(b',') {
                self.table_name()?;
            }
        }
        self.waits()
    }

    fn locks_in_share_mode(&mut self) -> Proof {
        self.expect_keyword(Keyword::In)?;
        self.expect_keyword(Keyword::Share)?;
        self.expect_word(&["mode"])?;
        self.found
            .raise(Access::LockingRead, Evidence::LockingClause);
        self.waits()
    }

    /// `NOWAIT`, `SKIP LOCKED`, `WAIT 5`.
    fn waits(&mut self) -> Proof {
        if self.take_word(&["skip"]) {
            self.expect_word(&["locked"])?;
        } else if self.take_word(&["wait"]) {
            match self.cursor.next() {
                Some(Token::Literal) => {}
                _ => return Err(NotProven),
            }
        } else {
            self.take_word(&["nowait"]);
        }
        self.level().set_done();
        Ok(())
    }

    /// MySQL's `INTO @a, @b`; any other `INTO` writes.
    fn takes_variables(&mut self) -> Proof {
        loop {
            match self.cursor.next() {
                Some(Token::Variable(_)) if self.is(DbBackend::MySql) => {}
                _ => return Err(NotProven),
            }
            if !self.take_symbol(b',') {
                break;
            }
        }
        self.found.raise(Access::Session, Evidence::Into);
        let level = self.level();
        if level.clause != Clause::Select {
            level.set_done();
        }
        level.aliased = true;
        level.state = State::Complete;
        Ok(())
    }

    /// The words inside `LIMIT`, `OFFSET` and `FETCH`.
    pub(super) fn limit_word(&mut self, word: &str, keyword: Option<Keyword>) -> Proof<bool> {
        let is = |words: &[&str]| is_one_of(word, words);
        if is(&["row", "rows", "only", "percent"]) {
            return Ok(true);
        }
        if is(&["examined"]) {
            self.operator()?;
            return Ok(true);
        }
        if keyword == Some(Keyword::With) {
            self.expect_word(&["ties"])?;
            return Ok(true);
        }
        Ok(false)
    }

    /// A query in parentheses, or an expression.
    pub(super) fn opened(&mut self) -> Proof {
        self.level().state = match self.starts_query() {
            true => State::Query,
            false => State::Operand,
        };
        Ok(())
    }

    /// Where a table is expected: a query in parentheses, or joins.
    pub(super) fn joins_opened(&mut self) -> Proof {
        if self.starts_query() {
            self.level().state = State::Query;
        } else if self.cursor.peeks(b'(') {
            return self.open_parenthesis(Kind::Joins, State::JoinsOpened, State::AfterTable);
        } else {
            self.level().first = false;
            self.level().state = State::Table;
        }
        Ok(())
    }
}
