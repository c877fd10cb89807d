//! What stands between the arguments of special functions, and the columns of `JSON_TABLE`.

use sea_orm::DbBackend;

use super::level::{Call, Clause, Kind, State};
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::names::Name;
use crate::sql::per_node;
use crate::sql::token::Token;

/// Words before another argument.
const SEPARATORS: &[&str] = &[
    "from",
    "for",
    "placing",
    "using",
    "similar",
    "escape",
    "separator",
    "value",
    "default",
    "limit",
];

/// Words that add nothing to read: options of SQL's functions for JSON and XML.
const OPTIONS: &[&str] = &[
    "null",
    "absent",
    "error",
    "empty",
    "array",
    "object",
    "true",
    "false",
    "unknown",
    "on",
    "with",
    "without",
    "conditional",
    "unconditional",
    "wrapper",
    "unique",
    "keys",
    "keep",
    "omit",
    "quotes",
    "scalar",
    "string",
    "format",
    "json",
    "encoding",
    "utf8",
    "utf16",
    "utf32",
    "preserve",
    "strip",
    "whitespace",
    "indent",
    "no",
    "by",
    "ref",
    "nulls",
    "respect",
    "ignore",
    "first",
    "last",
    "query",
    "expansion",
    "reverse",
];

impl<'a> Recogniser<'a, '_> {
    /// What the arguments of a special function begin with. A word of the grammar that is no reserved word
    /// must be taken here: before `like (1)` it could pass for a name, and `like` for an operator.
    pub(super) fn special_arguments(&mut self, name: Name<'a>) -> Proof {
        let is = |names: &[&str]| names.iter().any(|it| name.is(it));
        match self.dialect {
            DbBackend::MySql if is(&["convert"]) => self.level().call = Call::Convert,
            DbBackend::MySql if is(&["point"]) => self.level().call = Call::Point(0),
            DbBackend::Postgres if is(&["xmlroot"]) => self.level().call = Call::XmlRoot,
            DbBackend::Postgres if is(&["xmlserialize", "xmlparse"]) => {
                self.expect_word(&["document", "content"])?;
                self.operator()?;
            }
            DbBackend::Postgres if is(&["xmlelement", "xmlpi"]) => {
                self.expect_word(&["name"])?;
                self.take_any_name()?;
                self.completed();
            }
            DbBackend::Postgres if is(&["json_object", "json_objectagg"]) => self.key(),
            DbBackend::Postgres if name.name.text().eq_ignore_ascii_case("current_setting") => {
                self.setting();
            }
            _ => {}
        }
        Ok(())
    }

    /// The `KEY` of `JSON_OBJECT(KEY a VALUE b)`. Before anything that could go on with a name it is one.
    fn key(&mut self) {
        let names = match self.cursor.peek_second() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case("value"),
            Some(Token::Quoted(..) | Token::Literal | Token::Text(_)) => false,
            _ => true,
        };
        if !names && self.take_word(&["key"]) {
            self.level().state = State::Operand;
        }
    }

    /// The name of a setting; one that the text does not show may be one of the node.
    fn setting(&mut self) {
        match self.cursor.peek() {
            Some(Token::Text(name)) if !per_node::is_setting(DbBackend::Postgres, name) => {}
            Some(Token::Text(name)) => self.differs_by_node(name),
            _ => self.differs_by_node("current_setting"),
        }
    }

    /// `VERSION a`, `VERSION NO VALUE`, `STANDALONE YES`, `STANDALONE NO VALUE`.
    pub(super) fn xml_root_option(&mut self) -> Proof {
        match self.take_word(&["version"]) {
            true if self.take_word(&["no"]) => self.expect_word(&["value"])?,
            true => return self.operator(),
            false => {
                self.expect_word(&["standalone"])?;
                if self.take_word(&["no"]) {
                    self.take_word(&["value"]);
                } else {
                    self.expect_word(&["yes"])?;
                }
            }
        }
        self.completed();
        Ok(())
    }

    /// A word after an argument.
    pub(super) fn argument_word(&mut self, word: &'a str, keyword: Option<Keyword>) -> Proof {
        let is = |words: &[&str]| is_one_of(word, words);
        let mysql = self.is(DbBackend::MySql);
        if self.is(DbBackend::Sqlite) && !matches!(keyword, Some(Keyword::As | Keyword::Order)) {
            return Err(NotProven);
        }
        if keyword == Some(Keyword::As) || is(&["returning"]) {
            return self.type_name();
        }
        if keyword == Some(Keyword::Order) {
            self.expect_keyword(Keyword::By)?;
            return self.operator();
        }
        if is(&["passing"]) {
            if self.take_word(&["by"]) {
                self.expect_word(&["ref", "value"])?;
            }
            return self.operator();
        }
        if keyword == Some(Keyword::Columns) {
            return self.columns();
        }
        if is(&["value"]) && is_word(self.cursor.peek(), &["passing"]) {
            return Ok(());
        }
        if mysql && is(&["using"]) {
            return self.take_any_name();
        }
        if mysql && is(&["level"]) {
            return match self.cursor.next() {
                Some(Token::Literal) => Ok(()),
                _ => Err(NotProven),
            };
        }
        if is(SEPARATORS) {
            return self.operator();
        }
        match is(OPTIONS) || mysql && is(UNITS) {
            true => Ok(()),
            false => Err(NotProven),
        }
    }

    /// `COLUMNS (a int PATH '$.a', ...)`, or in `XMLTABLE` without parentheses.
    fn columns(&mut self) -> Proof {
        self.level().call = Call::Plain;
        if self.cursor.peeks(b'(') {
            return self.open_parenthesis(Kind::Columns, State::Column, State::Complete);
        }
        let level = self.level();
        level.kind = Kind::Columns;
        level.state = State::Column;
        level.first = true;
        Ok(())
    }

    /// A column of `JSON_TABLE` or `XMLTABLE`: a name, a type, options. Only what follows `PATH` and
    /// `DEFAULT` is an expression.
    pub(super) fn table_column(&mut self) -> Proof {
        let is_name = std::mem::replace(&mut self.level().first, false);
        match self.cursor.next() {
            Some(Token::Symbol(b')')) if !is_name => self.close(b')'),
            Some(Token::Symbol(b',')) if !is_name => {
                self.level().first = true;
                Ok(())
            }
            Some(Token::Quoted(..)) if is_name => Ok(()),
            Some(Token::Word(word)) if is_name => match word.eq_ignore_ascii_case("nested") {
                true => self.nested_columns(),
                false => Ok(()),
            },
            Some(Token::Word(word)) if !is_name => self.column_option(word),
            Some(Token::Symbol(b'[' | b']' | b'.') | Token::Literal | Token::Quoted(..))
                if !is_name =>
            {
                Ok(())
            }
            _ => Err(NotProven),
        }
    }

    /// `NESTED PATH '$.a' COLUMNS (...)`.
    fn nested_columns(&mut self) -> Proof {
        if !self.take_word(&["path"]) && !matches!(self.cursor.peek(), Some(Token::Text(_))) {
            return Ok(());
        }
        match self.cursor.next() {
            Some(Token::Text(_)) => {}
            _ => return Err(NotProven),
        }
        if self.take_keyword(Keyword::As) {
            self.take_name()?;
        }
        self.expect_keyword(Keyword::Columns)?;
        self.open_parenthesis(Kind::Columns, State::Column, State::Column)
    }

    /// A word of the type or the options of a column.
    pub(super) fn column_option(&mut self, word: &'a str) -> Proof {
        let is = |words: &[&str]| is_one_of(word, words);
        let level = self.level();
        level.ends_operand();
        level.clause = Clause::List;
        level.state = match is(&["path", "default"]) {
            true => State::Operand,
            false => State::Column,
        };
        if !is(&["path", "default"]) && self.cursor.peeks(b'(') {
            return self.modifiers();
        }
        Ok(())
    }
}

/// The units of MySQL's intervals.
#[rustfmt::skip]
pub(super) const UNITS: &[&str] = &[
    "microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
    "second_microsecond", "minute_microsecond", "minute_second", "hour_microsecond", "hour_second",
    "hour_minute", "day_microsecond", "day_second", "day_minute", "day_hour", "year_month",
];
