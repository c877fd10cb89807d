//! Statements before which MySQL and MariaDB commit what is under way.

use super::Classifier;
use crate::sql::token::Token;

/// What starts such a statement. `CALL` is not among them: a procedure can commit, but says so
/// itself.
const WORDS: [&str; 18] = [
    "ALTER",
    "ANALYZE",
    "CACHE",
    "CHECK",
    "CREATE",
    "DROP",
    "FLUSH",
    "GRANT",
    "INSTALL",
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

impl Classifier<'_> {
    /// The keyword of a statement that makes MySQL commit first. Temporary tables do not, and neither
    /// does MariaDB's `ANALYZE` of a query.
    pub(super) fn commits_implicitly(&mut self, word: &str) -> Option<&'static str> {
        if word.eq_ignore_ascii_case("set") {
            return self.sets_autocommit().then_some("SET autocommit");
        }
        let keyword = WORDS.into_iter().find(|k| word.eq_ignore_ascii_case(k))?;
        let [first, second, third] = self.next_words();
        let is = |word: Option<&str>, expected: &[&str]| {
            word.is_some_and(|word| expected.iter().any(|e| word.eq_ignore_ascii_case(e)))
        };
        let replaces = is(first, &["or"]) && is(second, &["replace"]);
        let temporary = is(if replaces { third } else { first }, &["temporary"]);
        let commits = match keyword {
            "CREATE" | "DROP" => !temporary,
            "ANALYZE" => is(first, &["table", "local", "no_write_to_binlog"]),
            _ => true,
        };
        commits.then_some(keyword)
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
