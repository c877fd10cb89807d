//! Where a reader is in a text: the next token, and what follows it.

use sea_orm::DbBackend;

use super::keyword::Keyword;
use super::lexer::{Escapes, Lexer};
use super::names::{Ident, Name};
use super::token::Token;

/// A lexer that can be asked for the next token without taking it.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Option<Token<'a>>>,
}

/// After a dot there is no name.
pub(super) struct NoName;

impl<'a> Cursor<'a> {
    pub(super) fn new(lexer: Lexer<'a>) -> Self {
        Self {
            lexer,
            peeked: None,
        }
    }

    pub(super) fn dialect(&self) -> DbBackend {
        self.lexer.dialect()
    }

    /// The other modes of a session in which the text that was read has other tokens.
    pub(super) fn other_escapes(&self) -> impl Iterator<Item = Escapes> + use<> {
        self.lexer.doubtful().others(self.dialect())
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.peeked.take().unwrap_or_else(|| self.lexer.next())
    }

    pub(super) fn peek(&mut self) -> Option<Token<'a>> {
        *self.peeked.get_or_insert_with(|| self.lexer.next())
    }

    /// Whether white space or a comment stands before the next token.
    pub(super) fn is_spaced(&mut self) -> bool {
        self.peek();
        self.lexer.is_spaced()
    }

    /// The token after the next.
    pub(super) fn peek_second(&mut self) -> Option<Token<'a>> {
        self.peek();
        self.lexer.clone().next()
    }

    /// The rest of `first.second.third`. Returns `None` if it ends in `*`.
    pub(super) fn chain(&mut self, first: Ident<'a>) -> Result<Option<Name<'a>>, NoName> {
        let mut name = Name::new(None, first);
        while self.peeks(b'.') {
            self.next();
            if self.peeks(b'*') {
                self.next();
                return Ok(None);
            }
            let part = self.peek().and_then(Ident::of).ok_or(NoName)?;
            self.next();
            name = Name::new(Some(name.name), part);
        }
        Ok(Some(name))
    }

    /// Whether something follows that can spell a name.
    pub(super) fn peeks_name(&mut self) -> bool {
        self.peek().and_then(Ident::of).is_some()
    }

    /// The tokens that are still to come.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Token<'a>> + use<'a> {
        let first = self.peek();
        first.into_iter().chain(self.lexer.clone())
    }

    pub(super) fn peeks(&mut self, symbol: u8) -> bool {
        self.peek() == Some(Token::Symbol(symbol))
    }

    pub(super) fn peek_keyword(&mut self) -> Option<Keyword> {
        keyword(self.peek())
    }

    /// The keyword after the next token.
    pub(super) fn peek_second_keyword(&mut self) -> Option<Keyword> {
        keyword(self.peek_second())
    }
}

fn keyword(token: Option<Token<'_>>) -> Option<Keyword> {
    match token {
        Some(Token::Word(word)) => Keyword::parse(word),
        _ => None,
    }
}
