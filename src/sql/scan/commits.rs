//! Statements before which MySQL and MariaDB commit the open transaction.

use super::Scanner;
use crate::sql::operation::{Access, Evidence, ImplicitCommit};
use crate::sql::token::Token;

/// What starts such a statement. What a prepared text does is not seen.
const WORDS: [&str; 22] = [
    "ALTER",
    "ANALYZE",
    "BACKUP",
    "CACHE",
    "CHANGE",
    "CHECK",
    "CREATE",
    "DROP",
    "EXECUTE",
    "FLUSH",
    "GRANT",
    "INSTALL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "RENAME",
    "REPAIR",
    "RESET",
    "REVOKE",
    "TRUNCATE",
    "UNINSTALL",
    "UNLOCK",
];

/// Compound statements: their contents are not analyzed.
const COMPOUND: [&str; 6] = ["CASE", "FOR", "IF", "LOOP", "REPEAT", "WHILE"];

impl Scanner<'_, '_> {
    /// Whether a statement makes MySQL commit. Temporary tables do not, and neither does MariaDB's
    /// `ANALYZE` of a query.
    pub(super) fn commits_implicitly(&mut self, word: &str) -> Option<ImplicitCommit> {
        if word.eq_ignore_ascii_case("call") {
            return Some(ImplicitCommit::Possible("CALL"));
        }
        if word.eq_ignore_ascii_case("set") {
            return self.set_commits().map(ImplicitCommit::Certain);
        }
        let is_word = |keyword: &&str| word.eq_ignore_ascii_case(keyword);
        if let Some(keyword) = COMPOUND.into_iter().find(is_word) {
            return Some(ImplicitCommit::Certain(keyword));
        }
        let keyword = WORDS.into_iter().find(is_word)?;
        let [first, second, third, fourth] = self.next_words();
        let is = |word: Option<&str>, expected: &[&str]| {
            word.is_some_and(|word| expected.iter().any(|e| word.eq_ignore_ascii_case(e)))
        };
        let replaces = is(first, &["or"]) && is(second, &["replace"]);
        let (how, what) = if replaces {
            (third, fourth)
        } else {
            (first, second)
        };
        let temporary = is(how, &["temporary"]) && is(what, &["table"]);
        let commits = match keyword {
            "CREATE" | "DROP" => !temporary,
            "LOAD" => is(first, &["index"]),
            "ANALYZE" => is(first, &["table", "local", "no_write_to_binlog"]),
            _ => true,
        };
        commits.then_some(ImplicitCommit::Certain(keyword))
    }

    /// `SET autocommit`, `SET completion_type`, `SET PASSWORD`, `SET DEFAULT ROLE`.
    fn set_commits(&mut self) -> Option<&'static str> {
        let is = |word: Option<&str>, expected: &str| {
            word.is_some_and(|word| word.eq_ignore_ascii_case(expected))
        };
        let [first, second, ..] = self.next_words();
        if is(first, "password") {
            return Some("SET PASSWORD");
        }
        if is(first, "default") && is(second, "role") {
            return Some("SET DEFAULT ROLE");
        }
        if self.sets("completion_type") {
            return Some("SET completion_type");
        }
        self.sets("autocommit").then_some("SET autocommit")
    }

    /// Whether the rest of the statement names a variable, in whatever way.
    fn sets(&mut self, variable: &str) -> bool {
        let tokens = self.cursor.rest();
        let mut tokens = tokens.take_while(|token| *token != Token::Symbol(b';'));
        tokens.any(|token| match token {
            Token::Word(name) | Token::Quoted(name, _) => name.eq_ignore_ascii_case(variable),
            Token::Variable(name) => {
                let name = name.rsplit(['@', '.']).next().unwrap_or_default();
                name.trim_matches('`').eq_ignore_ascii_case(variable)
            }
            _ => false,
        })
    }

    /// MariaDB's `SET STATEMENT x = y FOR`: what follows is a statement of its own.
    pub(super) fn set_statement(&mut self, word: &str) -> bool {
        let [first, ..] = self.next_words();
        let is_it = word.eq_ignore_ascii_case("set")
            && first.is_some_and(|first| first.eq_ignore_ascii_case("statement"));
        if !is_it {
            return false;
        }
        while let Some(token) = self.next() {
            if matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("for")) {
                self.raise(Access::Session, Evidence::Keyword("set".into()));
                self.frame().start = true;
                return true;
            }
        }
        self.doubt(Evidence::Unparsed);
        true
    }

    /// The next four words; `None` where a token is not a word.
    fn next_words(&mut self) -> [Option<&str>; 4] {
        let mut tokens = self.cursor.rest();
        let mut word = || match tokens.next() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        };
        [word(), word(), word(), word()]
    }
}
