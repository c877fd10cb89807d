//! The definitions of windows.

use super::level::{Clause, Kind, State};
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::{Keyword, is_one_of};
use crate::sql::token::Token;

const UNITS: &[&str] = &["rows", "range", "groups"];

impl Recogniser<'_, '_> {
    /// `WINDOW w AS (...)`.
    pub(super) fn window_name(&mut self) -> Proof {
        self.take_name()?;
        self.expect_keyword(Keyword::As)?;
        self.open_parenthesis(Kind::Window, State::Window, State::Complete)
    }

    /// The start of a definition: the name of another window, then its clauses.
    pub(super) fn window(&mut self) -> Proof {
        self.level().first = false;
        if self.take_symbol(b')') {
            return self.close(b')');
        }
        let by = self.cursor.peek_second_keyword() == Some(Keyword::By);
        let token = self.cursor.next();
        match token {
            Some(Token::Word(_)) if by && is_word(token, &["partition", "order"]) => {
                self.cursor.next();
                let clause = match is_word(token, &["order"]) {
                    true => Clause::Order,
                    false => Clause::List,
                };
                self.level().expects_operand(clause);
                Ok(())
            }
            Some(Token::Word(_)) if is_word(token, UNITS) && !self.cursor.peeks(b')') => {
                self.level().expects_operand(Clause::Frame);
                Ok(())
            }
            Some(Token::Word(_) | Token::Quoted(..)) => Ok(()),
            _ => Err(NotProven),
        }
    }

    /// A word after an expression in the definition of a window.
    pub(super) fn window_word(&mut self, word: &str) -> Proof {
        let is = |words: &[&str]| is_one_of(word, words);
        if self.level().clause == Clause::Frame {
            if is(&["preceding", "following"]) {
                return Ok(());
            }
            if is(&["exclude"]) {
                self.expect_word(&["current", "group", "ties", "no"])?;
                self.take_word(&["row", "others"]);
                return Ok(());
            }
            // INTERVAL 1 DAY PRECEDING
            return match is_word(self.cursor.peek(), &["preceding", "following"]) {
                true => Ok(()),
                false => Err(NotProven),
            };
        }
        if is(&["order"]) && self.take_keyword(Keyword::By) {
            self.level().expects_operand(Clause::Order);
            return Ok(());
        }
        if is(UNITS) {
            self.level().expects_operand(Clause::Frame);
            return Ok(());
        }
        Err(NotProven)
    }
}
