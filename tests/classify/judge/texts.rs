//! The texts to judge: a template, a fragment in its place, and random words.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// What may stand in the place of a template.
const FRAGMENTS: &str = include_str!("fragments.txt");
/// The templates of all dialects.
const TEMPLATES: &str = include_str!("templates.txt");
/// The words that the grammar knows, which are the ones it can misread.
const COMMON: &str = include_str!("common.txt");
/// Names that are words of no dialect, and functions that every dialect has.
const PLAIN: &str = "audit total zzz x log abs lower now count sum max numeric text date json";

/// The plain ways to call a function, or what may be one.
const CALLS: [&str; 8] = [
    "SELECT {w}(1)",
    "SELECT {w} (1)",
    "SELECT {w}/**/(1)",
    "SELECT \"{w}\"(1)",
    "SELECT a FROM words WHERE {w}(1) = 1",
    "SELECT a FROM words ORDER BY -{w}(1)",
    "SELECT * FROM {w}(1)",
    "SELECT a {w} into log",
];

/// A text, and where it comes from.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) template: &'static str,
    pub(super) fragment: &'static str,
    pub(super) sql: String,
}

/// An endless source of texts, always the same for the same words.
pub(super) struct Texts {
    rng: StdRng,
    templates: Vec<&'static str>,
    fragments: Vec<&'static str>,
    common: Vec<&'static str>,
    words: Vec<String>,
    /// How many texts were given.
    given: usize,
    /// What a name is quoted with.
    quote: char,
}

impl Texts {
    /// Texts of one dialect: its own templates, and its words.
    pub(super) fn new(templates: &'static str, words: &[String], quote: char) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed()),
            templates: TEMPLATES.lines().chain(templates.lines()).collect(),
            fragments: FRAGMENTS.lines().collect(),
            common: COMMON.split_whitespace().collect(),
            words: words.to_vec(),
            given: 0,
            quote,
        }
    }

    /// Each word is called in each plain way first; the texts after that are random.
    pub(super) fn next(&mut self) -> Text {
        let (word, call) = (self.given / CALLS.len(), self.given % CALLS.len());
        self.given += 1;
        if let Some(word) = self.words.get(word) {
            let sql = CALLS[call].replace("{w}", word);
            return Text {
                template: "{f}",
                fragment: CALLS[call],
                sql: sql.replace('"', &self.quote.to_string()),
            };
        }
        let template = one(&self.templates, &mut self.rng);
        let fragment = one(&self.fragments, &mut self.rng);
        Text {
            template,
            fragment,
            sql: self.filled(&template.replace("{f}", fragment)),
        }
    }

    /// The text with a word for each `{w}`, a quoted one for each `{q}`, a line break for `{n}`, a
    /// brace for `{d}`.
    fn filled(&mut self, pattern: &str) -> String {
        let mut parts = pattern.split('{');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (filling, rest) = match part.split_once('}') {
                Some(("w", rest)) => (self.word(), rest),
                Some(("q", rest)) => (self.quoted(), rest),
                Some(("n", rest)) => ("\n".to_owned(), rest),
                Some(("d", rest)) => ("{".to_owned(), rest),
                _ => ("{".to_owned(), part),
            };
            sql.push_str(&filling);
            sql.push_str(rest);
        }
        sql
    }

    fn quoted(&mut self) -> String {
        let word = self.word();
        format!("{0}{word}{0}", self.quote)
    }

    /// Half of the words are of the grammar, the others any of the dialect; some are in capitals.
    fn word(&mut self) -> String {
        let word = match self.rng.random_range(0..2) {
            0 => one(&self.common, &mut self.rng),
            _ => self
                .words
                .choose(&mut self.rng)
                .expect("a dialect has words"),
        };
        match self.rng.random_range(0..4) {
            0 => word.to_ascii_uppercase(),
            _ => word.to_owned(),
        }
    }
}

fn one(choices: &[&'static str], rng: &mut StdRng) -> &'static str {
    choices.choose(rng).expect("a file of choices is not empty")
}

/// Fixed, so that a failure comes back; another one by hand.
fn seed() -> u64 {
    super::number("JUDGE_SEED").unwrap_or(1)
}

/// The words of a dialect in lower case, with those of the grammar and some plain names.
pub(super) fn words(of_dialect: impl IntoIterator<Item = String>) -> Vec<String> {
    let ours = COMMON.split_whitespace().chain(PLAIN.split_whitespace());
    let is_word = |word: &String| {
        word.bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'_')
    };
    let mut words = of_dialect
        .into_iter()
        .map(|word| word.to_ascii_lowercase())
        .chain(ours.map(str::to_owned))
        .filter(is_word)
        .collect::<Vec<_>>();
    words.sort();
    words.dedup();
    words
}

/// The columns of the table `words`, one of each name, so that a word may stand for a column.
pub(super) fn columns(words: &[String], quote: char) -> String {
    let columns = words
        .iter()
        .map(|word| format!(", {quote}{word}{quote} INT"));
    columns.collect()
}
