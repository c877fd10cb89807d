//! The names of types, after `::`, `AS` of a cast, and `RETURNING`.

use sea_orm::DbBackend;

use super::arguments::UNITS;
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::names::Ident;
use crate::sql::token::Token;

/// The words that may follow the first of a type's name, by dialect.
const POSTGRES: &[&str] = &["precision", "varying"];
const MYSQL: &[&str] = &[
    "array",
    "ascii",
    "binary",
    "byte",
    "character",
    "charset",
    "int",
    "integer",
    "precision",
    "set",
    "unicode",
    "unsigned",
    "signed",
    "varying",
    "zerofill",
];

/// What an interval's precision is made of.
const FIELDS: &[&str] = &["year", "month", "day", "hour", "minute", "second"];

impl Recogniser<'_, '_> {
    /// `numeric(10, 2)`, `pg_catalog.int4[]`, `timestamp(3) with time zone`, `CHAR(3) CHARACTER SET utf8`.
    pub(super) fn type_name(&mut self) -> Proof {
        match self.dialect {
            DbBackend::Postgres => self.postgres_type(),
            DbBackend::MySql => {
                let interval = is_word(self.cursor.peek(), &["interval"]);
                self.loose_type(|word| {
                    is_word(Some(word), MYSQL) || interval && is_word(Some(word), UNITS)
                })
            }
            _ => self.loose_type(|word| matches!(word, Token::Word(_))),
        }
    }

    fn postgres_type(&mut self) -> Proof {
        self.take_word(&["setof"]);
        let first = self.cursor.next();
        let ident = first.and_then(Ident::of).ok_or(NotProven)?;
        if is_word(first, &["national"]) {
            self.take_word(&["character", "char"]);
        }
        self.chain(ident)?.ok_or(NotProven)?;
        if is_word(
            first,
            &["double", "character", "char", "bit", "national", "nchar"],
        ) {
            self.take_word(POSTGRES);
        }
        if is_word(first, &["interval"]) {
            self.interval_fields()?;
        }
        if self.cursor.peeks(b'(') {
            self.modifiers()?;
        }
        if is_word(first, &["timestamp", "time"]) {
            self.time_zone()?;
        }
        self.dimensions()
    }

    /// `[]`, `[3]`, `ARRAY[3]`.
    fn dimensions(&mut self) -> Proof {
        let array = self.take_word(&["array"]);
        if array && !self.cursor.peeks(b'[') {
            return Ok(());
        }
        while self.take_symbol(b'[') {
            if self.cursor.peek() == Some(Token::Literal) {
                self.cursor.next();
            }
            self.expect(b']')?;
        }
        Ok(())
    }

    /// `WITH TIME ZONE`, where it is one.
    pub(super) fn time_zone(&mut self) -> Proof {
        if is_word(self.cursor.peek(), &["with", "without"])
            && is_word(self.cursor.peek_second(), &["time"])
        {
            self.cursor.next();
            self.cursor.next();
            self.expect_word(&["zone"])?;
        }
        Ok(())
    }

    /// `DAY`, `DAY TO SECOND(3)`: words that would be an alias elsewhere.
    pub(super) fn interval_fields(&mut self) -> Proof {
        while self.take_word(FIELDS) {
            if self.cursor.peeks(b'(') {
                self.modifiers()?;
            }
            if !self.take_word(&["to"]) {
                break;
            }
        }
        Ok(())
    }

    /// A type that goes on for as long as the words are some of a type.
    fn loose_type(&mut self, goes_on: impl Fn(Token<'_>) -> bool) -> Proof {
        self.take_any_name()?;
        loop {
            match self.cursor.peek() {
                Some(Token::Symbol(b'(')) => self.modifiers()?,
                Some(word) if goes_on(word) => {
                    self.cursor.next();
                    if is_word(Some(word), &["set", "charset", "collate"]) {
                        self.take_any_name()?;
                    }
                }
                _ => return Ok(()),
            }
        }
    }
}
