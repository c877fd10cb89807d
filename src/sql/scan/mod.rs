//! What a statement does that is no proven read: told from its words, with a small state for each
//! level of parentheses. It finds the tables of writes and of schema statements.

mod clauses;
mod commits;
mod frame;
mod statements;
mod tables;

use sea_orm::DbBackend;
use smallvec::SmallVec;

use self::frame::{Clause, Frame, Kind, With};
use super::cursor::Cursor;
use super::found::Found;
use super::keyword::Keyword;
use super::names::Names;
use super::operation::{Access, Evidence, ImplicitCommit};
use super::token::Token;

/// What the statement at the cursor does, by its words alone, and the tables it names. Takes its
/// `;`. Nothing here is a proof that it only reads.
pub(super) fn scan<'a>(cursor: &mut Cursor<'a>, names: &mut Names<'a>) -> Found {
    let mut scanner = Scanner::new(cursor, names);
    while !scanner.ended
        && let Some(token) = scanner.next()
    {
        scanner.token(token);
    }
    scanner.finish()
}

struct Scanner<'a, 't> {
    cursor: &'t mut Cursor<'a>,
    names: &'t mut Names<'a>,
    dialect: DbBackend,
    frames: SmallVec<[Frame; 8]>,
    found: Found,
    /// How the next `(` opens.
    opening: Option<Kind>,
    last: LastToken,
    before_last: LastToken,
    ended: bool,
}

/// What the previous token was, as far as it changes the meaning of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastToken {
    Nothing,
    Keyword(Keyword),
    Name,
    Closed,
    Other,
}

impl<'a, 't> Scanner<'a, 't> {
    fn new(cursor: &'t mut Cursor<'a>, names: &'t mut Names<'a>) -> Self {
        let mut frames = SmallVec::new();
        frames.push(Frame::new(Kind::Statement, 0));
        Self {
            dialect: cursor.dialect(),
            cursor,
            names,
            frames,
            found: Found::new(),
            opening: None,
            last: LastToken::Nothing,
            before_last: LastToken::Nothing,
            ended: false,
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.cursor.next()
    }

    fn peek(&mut self) -> Option<Token<'a>> {
        self.cursor.peek()
    }

    fn peek_keyword(&mut self) -> Option<Keyword> {
        self.cursor.peek_keyword()
    }

    fn peeks(&mut self, symbol: u8) -> bool {
        self.cursor.peeks(symbol)
    }

