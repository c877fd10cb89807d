//! Tables: where one is expected, and what follows it.

use sea_orm::DbBackend;

use super::complete::goes_on_with_query;
use super::level::{Call, Clause, Kind, Level, State};
use super::operand::is_structure;
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::Keyword;
use crate::sql::names::Name;
use crate::sql::per_node;
use crate::sql::token::Token;

impl<'a> Recogniser<'a, '_> {
    pub(super) fn table(&mut self) -> Proof {
        let (mysql, postgres) = (self.is(DbBackend::MySql), self.is(DbBackend::Postgres));
        match self.cursor.peek() {
            Some(Token::Symbol(b'(')) => {
                return self.open_parenthesis(Kind::Joins, State::JoinsOpened, State::AfterTable);
            }
            Some(Token::Symbol(b'{')) if mysql => {
                self.cursor.next();
                self.expect_word(&["oj"])?;
                return self.open(Kind::Braces, State::Table, State::AfterTable);
            }
            _ => {}
        }
        match self.cursor.peek_keyword() {
            Some(Keyword::Lateral) if self.is_lateral() => {
                self.cursor.next();
                return Ok(());
            }
            Some(Keyword::Only) if postgres => return self.only(),
            Some(Keyword::Rows)
                if postgres && self.cursor.peek_second_keyword() == Some(Keyword::From) =>
            {
                self.cursor.next();
                self.cursor.next();
                return self.open_parenthesis(Kind::Joins, State::Table, State::AfterTable);
            }
            Some(keyword) if is_structure(keyword) && !self.names_function() => {
                return Err(NotProven);
            }
            _ => {}
        }
        let name = self.table_name()?;
        if self.cursor.peeks(b'(') {
            return self.table_function(name, State::AfterTable);
        }
        self.names_table(name);
        self.table_read();
        Ok(())
    }

    fn table_read(&mut self) {
        let level = self.level();
        level.first = false;
        level.state = State::AfterTable;
        level.ends_operand();
    }

    fn names_function(&mut self) -> bool {
        matches!(self.cursor.peek_second(), Some(Token::Symbol(b'(' | b'.')))
    }

    /// `LATERAL` before a subquery or a function. Some servers have tables of that name.
    fn is_lateral(&mut self) -> bool {
        match self.dialect {
            DbBackend::Postgres => true,
            DbBackend::MySql => {
                let second = self.cursor.peek_second();
                second == Some(Token::Symbol(b'(')) || is_word(second, &["json_table"])
            }
            _ => false,
        }
    }

    /// `ONLY a`, `ONLY (a)`.
    fn only(&mut self) -> Proof {
        self.cursor.next();
        let parenthesis = self.take_symbol(b'(');
        let name = self.table_name()?;
        self.names_table(name);
        if parenthesis {
            self.expect(b')')?;
        }
        self.table_read();
        Ok(())
    }

    /// Notes a table, unless the name is one of a common table expression.
    pub(super) fn names_table(&mut self, name: Name<'a>) {
        if !self.names.is_table(&name) {
            return;
        }
        if name.is_pragma(self.dialect) {
            self.call_for_rows(name);
            return;
        }
        let text = name.name.text();
        let schema = name.schema.map(|schema| schema.text());
        if per_node::is_relation(self.dialect, schema, text) {
            self.differs_by_node(text);
        }
        self.names.tables.push(name);
    }

    /// A function that returns rows. A full-text table of SQLite can be called too, and the text does
    /// not show whether this is one.
    pub(super) fn table_function(&mut self, name: Name<'a>, then: State) -> Proof {
        let sqlite = self.is(DbBackend::Sqlite);
        let json_table = !sqlite && name.is("json_table");
        match sqlite {
            true if !self.call_for_rows(name) => self.names.tables.push(name),
            false if !json_table => drop(self.call(name)),
            _ => {}
        }
        let level = self.level();
        level.ends_operand();
        level.first = false;
        self.open_parenthesis(Kind::Arguments, State::Opened, then)?;
        if json_table {
            self.level().call = Call::JsonTable;
        }
        Ok(())
    }

    pub(super) fn after_table(&mut self) -> Proof {
        let token = self.cursor.next();
        match token {
            None | Some(Token::Symbol(b';')) => self.end_of_statement(),
            Some(Token::Symbol(symbol @ (b')' | b'}'))) => self.close(symbol),
            Some(Token::Symbol(b',')) => {
                self.level().expects_table();
                Ok(())
            }
            Some(Token::Symbol(b'*')) if self.is(DbBackend::Postgres) => Ok(()),
            Some(Token::Quoted(..) | Token::Text(_)) => self.table_alias(),
            Some(Token::Word(word)) => self.table_word(word),
            _ => Err(NotProven),
        }
    }

    /// A word after a table, after the condition of its join, or after the moments of its history.
    pub(super) fn table_word(&mut self, word: &str) -> Proof {
        use Keyword as K;
        let keyword = Keyword::parse(word);
        if self.join_word(keyword)? || self.table_option(keyword)? {
            return Ok(());
        }
        let Level {
            query, lone_query, ..
        } = *self.level();
        let goes_on = query || lone_query && keyword.is_some_and(goes_on_with_query);
        if goes_on && self.clause_starts(keyword) {
            self.level().query = true;
            return self.clause(keyword);
        }
        match keyword {
            Some(K::As) => {
                if self.is(DbBackend::Postgres) && self.cursor.peeks(b'(') {
                    self.level().aliased = true;
                    return self.definitions();
                }
                self.take_name()?;
                self.table_alias()
            }
            _ if self.is_no_name(word) => Err(NotProven),
            _ => self.table_alias(),
        }
    }

    /// After an alias: the names of the columns, in Postgres with types.
    fn table_alias(&mut self) -> Proof {
        let level = self.level();
        if level.aliased || level.clause == Clause::On {
            return Err(NotProven);
        }
        level.lone_query = false;
        level.aliased = true;
        level.state = State::AfterTable;
        match (self.cursor.peeks(b'('), self.dialect) {
            (false, _) => Ok(()),
            (true, DbBackend::Postgres) => self.definitions(),
            (true, DbBackend::MySql) => self.column_names(),
            (true, _) => Err(NotProven),
        }
    }

    fn join_word(&mut self, keyword: Option<Keyword>) -> Proof<bool> {
        use Keyword as K;
        match keyword {
            Some(K::Join) => self.level().expects_table(),
            Some(K::StraightJoin) if self.is(DbBackend::MySql) => self.level().expects_table(),
            Some(K::Inner | K::Cross | K::Outer | K::Left | K::Right | K::Full | K::Natural)
                if self.join_follows() => {}
            Some(K::On) => self.level().expects_operand(Clause::On),
            Some(K::Using) => {
                self.column_names()?;
                let level = self.level();
                level.clause = Clause::From;
                level.state = State::AfterTable;
                level.aliased = false;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn join_follows(&mut self) -> bool {
        use Keyword as K;
        matches!(
            self.cursor.peek_keyword(),
            Some(
                K::Join
                    | K::Inner
                    | K::Cross
                    | K::Outer
                    | K::Left
                    | K::Right
                    | K::Full
                    | K::StraightJoin
            )
        )
    }

    /// What may stand between a table and its joins, by dialect.
    fn table_option(&mut self, keyword: Option<Keyword>) -> Proof<bool> {
        use Keyword as K;
        let (mysql, postgres, sqlite) = (
            self.is(DbBackend::MySql),
            self.is(DbBackend::Postgres),
            self.is(DbBackend::Sqlite),
        );
        match keyword {
            Some(K::Tablesample) if postgres => self.sample()?,
            Some(K::Repeatable) if postgres && self.level().called && self.cursor.peeks(b'(') => {
                self.open_parenthesis(Kind::Arguments, State::Operand, State::AfterTable)?;
            }
            Some(K::With) if postgres => self.expect_word(&["ordinality"])?,
            Some(K::For) if mysql && self.take_keyword(K::SystemTime) => self.system_time()?,
            Some(K::Use | K::Force | K::Ignore) if mysql => self.index_hint()?,
            Some(K::Partition) if mysql && self.cursor.peeks(b'(') => self.column_names()?,
            Some(K::Not) if sqlite => self.expect_word(&["indexed"])?,
            Some(K::Indexed) if sqlite && self.take_keyword(K::By) => self.take_name()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `TABLESAMPLE SYSTEM (10) REPEATABLE (1)`.
    fn sample(&mut self) -> Proof {
        let method = self.table_name()?;
        let text = method.name.text();
        let built_in = method.is("system") || method.is("bernoulli");
        if !built_in {
            self.unknown_function(text);
        }
        self.open_parenthesis(Kind::Arguments, State::Operand, State::AfterTable)
    }

    /// MariaDB's `FOR SYSTEM_TIME AS OF now()`, `BETWEEN a AND b`, `FROM a TO b`, `ALL`.
    fn system_time(&mut self) -> Proof {
        use Keyword as K;
        if self.take_keyword(K::All) {
            return Ok(());
        }
        match self.take_keyword(K::As) {
            true => self.expect_keyword(K::Of)?,
            false if self.take_keyword(K::Between) || self.take_keyword(K::From) => {}
            false => return Err(NotProven),
        }
        self.level().expects_operand(Clause::SystemTime);
        Ok(())
    }

    /// `USE INDEX FOR JOIN (a, b)`.
    fn index_hint(&mut self) -> Proof {
        use Keyword as K;
        match self.take_keyword(K::Index) {
            true => {}
            false => self.expect_keyword(K::Key)?,
        }
        if self.take_keyword(K::For) && !self.take_keyword(K::Join) {
            self.expect_word(&["order", "group"])?;
            self.expect_keyword(K::By)?;
        }
        self.expect(b'(')?;
        if self.take_symbol(b')') {
            return Ok(());
        }
        loop {
            if !self.take_word(&["primary"]) {
                self.take_name()?;
            }
            if !self.take_symbol(b',') {
                return self.expect(b')');
            }
        }
    }
}
