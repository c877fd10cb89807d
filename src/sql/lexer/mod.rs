//! The lexer: one linear pass over the bytes, nothing copied, nothing allocated, no recursion.
//!
//! It knows just what decides where code ends and data begins in each dialect: quotes and their
//! escapes, comments (nested in Postgres), dollar quotes, and MySQL's executable comments, which
//! are lexed as the code they are.

mod escapes;
mod numbers;
mod quotes;

use sea_orm::DbBackend;

pub(crate) use self::escapes::Escapes;
use super::token::{Quote, Token};

/// An iterator over the tokens of one SQL text.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    dialect: DbBackend,
    executable_comments: usize,
    /// White space or a comment stands before the token that was read last.
    spaced: bool,
    /// In which quotes a backslash escapes.
    escapes: Escapes,
    /// In which quotes a backslash stood before a quote.
    doubtful: Escapes,
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        loop {
            let byte = self.byte(0)?;
            self.spaced = self.at > start;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.starts_dash_comment() => self.skip_line(),
                b'#' if self.dialect == DbBackend::MySql => self.skip_line(),
                // SQLite skips a byte order mark anywhere.
                0xef if self.is_byte_order_mark() => self.at += 3,
                b'/' if self.byte(1) == Some(b'*') => {
                    if let Some(token) = self.comment() {
                        return Some(token);
                    }
                }
                b'*' if self.executable_comments > 0 && self.byte(1) == Some(b'/') => {
                    self.executable_comments -= 1;
                    self.at += 2;
                }
                _ => return Some(self.token(byte)),
            }
        }
    }
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str, dialect: DbBackend) -> Self {
        Self {
            sql,
            at: 0,
            dialect,
            executable_comments: 0,
            spaced: false,
            escapes: Escapes::of(dialect),
            doubtful: Escapes::NOWHERE,
        }
    }

    pub(crate) fn dialect(&self) -> DbBackend {
        self.dialect
    }

    /// The text as a server reads it in another mode.
    pub(crate) fn with_escapes(self, escapes: Escapes) -> Self {
        Self { escapes, ..self }
    }

    /// Whether white space or a comment stands before the token that was read last.
    pub(crate) fn is_spaced(&self) -> bool {
        self.spaced
    }

    /// In which quotes a backslash stood before a quote, so that the tokens depend on the mode.
    pub(crate) fn doubtful(&self) -> Escapes {
        self.doubtful
    }

    fn is_byte_order_mark(&self) -> bool {
        self.dialect == DbBackend::Sqlite
            && self.byte(1) == Some(0xbb)
            && self.byte(2) == Some(0xbf)
    }

    fn token(&mut self, byte: u8) -> Token<'a> {
        match byte {
            b'\'' => self.string_of_mode(b'\''),
            b'\\' if self.starts_null() => {
                self.at += 2;
                Token::Literal
            }
            b'"' => self.double_quoted(),
            b'`' if self.dialect != DbBackend::Postgres => self.quoted(Quote::Backtick),
            b'[' if self.dialect == DbBackend::Sqlite => self.quoted(Quote::Bracket),
            b'$' => self.dollar(),
            b'?' if self.dialect != DbBackend::Postgres => self.parameter(),
            b':' => self.colon(),
            b'@' => self.at_sign(),
            b'0'..=b'9' => self.number(),
            b'.' if self.starts_fraction() => self.number(),
            _ if is_word_start(byte) => self.word(byte),
            _ => {
                self.at += 1;
                Token::Symbol(byte)
            }
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.sql.get(from..to).unwrap_or_default()
    }

    /// `--`; in MySQL only when white space or a control character follows.
    fn starts_dash_comment(&self) -> bool {
        self.byte(1) == Some(b'-')
            && (self.dialect != DbBackend::MySql
                || self.byte(2).is_none_or(|next| next <= b' ' || next == 0x7f))
    }

    fn skip_line(&mut self) {
        while self
            .byte(0)
            .is_some_and(|byte| byte != b'\n' && !self.is_carriage_return(byte))
        {
            self.at += 1;
        }
    }

    /// Only Postgres ends a line comment at a carriage return.
    fn is_carriage_return(&self, byte: u8) -> bool {
        byte == b'\r' && self.dialect == DbBackend::Postgres
    }

    /// A block comment, or the start of an executable one.
    fn comment(&mut self) -> Option<Token<'a>> {
        if self.dialect == DbBackend::MySql
            && let Some(marker) = self.executable_marker()
        {
            self.at += marker;
            while self.byte(0).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1;
            }
            self.executable_comments += 1;
            return Some(Token::ExecutableComment);
        }
        self.skip_comment()
    }

    /// The length of `/*!` or MariaDB's `/*M!`.
    fn executable_marker(&self) -> Option<usize> {
        match (self.byte(2), self.byte(3)) {
            (Some(b'!'), _) => Some(3),
            (Some(b'M' | b'm'), Some(b'!')) => Some(4),
            _ => None,
        }
    }

    fn skip_comment(&mut self) -> Option<Token<'a>> {
        let nests = self.dialect == DbBackend::Postgres;
        let hint = self.dialect == DbBackend::MySql && self.byte(2) == Some(b'+');
        let mut depth = 1_usize;
        self.at += 2;
        while depth > 0 {
            match (self.byte(0), self.byte(1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                (Some(b'/'), Some(b'*')) if nests => {
                    depth += 1;
                    self.at += 2;
                }
                // Some servers end a hint within the quote, and some do not.
                (Some(quote @ (b'\'' | b'"' | b'`')), _) if hint => {
                    let from = self.at + 1;
                    self.string(quote, false);
                    if self.slice(from, self.at).contains("*/") {
                        return Some(Token::Ambiguous);
                    }
                }
                (Some(_), _) => self.at += 1,
                // SQLite reads a comment that never ends as one that ends with the text.
                (None, _) if self.dialect == DbBackend::Sqlite => return None,
                (None, _) => return Some(Token::Unterminated),
            }
        }
        None
    }

    /// `\\N`, MySQL's `NULL`.
    fn starts_null(&self) -> bool {
        self.dialect == DbBackend::MySql && self.byte(1) == Some(b'N')
    }

    /// `$1`, `?`, `?1`, `:name`, `$name`.
    fn parameter(&mut self) -> Token<'a> {
        let mark = self.byte(0);
        self.at += 1;
        match self.dialect {
            DbBackend::Sqlite if mark != Some(b'?') => self.skip(is_word_part),
            DbBackend::MySql => {}
            _ => self.skip(|byte| byte.is_ascii_digit()),
        }
        match self.byte(0) {
            // SQLite takes `$name(text)` for one parameter.
            Some(b'(') if self.dialect == DbBackend::Sqlite => Token::Ambiguous,
            Some(byte) if is_word_part(byte) && self.dialect != DbBackend::Sqlite => {
                Token::Ambiguous
            }
            _ => Token::Literal,
        }
    }

    fn colon(&mut self) -> Token<'a> {
        match self.byte(1) {
            Some(b':') => {
                self.at += 2;
                Token::Cast
            }
            Some(b'=') => {
                self.at += 2;
                Token::Assign
            }
            Some(next) if self.dialect == DbBackend::Sqlite && is_word_part(next) => {
                self.parameter()
            }
            _ => {
                self.at += 1;
                Token::Symbol(b':')
            }
        }
    }

    fn at_sign(&mut self) -> Token<'a> {
        match self.dialect {
            DbBackend::MySql => self.variable(),
            DbBackend::Sqlite => self.parameter(),
            _ => {
                self.at += 1;
                Token::Symbol(b'@')
            }
        }
    }

    /// `@x`, `@'x'`, `` @`x` ``, `@@x`, `@@global.x`.
    fn variable(&mut self) -> Token<'a> {
        let start = self.at + 1;
        self.at = start;
        if let Some(quote @ (b'\'' | b'"' | b'`')) = self.byte(0) {
            return match self.string_of_mode(quote) {
                Token::Text(text) => Token::Variable(text),
                other => other,
            };
        }
        self.skip(|byte| is_word_part(byte) || matches!(byte, b'.' | b'@'));
        let name = self.slice(start, self.at);
        // A quoted part is not analyzed: it may name any variable.
        while self.byte(0) == Some(b'`') {
            if self.string(b'`', false) == Token::Unterminated {
                return Token::Unterminated;
            }
            self.skip(|byte| is_word_part(byte) || byte == b'.');
        }
        match self.at == start + name.len() {
            true => Token::Variable(name),
            false => Token::Variable(""),
        }
    }

    fn skip(&mut self, part: impl Fn(u8) -> bool) {
        while self.byte(0).is_some_and(&part) {
            self.at += 1;
        }
    }

    fn word(&mut self, byte: u8) -> Token<'a> {
        if self.dialect == DbBackend::Postgres {
            match (byte, self.byte(1), self.byte(2)) {
                (b'e' | b'E', Some(b'\''), _) => return self.escape_string(),
                (b'u' | b'U', Some(b'&'), Some(b'"')) => return self.encoded_identifier(),
                _ => {}
            }
        }
        self.plain_word()
    }

    fn plain_word(&mut self) -> Token<'a> {
        let start = self.at;
        self.at += 1;
        while self.byte(0).is_some_and(is_word_part) {
            self.at += 1;
        }
        Token::Word(self.slice(start, self.at))
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str, dialect: DbBackend) -> Vec<Token<'_>> {
        Lexer::new(sql, dialect).collect()
    }

    #[test]
    fn postgres_comments_nest() {
        let tokens = words("/* a /* b */ c */ x", DbBackend::Postgres);
        assert_eq!(tokens, [Token::Word("x")]);
    }

    #[test]
    fn mysql_comments_do_not_nest() {
        let tokens = words("/* a /* b */ x", DbBackend::MySql);
        assert_eq!(tokens, [Token::Word("x")]);
    }

    #[test]
    fn mysql_dashes_without_white_space_are_operators() {
        let tokens = words("1--1", DbBackend::MySql);
        assert_eq!(
            tokens,
            [
                Token::Literal,
                Token::Symbol(b'-'),
                Token::Symbol(b'-'),
                Token::Literal
            ]
        );
    }

    #[test]
    fn an_escape_string_goes_on_over_a_line_break() {
        let tokens = words("E'a'\n'b\\'; DELETE' x", DbBackend::Postgres);
        assert_eq!(tokens, [Token::Literal, Token::Word("x")]);
    }

    #[test]
    fn a_dollar_inside_a_word_does_not_quote() {
        let tokens = words("a$$b $$c$$", DbBackend::Postgres);
        assert_eq!(tokens, [Token::Word("a$$b"), Token::Literal]);
    }

    #[test]
    fn mysql_names_may_start_with_a_digit() {
        let tokens = words("1a 1e5 0x1F 2.5", DbBackend::MySql);
        assert_eq!(
            tokens,
            [
                Token::Word("1a"),
                Token::Literal,
                Token::Literal,
                Token::Literal
            ]
        );
    }

    #[test]
    fn what_never_ends_is_said_so() {
        for sql in ["'a", "\"a", "/* a", "$$ a", "E'a\\'"] {
            assert!(
                words(sql, DbBackend::Postgres).contains(&Token::Unterminated),
                "{sql}"
            );
        }
    }
}
