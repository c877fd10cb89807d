//! What stands between quotes: strings, quoted identifiers, dollar quotes.

use sea_orm::DbBackend;

use super::{Lexer, is_word_start};
use crate::sql::token::{Quote, Token};

impl<'a> Lexer<'a> {
    /// A string that starts at the current byte, its quote, in which a backslash escapes in some modes.
    pub(super) fn string_of_mode(&mut self, quote: u8) -> Token<'a> {
        let start = self.at + 1;
        let escapes = match quote {
            b'"' => self.escapes.double,
            b'\'' => self.escapes.single,
            _ => false,
        };
        let token = self.string(quote, escapes);
        let text = self.sql.as_bytes().get(start..self.at).unwrap_or_default();
        let doubtful = text.windows(2).any(|pair| pair == [b'\\', quote]);
        match quote {
            b'"' => self.doubtful.double |= doubtful,
            b'\'' => self.doubtful.single |= doubtful,
            _ => {}
        }
        token
    }

    /// A string that starts at the current byte, its quote.
    pub(super) fn string(&mut self, quote: u8, backslash_escapes: bool) -> Token<'a> {
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.byte(0) {
                None => return Token::Unterminated,
                Some(b'\\') if backslash_escapes => self.at += 2,
                Some(byte) if byte == quote => {
                    if self.byte(1) != Some(quote) {
                        break;
                    }
                    self.at += 2;
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Token::Text(self.slice(start, self.at - 1))
    }

    /// An identifier, but a string in MySQL's default mode (an identifier with `ANSI_QUOTES`).
    pub(super) fn double_quoted(&mut self) -> Token<'a> {
        if self.dialect != DbBackend::MySql {
            return self.quoted(Quote::Double);
        }
        match self.string_of_mode(b'"') {
            Token::Text(text) => Token::Quoted(text, Quote::Double),
            other => other,
        }
    }

    pub(super) fn quoted(&mut self, quote: Quote) -> Token<'a> {
        match (self.string(quote.closing(), false), quote) {
            (Token::Text(text), quote) => Token::Quoted(text, quote),
            (other, _) => other,
        }
    }

    /// `$1`, `$tag$ ... $tag$`, SQLite's `$name`, or a MySQL word.
    pub(super) fn dollar(&mut self) -> Token<'a> {
        match self.dialect {
            DbBackend::MySql => self.plain_word(),
            DbBackend::Postgres => self.dollar_quote(),
            _ => self.parameter(),
        }
    }

    fn dollar_quote(&mut self) -> Token<'a> {
        let mut length = 1;
        while self.byte(length).is_some_and(|byte| is_tag(byte, length)) {
            length += 1;
        }
        if self.byte(length) != Some(b'$') {
            return self.parameter();
        }
        let tag = self.slice(self.at, self.at + length + 1);
        let body = self.at + tag.len();
        match self.sql.get(body..).and_then(|rest| rest.find(tag)) {
            Some(end) if !tag.is_empty() => {
                self.at = body + end + tag.len();
                Token::Literal
            }
            _ => {
                self.at = self.sql.len();
                Token::Unterminated
            }
        }
    }

    /// `E'...'`, with every string that continues it on a following line.
    pub(super) fn escape_string(&mut self) -> Token<'a> {
        self.at += 1;
        loop {
            let token = self.string(b'\'', true);
            if token == Token::Unterminated || !self.continues_string() {
                return if token == Token::Unterminated {
                    token
                } else {
                    Token::Literal
                };
            }
        }
    }

    /// Whether white space with a line break, and perhaps `--` comments, then a quote follows; if so,
    /// moves to the quote.
    fn continues_string(&mut self) -> bool {
        let before = self.at;
        let mut line_break = false;
        loop {
            match (self.byte(0), self.byte(1)) {
                (Some(byte @ (b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)), _) => {
                    line_break |= matches!(byte, b'\n' | b'\r');
                    self.at += 1;
                }
                (Some(b'-'), Some(b'-')) => self.skip_line(),
                _ => break,
            }
        }
        let continues = line_break && self.byte(0) == Some(b'\'');
        if !continues {
            self.at = before;
        }
        continues
    }

    pub(super) fn encoded_identifier(&mut self) -> Token<'a> {
        self.at += 2;
        match self.quoted(Quote::Double) {
            Token::Unterminated => Token::Unterminated,
            _ => Token::EncodedIdentifier,
        }
    }
}

/// Whether `byte` may stand at `position` in the tag of a dollar quote.
fn is_tag(byte: u8, position: usize) -> bool {
    is_word_start(byte) || (position > 1 && byte.is_ascii_digit())
}
