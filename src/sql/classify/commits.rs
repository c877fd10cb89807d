//! Statements before which MySQL and MariaDB commit what is under way.

use super::Classifier;
use crate::sql::operation::ImplicitCommit;
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

/// What may follow `SET STATEMENT x = y FOR`.
const HARMLESS: [&str; 8] = [
    "DELETE", "INSERT", "REPLACE", "SELECT", "TABLE", "UPDATE", "VALUES", "WITH",
];

/// Compound statements: what is in them is not looked into.
const COMPOUND: [&str; 6] = ["CASE", "FOR", "IF", "LOOP", "REPEAT", "WHILE"];

impl Classifier<'_> {
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
        let [first, second, third] = self.next_words();
        let is = |word: Option<&str>, expected: &[&str]| {
            word.is_some_and(|word| expected.iter().any(|e| word.eq_ignore_ascii_case(e)))
        };
        let replaces = is(first, &["or"]) && is(second, &["replace"]);
        let temporary = is(if replaces { third } else { first }, &["temporary"]);
        let commits = match keyword {
            "CREATE" | "DROP" => !temporary,
            "LOAD" => is(first, &["index"]),
            "ANALYZE" => is(first, &["table", "local", "no_write_to_binlog"]),
            _ => true,
        };
        commits.then_some(ImplicitCommit::Certain(keyword))
    }

    /// `SET autocommit`, `SET PASSWORD`, `SET DEFAULT ROLE`, and MariaDB's `SET STATEMENT x = y FOR`
    /// something that commits.
    fn set_commits(&mut self) -> Option<&'static str> {
        let is = |word: Option<&str>, expected: &str| {
            word.is_some_and(|word| word.eq_ignore_ascii_case(expected))
        };
        let [first, second, _] = self.next_words();
        if is(first, "password") {
            return Some("SET PASSWORD");
        }
        if is(first, "default") && is(second, "role") {
            return Some("SET DEFAULT ROLE");
        }
        if is(first, "statement") {
            let mut words = self.lexer.clone().filter_map(|token| match token {
                Token::Word(word) => Some(word),
                _ => None,
            });
            words.find(|word| word.eq_ignore_ascii_case("for"));
            let harmless = |inner: &str| HARMLESS.iter().any(|w| inner.eq_ignore_ascii_case(w));
            return (!words.next().is_some_and(harmless)).then_some("SET STATEMENT");
        }
        self.sets_autocommit().then_some("SET autocommit")
    }

    fn sets_autocommit(&mut self) -> bool {
        let first = self.peek();
        let mut tokens = first.into_iter().chain(self.lexer.clone()).take(16);
        tokens.any(|token| match token {
            Token::Word(word) => word.eq_ignore_ascii_case("autocommit"),
            Token::Variable(name) => {
                let name = name.rsplit(['@', '.']).next().unwrap_or_default();
                name.eq_ignore_ascii_case("autocommit")
            }
            _ => false,
        })
    }

    /// The next three words; nothing where they are something else.
    fn next_words(&mut self) -> [Option<&str>; 3] {
        let first = self.peek();
        let mut tokens = first.into_iter().chain(self.lexer.clone());
        let mut word = || match tokens.next() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        };
        [word(), word(), word()]
    }
}
