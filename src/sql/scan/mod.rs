//! The classifier: one pass over the tokens of a text, with a small state for each level of
//! parentheses.

mod calls;
mod clauses;
mod commits;
mod frame;
mod listings;
mod statements;
mod tables;

use sea_orm::DbBackend;
use smallvec::SmallVec;

use self::frame::{Clause, Frame, Kind, With};
use super::functions::ReadOnlyFunctions;
use super::keyword::Keyword;
use super::lexer::Lexer;
use super::names::{self, Names};
use super::operation::{Access, Evidence, ImplicitCommit, Operation};
use super::token::Token;

/// What a text does, by its words alone. Nothing here is a proof that it only reads.
pub(super) fn scan(sql: &str, dialect: DbBackend, functions: &ReadOnlyFunctions) -> Operation {
    let mut classifier = Classifier::new(sql, dialect, functions);
    while let Some(token) = classifier.next() {
        classifier.token(token);
    }
    classifier.finish()
}

struct Classifier<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Option<Token<'a>>>,
    dialect: DbBackend,
    functions: &'a ReadOnlyFunctions,
    frames: SmallVec<[Frame; 8]>,
    names: Names<'a>,
    access: Access,
    evidence: Evidence,
    /// How the next `(` opens.
    opening: Option<Kind>,
    last: LastToken,
    before_last: LastToken,
    /// Whether the text has a statement at all.
    any: bool,
    /// The keyword of a statement in it that begins or ends a transaction.
    controls: Option<&'static str>,
    /// The keyword of a statement in it before which MySQL commits.
    commits: Option<ImplicitCommit>,
    /// A part of it is not analyzed.
    opaque: bool,
}

/// What the previous token was, as far as it changes the meaning of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastToken {
    Nothing,
    Keyword(Keyword),
    Name,
    Cast,
    Closed,
    Other,
}

impl<'a> Classifier<'a> {
    fn new(sql: &'a str, dialect: DbBackend, functions: &'a ReadOnlyFunctions) -> Self {
        let mut frames = SmallVec::new();
        frames.push(Frame::new(Kind::Statement, 0));
        Self {
            lexer: Lexer::new(sql, dialect),
            peeked: None,
            dialect,
            functions,
            frames,
            names: Names::new(dialect),
            access: Access::Read,
            evidence: Evidence::Proven,
            opening: None,
            last: LastToken::Nothing,
            before_last: LastToken::Nothing,
            any: false,
            controls: None,
            commits: None,
            opaque: false,
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.peeked.take().unwrap_or_else(|| self.lexer.next())
    }

    fn peek(&mut self) -> Option<Token<'a>> {
        *self.peeked.get_or_insert_with(|| self.lexer.next())
    }

    fn peek_keyword(&mut self) -> Option<Keyword> {
        match self.peek() {
            Some(Token::Word(word)) => Keyword::parse(word),
            _ => None,
        }
    }

    fn peeks(&mut self, symbol: u8) -> bool {
        self.peek() == Some(Token::Symbol(symbol))
    }

    /// Makes the access at least as strict as `access`.
    fn raise(&mut self, access: Access, evidence: Evidence) {
        if access > self.access {
            self.access = access;
            self.evidence = evidence;
        }
    }

    fn doubt(&mut self, evidence: Evidence) {
        self.opaque |= !matches!(evidence, Evidence::Function(_));
        self.raise(Access::Unknown, evidence);
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
            Token::Variable(name) => self.variable(name),
            Token::Assign if self.dialect == DbBackend::MySql => {
                self.raise(Access::Session, Evidence::Variable);
            }
            Token::ExecutableComment => {
                let what = "an executable comment";
                let possible = ImplicitCommit::Possible(what);
                self.commits = self.commits.or(Some(possible));
                return self.doubt(Evidence::ExecutableComment);
            }
            Token::EncodedIdentifier | Token::Ambiguous => self.doubt(Evidence::Unparsed),
            Token::Unterminated => self.doubt(Evidence::Unterminated),
            Token::Literal | Token::Assign | Token::Cast => {}
        }
        self.unexpected_start();
        self.frame().expects_table = false;
        self.remember(match token {
            Token::Cast => LastToken::Cast,
            _ => LastToken::Other,
        });
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
            b';' if self.frames.len() == 1 => self.next_statement(),
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
            self.any = true;
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
        if frame.start {
            frame.start = false;
            self.any = true;
        }
        let kind = self.opening.take().unwrap_or(kind);
        let mut inner = Frame::new(kind, visible);
        match self.last {
            _ if grouped_joins => inner.expect(Clause::From),
            LastToken::Keyword(Keyword::Inherits) => inner.expect(Clause::Tables),
            LastToken::Keyword(Keyword::Sets) => inner.clause = Clause::Group,
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

    /// The state a variable belongs to: the connection, unless it is the server's.
    fn variable(&mut self, name: &str) {
        if !names::is_server_variable(name) {
            self.raise(Access::Session, Evidence::Variable);
        }
    }

    fn finish(mut self) -> Operation {
        if !self.any && self.access == Access::Read {
            self.doubt(Evidence::Empty);
        }
        if self.frames.len() > 1 {
            self.doubt(Evidence::Unparsed);
        }
        let tables = self.names.distinct();
        Operation::new(self.access, tables, self.evidence)
            .controlling(self.controls)
            .committing(self.commits)
            .with_opaque(self.opaque)
    }
}
