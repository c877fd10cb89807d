//! The grammar of reads: a text that it accepts, with calls of known functions only, is a read.
//!
//! It gives every word of a text one reading: a name, a call, a type, an alias, or a word of the
//! grammar. A word that has no reading where it stands ends the proof, and the text counts as not
//! understood. It may accept what a server refuses, but what a server accepts it reads as the server
//! does: each call and each table is found.
//!
//! One pass, no recursion: the levels of parentheses are a stack, and each has a state that says
//! what may come next. The heart is the difference between [`State::Operand`] and
//! [`State::Complete`]: where an operand is expected, a word before `(` is a call, unless it is one of
//! the few words that begin an operand there; where one is complete, it never is.

mod arguments;
mod calls;
mod clauses;
mod complete;
mod level;
mod listings;
mod operand;
mod operators;
mod starts;
mod tables;
mod types;
mod windows;

use sea_orm::DbBackend;
use smallvec::SmallVec;

use self::level::{Call, Clause, Kind, Level, State};
use super::cursor::Cursor;
use super::found::Found;
use super::functions::KnownFunctions;
use super::keyword::{Keyword, is_one_of};
use super::names::Names;
use super::token::Token;

/// Parentheses nested deeper than this are not understood.
const DEEPEST: usize = 256;

/// The text is not one that the grammar accepts.
#[derive(Debug)]
struct NotProven;

type Proof<T = ()> = Result<T, NotProven>;

/// What the statement at the cursor does, if the grammar accepts it. Takes its `;`. If it does not,
/// this is what was found up to where it stopped.
pub(super) fn prove<'a>(
    cursor: &mut Cursor<'a>,
    names: &mut Names<'a>,
    functions: KnownFunctions<'_>,
) -> Result<Found, Found> {
    let mut recogniser = Recogniser::new(cursor, names, functions);
    match recogniser.run() {
        Ok(()) => Ok(recogniser.found),
        Err(NotProven) => Err(recogniser.found),
    }
}

struct Recogniser<'a, 't> {
    cursor: &'t mut Cursor<'a>,
    names: &'t mut Names<'a>,
    functions: KnownFunctions<'t>,
    dialect: DbBackend,
    levels: SmallVec<[Level; 8]>,
    found: Found,
    ended: bool,
}

impl<'a, 't> Recogniser<'a, 't> {
    fn new(
        cursor: &'t mut Cursor<'a>,
        names: &'t mut Names<'a>,
        functions: KnownFunctions<'t>,
    ) -> Self {
        let mut levels = SmallVec::new();
        levels.push(Level::new(Kind::Statement, State::Statement, 0));
        Self {
            dialect: cursor.dialect(),
            cursor,
            names,
            functions,
            levels,
            found: Found::new(),
            ended: false,
        }
    }

    fn run(&mut self) -> Proof {
        while !self.ended {
            match self.level().state {
                State::Statement => self.statement()?,
                State::Query => self.query()?,
                State::Opened => self.opened()?,
                State::JoinsOpened => self.joins_opened()?,
                State::Selected => self.selected()?,
                State::TableExpression => self.table_expression()?,
                State::AfterBody => self.after_body()?,
                State::Operand => self.operand()?,
                State::Complete => self.complete()?,
                State::Table => self.table()?,
                State::AfterTable => self.after_table()?,
                State::Window => self.window()?,
                State::WindowName => self.window_name()?,
                State::Column => self.table_column()?,
                State::GroupItem => self.group_item()?,
            }
        }
        Ok(())
    }

    /// The innermost level. There always is one: the statement's is never closed.
    fn level(&mut self) -> &mut Level {
        let innermost = self.levels.len() - 1;
        &mut self.levels[innermost]
    }

    /// Opens a level; `then` is what may come after it.
    fn open(&mut self, kind: Kind, state: State, then: State) -> Proof {
        if self.levels.len() >= DEEPEST {
            return Err(NotProven);
        }
        self.level().state = then;
        let in_sight = self.names.in_sight();
        self.levels.push(Level::new(kind, state, in_sight));
        Ok(())
    }

    /// Takes `(` and opens a level.
    fn open_parenthesis(&mut self, kind: Kind, state: State, then: State) -> Proof {
        self.expect(b'(')?;
        self.open(kind, state, then)
    }

    /// Closes the innermost level, whose last symbol was taken.
    fn close(&mut self, symbol: u8) -> Proof {
        let closed = *self.level();
        if closed.kind.closing() != Some(symbol) {
            return Err(NotProven);
        }
        self.leave(closed)
    }

    fn leave(&mut self, closed: Level) -> Proof {
        let incomplete =
            closed.kind.is_query() && !closed.is_query() || closed.call == Call::JsonTable;
        if incomplete || self.levels.len() == 1 {
            return Err(NotProven);
        }
        if let Call::Point(commas) = closed.call
            && commas != 1
        {
            self.unknown_function("point");
        }
        self.levels.pop();
        self.names.leave(closed.in_sight);
        if closed.kind == Kind::Body {
            self.names.body_ended();
        }
        let level = self.level();
        level.lone_query = level.first && closed.is_query();
        level.called = matches!(closed.kind, Kind::Arguments | Kind::Window);
        level.first = false;
        match level.clause == Clause::Done && !closed.is_query() {
            true => Err(NotProven),
            false => Ok(()),
        }
    }

    /// The end of a statement: `;`, or the end of the text.
    fn end_of_statement(&mut self) -> Proof {
        self.ended = true;
        match self.levels.len() {
            1 => Ok(()),
            _ => Err(NotProven),
        }
    }

    fn is(&self, dialect: DbBackend) -> bool {
        self.dialect == dialect
    }

    fn expect(&mut self, symbol: u8) -> Proof {
        match self.cursor.next() == Some(Token::Symbol(symbol)) {
            true => Ok(()),
            false => Err(NotProven),
        }
    }

    fn expect_keyword(&mut self, keyword: Keyword) -> Proof {
        match self.take_keyword(keyword) {
            true => Ok(()),
            false => Err(NotProven),
        }
    }

    /// Takes the next token if it is a keyword.
    fn take_keyword(&mut self, keyword: Keyword) -> bool {
        let is_next = self.cursor.peek_keyword() == Some(keyword);
        if is_next {
            self.cursor.next();
        }
        is_next
    }

    /// Takes the next token if it is one of these words.
    fn take_word(&mut self, words: &[&str]) -> bool {
        let is_next = is_word(self.cursor.peek(), words);
        if is_next {
            self.cursor.next();
        }
        is_next
    }

    fn expect_word(&mut self, words: &[&str]) -> Proof {
        match self.take_word(words) {
            true => Ok(()),
            false => Err(NotProven),
        }
    }
}

/// Whether a token is one of these words, unquoted.
fn is_word(token: Option<Token<'_>>, words: &[&str]) -> bool {
    matches!(token, Some(Token::Word(word)) if is_one_of(word, words))
}
