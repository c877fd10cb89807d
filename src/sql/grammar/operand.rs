//! Where an operand is expected: literals, names, calls, parentheses, and what may come before them.

use sea_orm::DbBackend;

use super::level::{Clause, Kind, Level, State};
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::names::{Ident, Name, is_server_variable};
use crate::sql::operation::{Access, Evidence};
use crate::sql::per_node;
use crate::sql::reserved::is_reserved;
use crate::sql::token::{Quote, Token};

impl<'a> Recogniser<'a, '_> {
    pub(super) fn operand(&mut self) -> Proof {
        let Some(token) = self.cursor.next() else {
            return Err(NotProven);
        };
        match token {
            Token::Symbol(symbol) => return self.operand_symbol(symbol),
            Token::Word(word) => return self.operand_word(word),
            Token::Quoted(..) => {
                let first = Ident::of(token).ok_or(NotProven)?;
                return self.name_or_call(first);
            }
            Token::Literal | Token::Text(_) => {}
            Token::Variable(name) => self.variable(name)?,
            _ => return Err(NotProven),
        }
        self.completed();
        Ok(())
    }

    /// An operand was read.
    pub(super) fn completed(&mut self) {
        let level = self.level();
        level.first = false;
        level.state = State::Complete;
    }

    fn operand_symbol(&mut self, symbol: u8) -> Proof {
        let Level { kind, first, .. } = *self.level();
        match symbol {
            b'(' => return self.open(Kind::Group, State::Opened, State::Complete),
            b'*' => self.completed(),
            b')' if first && matches!(kind, Kind::Group | Kind::Arguments) => {
                return self.close(symbol);
            }
            b']' if kind == Kind::Brackets => return self.close(symbol),
            b'[' if kind == Kind::Brackets => {
                return self.open(Kind::Brackets, State::Operand, State::Complete);
            }
            b':' if kind == Kind::Brackets => {}
            b'{' if self.is(DbBackend::MySql) => return self.braces(),
            _ if self.is_prefix_operator(symbol) => self.level().first = false,
            _ => return Err(NotProven),
        }
        Ok(())
    }

    fn is_prefix_operator(&self, symbol: u8) -> bool {
        match self.dialect {
            DbBackend::Postgres => is_operator(symbol),
            _ => matches!(symbol, b'+' | b'-' | b'~' | b'!'),
        }
    }

    /// ODBC's `{fn now()}`, `{d '2020-01-01'}`.
    fn braces(&mut self) -> Proof {
        match self.cursor.next() {
            Some(Token::Word(_)) => self.open(Kind::Braces, State::Operand, State::Complete),
            _ => Err(NotProven),
        }
    }

    /// A variable belongs to the connection, or to the server. It may go on after white space:
    /// `@@session . sql_mode`.
    fn variable(&mut self, name: &str) -> Proof {
        let mut of_server = is_server_variable(name);
        if of_server && per_node::is_setting(DbBackend::MySql, name) {
            self.differs_by_node(name);
        }
        while self.take_symbol(b'.') {
            of_server &= name.eq_ignore_ascii_case("@global");
            let part = self.name()?.text();
            if of_server && per_node::is_setting(DbBackend::MySql, part) {
                self.differs_by_node(part);
            }
        }
        if !of_server {
            self.found.raise(Access::Session, Evidence::Variable);
        }
        Ok(())
    }

    fn operand_word(&mut self, word: &'a str) -> Proof {
        let mysql = self.is(DbBackend::MySql);
        if self.cursor.peeks(b'.') {
            return self.name_or_call(Ident::word(word));
        }
        match Keyword::parse(word) {
            Some(keyword) if self.begins_operand(keyword)? => return Ok(()),
            None if self.begins_argument(word) => return Ok(()),
            _ if mysql && self.is_typed(word) => {
                self.cursor.next();
                self.completed();
                return Ok(());
            }
            _ if self.is_no_name(word) && !self.cursor.peeks(b'(') => return Err(NotProven),
            _ => {}
        }
        self.name_or_call(Ident::word(word))
    }

    /// Whether a word says how MySQL reads the literal after it: `_utf8 0xC3B6`, `DATE "2020-01-01"`.
    fn is_typed(&mut self, word: &str) -> bool {
        let charset = word.starts_with('_');
        match self.cursor.peek() {
            Some(Token::Literal) => charset,
            Some(Token::Quoted(_, Quote::Double)) => {
                charset || is_one_of(word, &["date", "time", "timestamp"])
            }
            next => charset && is_word(next, &["x", "b"]),
        }
    }

    /// MySQL's `MATCH a, b AGAINST ('x')`.
    fn match_without_parentheses(&mut self) -> Proof {
        self.table_name()?;
        while self.take_symbol(b',') {
            self.table_name()?;
        }
        self.expect_word(&["against"])?;
        self.open_parenthesis(Kind::Arguments, State::Operand, State::Complete)
    }

    /// Whether a word is none that may name something where it stands.
    pub(super) fn is_no_name(&self, word: &str) -> bool {
        is_reserved(self.dialect, word) || Keyword::parse(word).is_some_and(is_structure)
    }

    /// The words that begin an operand, and what comes with them.
    fn begins_operand(&mut self, keyword: Keyword) -> Proof<bool> {
        use Keyword as K;
        let (mysql, postgres) = (self.is(DbBackend::MySql), self.is(DbBackend::Postgres));
        let parenthesis = self.cursor.peeks(b'(');
        let Level { kind, clause, .. } = *self.level();
        match keyword {
            K::Not | K::Distinct => self.level().first = false,
            K::Binary if mysql => self.level().first = false,
            K::Case => self.open(Kind::Case, State::Operand, State::Complete)?,
            K::When if kind == Kind::Case => self.level().first = false,
            K::Exists if parenthesis => {
                self.open_parenthesis(Kind::Subquery, State::Query, State::Complete)?;
            }
            K::Array if postgres && parenthesis => {
                self.open_parenthesis(Kind::Subquery, State::Query, State::Complete)?;
            }
            K::Array if postgres && self.take_symbol(b'[') => {
                self.open(Kind::Brackets, State::Operand, State::Complete)?;
            }
            K::All if clause == Clause::Limit && !parenthesis => self.completed(),
            K::All if kind == Kind::Arguments && !mysql => self.level().first = false,
            K::All if kind == Kind::Arguments && !self.is_quantifier() => {
                self.level().first = false
            }
            K::All | K::Any | K::Some_ if parenthesis && self.is_quantifier() => {
                self.open_parenthesis(Kind::Group, State::Opened, State::Complete)?;
            }
            // Of a column, not of a function of that name.
            K::Default | K::Values if mysql && parenthesis => {
                self.open_parenthesis(Kind::Arguments, State::Operand, State::Complete)?;
            }
            K::Interval if mysql => {
                let level = self.level();
                level.first = false;
                level.interval = true;
            }
            K::Match if mysql && !parenthesis => self.match_without_parentheses()?,
            K::Interval if postgres => self.interval()?,
            K::Default if postgres && kind == Kind::Arguments => self.level().first = false,
            K::Collation if postgres && self.take_keyword(K::For) => {
                self.open_parenthesis(Kind::Arguments, State::Operand, State::Complete)?;
            }
            K::Between if clause == Clause::Frame => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `ANY (`, `ALL (`: in Postgres of an array or a query, in MySQL of a query.
    fn is_quantifier(&mut self) -> bool {
        match self.dialect {
            DbBackend::Postgres => true,
            DbBackend::MySql => self.query_in_parentheses(),
            _ => false,
        }
    }

    /// Whether the parentheses that follow may hold a query.
    pub(super) fn query_in_parentheses(&mut self) -> bool {
        let second = self.cursor.peek_second();
        second == Some(Token::Symbol(b'('))
            || is_word(second, &["select", "values", "table", "with"])
    }

    /// Words that are no keywords elsewhere, before an operand of special arguments.
    fn begins_argument(&mut self, word: &str) -> bool {
        let Level { kind, clause, .. } = *self.level();
        let is = |words: &[&str]| is_one_of(word, words);
        if clause == Clause::Frame && is(&["unbounded", "current"]) {
            self.take_word(&["preceding", "following", "row"]);
            self.completed();
            return true;
        }
        if clause == Clause::SystemTime && is(&["timestamp", "transaction"]) {
            return !self.cursor.peeks(b'(');
        }
        if kind != Kind::Arguments {
            return false;
        }
        let sqlite = self.is(DbBackend::Sqlite);
        if !sqlite && is(&["both", "leading", "trailing"]) {
            self.take_keyword(Keyword::From);
            return true;
        }
        self.is(DbBackend::Postgres) && is(&["variadic"])
    }

    /// Postgres's `INTERVAL '1 day'`, `INTERVAL '1' DAY TO SECOND(3)`, `INTERVAL(3) '1 s'`.
    fn interval(&mut self) -> Proof {
        if self.cursor.peeks(b'(') {
            self.modifiers()?;
        } else if !matches!(self.cursor.peek(), Some(Token::Text(_))) {
            return self.name_or_call(Ident::word("interval"));
        }
        match self.cursor.next() {
            Some(Token::Text(_)) => self.interval_fields()?,
            _ => return Err(NotProven),
        }
        self.completed();
        Ok(())
    }

    /// A name, perhaps with its schema and more; a call when `(` follows.
    pub(super) fn name_or_call(&mut self, first: Ident<'a>) -> Proof {
        let name = self.chain(first)?;
        if self.cursor.peeks(b'(') {
            let name = name.ok_or(NotProven)?;
            self.call(name);
            self.level().first = false;
            self.open_parenthesis(Kind::Arguments, State::Opened, State::Complete)?;
            return self.special_arguments(name);
        }
        if let Some(name) = name {
            self.column(name);
        }
        self.completed();
        Ok(())
    }

    /// A name that is no call. With `sql_mode=ORACLE`, MariaDB takes `s.nextval` for one.
    fn column(&mut self, name: Name<'a>) {
        let text = name.name.text();
        if per_node::is_column(self.dialect, text) {
            self.differs_by_node(text);
        }
        if self.is(DbBackend::MySql)
            && name.schema.is_some()
            && is_one_of(text, &["nextval", "currval"])
        {
            self.unknown_function(text);
        }
    }
}

/// A symbol that is an operator, or a part of one.
pub(super) fn is_operator(symbol: u8) -> bool {
    matches!(
        symbol,
        b'+' | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'^'
            | b'&'
            | b'|'
            | b'~'
            | b'<'
            | b'>'
            | b'='
            | b'!'
            | b'@'
            | b'#'
            | b'?'
    )
}

/// Whether a keyword builds the structure of a query in every dialect, so that it names nothing.
pub(super) fn is_structure(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::Select
            | K::From
            | K::Where
            | K::Group
            | K::Having
            | K::Order
            | K::Union
            | K::Intersect
            | K::Except
            | K::Limit
            | K::On
            | K::Using
            | K::When
            | K::Then
            | K::Else
            | K::And
            | K::Or
            | K::In
            | K::Into
            | K::As
            | K::Is
            | K::Like
            | K::Between
            | K::For
            | K::Case
            | K::Distinct
            | K::Not
            | K::Create
            | K::Table
    )
}
