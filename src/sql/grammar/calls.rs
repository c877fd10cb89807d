//! Names, and calls of functions.

use sea_orm::DbBackend;

use super::{NotProven, Proof, Recogniser};
use crate::sql::cursor::NoName;
use crate::sql::keyword::is_one_of;
use crate::sql::names::{Ident, Name};
use crate::sql::operation::{Access, Evidence};
use crate::sql::per_node;
use crate::sql::reserved::is_reserved;
use crate::sql::token::Token;

impl<'a> Recogniser<'a, '_> {
    /// The rest of `first.second.third`. Returns `None` if it ends in `*`.
    pub(super) fn chain(&mut self, first: Ident<'a>) -> Proof<Option<Name<'a>>> {
        self.cursor.chain(first).map_err(|NoName| NotProven)
    }

    /// A function call; whether the function is known to only read.
    pub(super) fn call(&mut self, name: Name<'a>) -> bool {
        let function = name.name;
        // MySQL resolves these to a stored function.
        let quoted = function.is_quoted();
        let stored = self.is(DbBackend::MySql)
            && (quoted
                || self.cursor.is_spaced() && needs_parenthesis_at_once(function.text())
                || self.has_no_arguments() && self.functions.needs_arguments(function.text()));
        let text = function.text();
        let is_exact = !self.is(DbBackend::Postgres)
            || !function.has_capitals() && !name.schema.is_some_and(|schema| schema.has_capitals());
        let schema = name.schema.map(|schema| schema.text());
        let known = is_exact && !stored && self.functions.contains(schema, text, quoted)
            || schema.is_none() && !quoted && self.functions.casts(text) && self.takes_string();
        let of_server = schema.is_none_or(|schema| schema.eq_ignore_ascii_case("pg_catalog"));
        let per_node =
            is_exact && !stored && of_server && per_node::is_function(self.dialect, text);
        if per_node || known && per_node::is_statistic(self.dialect, text) {
            self.differs_by_node(text);
            return true;
        }
        if !known {
            match schema {
                Some(schema) => self.unknown_function(&format!("{schema}.{text}")),
                None => self.unknown_function(text),
            }
        }
        known
    }

    /// A function of SQLite that returns rows; whether it is known to only read.
    pub(super) fn call_for_rows(&mut self, name: Name<'a>) -> bool {
        let text = name.name.text();
        let schema = name.schema.map(|schema| schema.text());
        let known = self.functions.returns_rows(schema, text);
        if !known {
            self.unknown_function(text);
        }
        known
    }

    pub(super) fn unknown_function(&mut self, name: &str) {
        let evidence = Evidence::Function(name.into());
        self.found.raise(Access::Unknown, evidence);
    }

    /// Whether `('...')` follows.
    fn takes_string(&mut self) -> bool {
        let mut tokens = self.cursor.rest().skip(1);
        matches!(tokens.next(), Some(Token::Text(_))) && tokens.next() == Some(Token::Symbol(b')'))
    }

    /// Whether `()` follows.
    fn has_no_arguments(&mut self) -> bool {
        self.cursor.peeks(b'(') && self.cursor.peek_second() == Some(Token::Symbol(b')'))
    }

    /// An operator calls a function of this name.
    pub(super) fn calls_function(&mut self, name: &'static str) {
        self.call(Name::new(None, Ident::word(name)));
    }

    /// The answer of what was read differs between the nodes.
    pub(super) fn differs_by_node(&mut self, name: &str) {
        let evidence = Evidence::DiffersByNode(name.into());
        self.found.raise(Access::NodeRead, evidence);
    }

    pub(super) fn take_symbol(&mut self, symbol: u8) -> bool {
        let is_next = self.cursor.peeks(symbol);
        if is_next {
            self.cursor.next();
        }
        is_next
    }

    /// A name of one part. A reserved word is none.
    pub(super) fn name(&mut self) -> Proof<Ident<'a>> {
        match self.cursor.next() {
            Some(Token::Word(word)) if is_reserved(self.dialect, word) => Err(NotProven),
            token => token.and_then(Ident::of).ok_or(NotProven),
        }
    }

    /// Takes a name of one part.
    pub(super) fn take_name(&mut self) -> Proof {
        self.name().map(drop)
    }

    /// Takes a name, or a word that names nothing elsewhere.
    pub(super) fn take_any_name(&mut self) -> Proof {
        let token = self.cursor.next();
        token.and_then(Ident::of).map(drop).ok_or(NotProven)
    }

    /// `a, b, c`.
    pub(super) fn name_list(&mut self) -> Proof {
        self.take_name()?;
        while self.take_symbol(b',') {
            self.take_name()?;
        }
        Ok(())
    }

    /// `(a, b, c)`, names alone.
    pub(super) fn column_names(&mut self) -> Proof {
        self.expect(b'(')?;
        self.name_list()?;
        self.expect(b')')
    }

    /// A table with its schema.
    pub(super) fn table_name(&mut self) -> Proof<Name<'a>> {
        let first = self.name()?;
        self.chain(first)?.ok_or(NotProven)
    }

    /// Parentheses around names, types and constants, in which nothing is called.
    pub(super) fn definitions(&mut self) -> Proof {
        self.expect(b'(')?;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.cursor.next() {
                Some(Token::Symbol(b'(')) => depth += 1,
                Some(Token::Symbol(b')')) => depth -= 1,
                Some(Token::Symbol(b',' | b'.' | b'[' | b']' | b'-' | b'+')) => {}
                Some(Token::Word(_) | Token::Quoted(..) | Token::Literal | Token::Text(_)) => {}
                _ => return Err(NotProven),
            }
        }
        Ok(())
    }

    /// The modifiers of a type: `(10, 2)`.
    pub(super) fn modifiers(&mut self) -> Proof {
        self.expect(b'(')?;
        loop {
            match self.cursor.next() {
                Some(Token::Symbol(b')')) => return Ok(()),
                Some(Token::Symbol(b',' | b'-' | b'+')) => {}
                Some(Token::Word(_) | Token::Quoted(..) | Token::Literal | Token::Text(_)) => {}
                _ => return Err(NotProven),
            }
        }
    }
}

/// Whether MySQL or MariaDB takes a name for its own function only if `(` follows at once, unless the
/// mode `IGNORE_SPACE` is set.
fn needs_parenthesis_at_once(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "adddate", "bit_and", "bit_or", "bit_xor", "cast", "count", "cume_dist", "curdate",
        "curtime", "date_add", "date_sub", "dense_rank", "extract", "first_value",
        "geometrycollection", "group_concat", "json_arrayagg", "json_objectagg", "lag", "lead",
        "linestring", "max", "median", "mid", "min", "multilinestring", "multipoint",
        "multipolygon", "now", "nth_value", "ntile", "percent_rank", "percentile_cont",
        "percentile_disc", "point", "polygon", "position", "rank", "session_user", "st_collect",
        "std", "stddev", "stddev_pop", "stddev_samp", "subdate", "substr", "substring", "sum",
        "sysdate", "system_user", "trim", "trim_oracle", "var_pop", "var_samp", "variance",
    ];
    is_one_of(name, NAMES)
}
