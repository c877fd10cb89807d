//! Where an operand is complete: operators, what follows a call, an alias, the end of a level.

use sea_orm::DbBackend;

use super::arguments::UNITS;
use super::level::{Call, Clause, Kind, Level, State};
use super::operand::is_operator;
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::names::Ident;
use crate::sql::operation::{Access, Evidence};
use crate::sql::per_node;
use crate::sql::token::Token;

impl<'a> Recogniser<'a, '_> {
    pub(super) fn complete(&mut self) -> Proof {
        let token = self.cursor.next();
        match token {
            None | Some(Token::Symbol(b';')) => self.end_of_statement(),
            Some(Token::Symbol(symbol)) => self.complete_symbol(symbol),
            Some(Token::Word(word)) => self.complete_word(word),
            // 'a' 'b', DATE '2020-01-01', a 'alias'
            Some(Token::Text(_)) => Ok(()),
            Some(Token::Quoted(..)) => self.column_alias(),
            Some(Token::Cast) if self.is(DbBackend::Postgres) => {
                self.level().ends_operand();
                self.type_name()
            }
            Some(Token::Assign) if !self.is(DbBackend::Sqlite) => {
                if self.is(DbBackend::MySql) {
                    self.found.raise(Access::Session, Evidence::Variable);
                }
                self.operator()
            }
            _ => Err(NotProven),
        }
    }

    fn complete_symbol(&mut self, symbol: u8) -> Proof {
        let kind = self.level().kind;
        let postgres = self.is(DbBackend::Postgres);
        match symbol {
            b')' | b']' | b'}' => self.close(symbol),
            b',' => self.comma(),
            b'.' => match self.cursor.next() {
                Some(Token::Symbol(b'*')) => Ok(()),
                part => {
                    let part = part.and_then(Ident::of).ok_or(NotProven)?.text();
                    if per_node::is_column(self.dialect, part) {
                        self.differs_by_node(part);
                    }
                    Ok(())
                }
            },
            b'[' if postgres => {
                self.level().ends_operand();
                self.open(Kind::Brackets, State::Operand, State::Complete)
            }
            b':' if kind == Kind::Brackets || postgres && kind == Kind::Arguments => {
                self.operator()
            }
            _ if is_operator(symbol) => {
                // The rest of the operator, and a sign: `<= -1`.
                while let Some(Token::Symbol(symbol)) = self.cursor.peek()
                    && is_operator(symbol)
                {
                    self.cursor.next();
                }
                self.operator()
            }
            _ => Err(NotProven),
        }
    }

    /// After an operator an operand comes.
    pub(super) fn operator(&mut self) -> Proof {
        let level = self.level();
        if level.clause == Clause::Done {
            return Err(NotProven);
        }
        level.ends_operand();
        level.state = State::Operand;
        Ok(())
    }

    fn comma(&mut self) -> Proof {
        let level = self.level();
        match level.clause {
            _ if level.kind == Kind::Columns => {
                level.state = State::Column;
                level.first = true;
            }
            Clause::On | Clause::SystemTime => level.expects_table(),
            Clause::Windows => level.state = State::WindowName,
            Clause::Group => level.state = State::GroupItem,
            Clause::List if level.call == Call::XmlRoot => {
                level.ends_operand();
                return self.xml_root_option();
            }
            Clause::List if level.call == Call::Convert => {
                level.ends_operand();
                return self.type_name();
            }
            Clause::List | Clause::Select | Clause::Order | Clause::Limit => {
                if let Call::Point(commas) = &mut level.call {
                    *commas = commas.saturating_add(1);
                }
                level.ends_operand();
                level.state = State::Operand;
            }
            Clause::Condition | Clause::Frame | Clause::Done | Clause::From => {
                return Err(NotProven);
            }
        }
        Ok(())
    }

    fn complete_word(&mut self, word: &'a str) -> Proof {
        if self.goes_on(word)? {
            return Ok(());
        }
        let keyword = Keyword::parse(word);
        if let Some(keyword) = keyword
            && (self.case_word(keyword)?
                || self.operator_word(keyword)?
                || self.order_word(keyword)?)
        {
            return Ok(());
        }
        if self.level().called && self.after_call(word)? {
            return Ok(());
        }
        let Level {
            kind,
            clause,
            query,
            lone_query,
            ..
        } = *self.level();
        if lone_query && keyword.is_some_and(goes_on_with_query) {
            self.level().query = true;
            return self.clause(keyword);
        }
        if !query {
            match kind {
                Kind::Arguments => return self.argument_word(word, keyword),
                Kind::Window => return self.window_word(word),
                Kind::Columns => return self.column_option(word),
                _ => {}
            }
        }
        match clause {
            Clause::SystemTime if keyword == Some(Keyword::To) => self.operator(),
            Clause::On | Clause::SystemTime => self.table_word(word),
            _ if query && self.clause_starts(keyword) => self.clause(keyword),
            Clause::Limit if self.limit_word(word, keyword)? => Ok(()),
            Clause::Select if keyword == Some(Keyword::As) => {
                match self.is(DbBackend::Postgres) {
                    true => self.take_any_name()?,
                    false => self.take_name()?,
                }
                self.level().aliased = true;
                Ok(())
            }
            Clause::Select if !self.is_no_name(word) => self.column_alias(),
            Clause::Group | Clause::Order
                if keyword == Some(Keyword::With) && self.is(DbBackend::MySql) =>
            {
                self.expect_word(&["rollup"])
            }
            _ => Err(NotProven),
        }
    }

    /// Whether a word belongs to the operand before it: the unit of MySQL's interval, Postgres's `WITH TIME
    /// ZONE`.
    fn goes_on(&mut self, word: &str) -> Proof<bool> {
        let word = Some(Token::Word(word));
        if self.level().interval && is_word(word, UNITS) {
            self.level().interval = false;
            return Ok(true);
        }
        let zone = is_word(word, &["with", "without"]) && is_word(self.cursor.peek(), &["time"]);
        if zone && self.is(DbBackend::Postgres) {
            self.cursor.next();
            self.expect_word(&["zone"])?;
            return Ok(true);
        }
        Ok(false)
    }

    /// A name that a column gets without `AS`.
    fn column_alias(&mut self) -> Proof {
        let level = self.level();
        if level.clause != Clause::Select || level.aliased {
            return Err(NotProven);
        }
        level.ends_operand();
        level.aliased = true;
        Ok(())
    }

    fn case_word(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        let level = self.level();
        if level.kind != Kind::Case {
            return Ok(false);
        }
        match keyword {
            K::When | K::Then | K::Else => self.operator()?,
            K::End => {
                let closed = *level;
                self.leave(closed)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `ASC`, `DESC`, `NULLS FIRST`, `USING >`.
    fn order_word(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        let Level { kind, clause, .. } = *self.level();
        let ordered = matches!(clause, Clause::Order | Clause::Group)
            || matches!(kind, Kind::Arguments | Kind::Window);
        match keyword {
            K::Asc | K::Desc if ordered => {}
            K::Nulls if ordered && self.take_word(&["first", "last"]) => {}
            K::Using if clause == Clause::Order && self.is(DbBackend::Postgres) => {
                if self.take_keyword(K::Operator) {
                    self.named_operator()?;
                    self.level().state = State::Complete;
                }
                while let Some(Token::Symbol(symbol)) = self.cursor.peek() {
                    if !is_operator(symbol) {
                        break;
                    }
                    self.cursor.next();
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What belongs to the call before it: `OVER`, `FILTER`, `WITHIN GROUP`, `AGAINST`.
    fn after_call(&mut self, word: &str) -> Proof<bool> {
        let is = |words: &[&str]| is_one_of(word, words);
        let parenthesis = self.cursor.peeks(b'(');
        let mysql = self.is(DbBackend::MySql);
        if is(&["over"]) {
            if parenthesis {
                self.open_parenthesis(Kind::Window, State::Window, State::Complete)?;
                return Ok(true);
            }
            let named = match self.cursor.peek() {
                Some(Token::Word(name)) => !self.is_no_name(name),
                Some(Token::Quoted(..)) => true,
                _ => false,
            };
            if named {
                self.cursor.next();
            }
            return Ok(named);
        }
        if is(&["filter"]) && parenthesis {
            self.open_parenthesis(Kind::Window, State::Operand, State::Complete)?;
            self.expect_keyword(Keyword::Where)?;
            self.level().clause = Clause::Condition;
            return Ok(true);
        }
        if is(&["within"]) && self.take_keyword(Keyword::Group) {
            self.open_parenthesis(Kind::Window, State::Window, State::Complete)?;
            return Ok(true);
        }
        if is(&["respect", "ignore"]) && self.take_word(&["nulls"]) {
            return Ok(true);
        }
        if mysql && is(&["against"]) && parenthesis {
            self.open_parenthesis(Kind::Arguments, State::Operand, State::Complete)?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// The words by which a query in parentheses goes on as a part of a larger one.
pub(super) fn goes_on_with_query(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::Union | K::Except | K::Intersect | K::Order | K::Limit | K::Offset | K::Fetch | K::For
    )
}
