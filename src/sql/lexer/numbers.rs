//! Numbers, and the names that start like one.

use sea_orm::DbBackend;

use super::{Lexer, is_word_part};
use crate::sql::token::Token;

impl<'a> Lexer<'a> {
    /// `.5`, but not the dot of `a.5`.
    pub(super) fn starts_fraction(&self) -> bool {
        let before = self
            .at
            .checked_sub(1)
            .and_then(|at| self.sql.as_bytes().get(at));
        self.byte(1).is_some_and(|next| next.is_ascii_digit())
            && !before.is_some_and(|byte| is_word_part(*byte) || matches!(byte, b'"' | b'`' | b']'))
    }

    /// A number; in MySQL `1a` is a word.
    pub(super) fn number(&mut self) -> Token<'a> {
        let start = self.at;
        let mysql = self.dialect == DbBackend::MySql;
        let mut whole = true;
        if self.byte(0) == Some(b'0') && self.byte(1).is_some_and(|byte| is_radix(byte, mysql)) {
            self.at += 2;
            self.skip(|byte| byte.is_ascii_hexdigit() || byte == b'_');
            // MySQL reads `0x` alone as a name.
            whole = self.at > start + 2 || !mysql;
            if whole && !self.byte(0).is_some_and(is_word_part) {
                return Token::Literal;
            }
            whole = true;
        } else {
            self.skip(is_digit);
            if self.byte(0) == Some(b'.') {
                whole = false;
                self.at += 1;
                self.skip(is_digit);
            }
            whole &= !self.skip_exponent();
        }
        match self.byte(0) {
            Some(byte) if is_word_part(byte) && mysql && whole => {
                self.skip(is_word_part);
                Token::Word(self.slice(start, self.at))
            }
            // What follows `1.5` or `1e5` is a token of its own there.
            Some(byte) if is_word_part(byte) && !mysql => Token::Ambiguous,
            _ => Token::Literal,
        }
    }

    /// `e5`, `E+5`; not the start of a word such as `else`. Whether there was one.
    fn skip_exponent(&mut self) -> bool {
        if !matches!(self.byte(0), Some(b'e' | b'E')) {
            return false;
        }
        let digits = match self.byte(1) {
            Some(b'+' | b'-') => 2,
            _ => 1,
        };
        let has_digits = self.byte(digits).is_some_and(|byte| byte.is_ascii_digit());
        if has_digits {
            self.at += digits;
            self.skip(|byte| byte.is_ascii_digit());
        }
        has_digits
    }
}

/// A digit, or the `_` that newer versions allow between digits.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// `0x1F`, `0b01`, `0o17`; MySQL has two of them, in lower case.
fn is_radix(byte: u8, mysql: bool) -> bool {
    match mysql {
        true => matches!(byte, b'x' | b'b'),
        false => matches!(byte, b'x' | b'X' | b'b' | b'B' | b'o' | b'O'),
    }
}