    /// The innermost frame. There always is one: the statement's is never closed.
    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(Kind::Statement, 0));
        }
        let innermost = self.frames.len() - 1;
        &mut self.frames[innermost]
    }

    fn remember(&mut self, last: LastToken) {
        self.before_last = self.last;
        self.last = last;
    }

    fn token(&mut self, token: Token<'a>) {
        match token {
            Token::Word(word) => return self.word(word),
            Token::Quoted(..) | Token::Text(_) => return self.quoted(token),
            Token::Symbol(symbol) => return self.symbol(symbol),
            Token::ExecutableComment => {
                let what = "an executable comment";
                let possible = ImplicitCommit::Possible(what);
                self.found.commits = self.found.commits.or(Some(possible));
                return self.doubt(Evidence::ExecutableComment);
            }
            Token::EncodedIdentifier | Token::Ambiguous => self.doubt(Evidence::Unparsed),
            Token::Unterminated => self.doubt(Evidence::Unterminated),
            Token::Literal | Token::Variable(_) | Token::Assign | Token::Cast => {}
        }
        self.unexpected_start();
        self.frame().expects_table = false;
        self.remember(LastToken::Other);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'(' => self.open(),
            b')' => self.close(),
            b'[' if self.dialect == DbBackend::Postgres => self.open_bracket(),
            b']' if self.dialect == DbBackend::Postgres => self.close(),
            b'{' if self.starts_outer_join() => {
                self.next();
            }
            b',' => self.comma(),
            b';' if self.frames.len() == 1 => self.ended = true,
            _ => {
                if symbol == b';' {
                    self.doubt(Evidence::Unparsed);
                }
                self.unexpected_start();
                let star_in_from = symbol == b'*' && self.frame().clause == Clause::From;
                self.frame().expects_table &= star_in_from;
                self.remember(LastToken::Other);
            }
        }
    }

    /// A statement that starts with neither a word nor a parenthesis is none.
    fn unexpected_start(&mut self) {
        let statement = self.frames.len() == 1;
        let frame = self.frame();
        let unexpected = statement && frame.start;
        frame.start = false;
        if unexpected {
            self.doubt(Evidence::Unparsed);
        }
    }

    /// The elements and subscripts of an array are separated by commas of their own.
    fn open_bracket(&mut self) {
        let mut inner = Frame::new(Kind::Group, self.names.in_sight());
        inner.start = false;
        self.frame().expects_table = false;
        self.frames.push(inner);
        self.remember(LastToken::Other);
    }

    /// ODBC's `{ OJ a LEFT OUTER JOIN b ... }`.
    fn starts_outer_join(&mut self) -> bool {
        self.frame().expects_table
            && matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("oj"))
    }

    fn open(&mut self) {
        let visible = self.names.in_sight();
        let frame = self.frame();
        let grouped_joins = frame.expects_table && frame.clause == Clause::From;
        frame.expects_table = false;
        let mut kind = Kind::Group;
        match frame.with {
            With::Body { recursive } => frame.with = With::InBody { recursive },
            With::Named { .. } => kind = Kind::Names,
            With::Name { .. } | With::AfterBody { .. } => frame.with = With::No,
            With::No | With::InBody { .. } => {}
        }
        frame.start = false;
        let kind = self.opening.take().unwrap_or(kind);
        let mut inner = Frame::new(kind, visible);
        match self.last {
            _ if grouped_joins => inner.expect(Clause::From),
            LastToken::Keyword(Keyword::Inherits) => inner.expect(Clause::Tables),
            _ => {}
        }
        self.frames.push(inner);
        self.remember(LastToken::Other);
    }

    fn close(&mut self) {
        if self.frames.len() == 1 {
            self.doubt(Evidence::Unparsed);
            return self.remember(LastToken::Closed);
        }
        if let Some(closed) = self.frames.pop() {
            self.names.leave(closed.visible);
            let frame = self.frame();
            frame.query |= closed.query && closed.kind == Kind::Group;
            if let With::InBody { recursive } = frame.with {
                frame.with = With::AfterBody { recursive };
                frame.start = true;
                frame.query = false;
                self.names.body_ended();
            }
        }
        self.remember(LastToken::Closed);
    }

    fn comma(&mut self) {
        let frame = self.frame();
        match (frame.with, frame.clause) {
            (With::AfterBody { recursive }, _) => frame.with = With::Name { recursive },
            (_, Clause::From | Clause::Join) => frame.expect(Clause::From),
            (_, Clause::Tables) => frame.expect(Clause::Tables),
            _ if frame.verb == frame::Verb::TableList => frame.expect(Clause::Tables),
            _ => {}
        }
        self.remember(LastToken::Other);
    }

    fn next_statement(&mut self) {
        self.names.leave(0);
        *self.frame() = Frame::new(Kind::Statement, 0);
        self.opening = None;
        self.last = LastToken::Nothing;
        self.before_last = LastToken::Nothing;
    }

    fn finish(mut self) -> Found {
        if self.frames.len() > 1 {
            self.doubt(Evidence::Unparsed);
        }
        self.names.leave(0);
        self.found
    }

    fn raise(&mut self, access: Access, evidence: Evidence) {
        self.found.raise(access, evidence);
    }

    fn doubt(&mut self, evidence: Evidence) {
        self.found.doubt(evidence);
    }
}
