//! The judge: real servers say whether a text that is proven to be a read is one.
//!
//! Words of the dialect are put before parentheses in every place of a query. The servers have a
//! function of the name of each word, which writes. A text that is proven to be a read must not call
//! one, and must not be refused as a write by a server that only reads. Each text runs twice: where
//! the functions exist, and where none does, so that a call is an error even if it would not run.
//!
//! Exempt is what no text shows, none of which the texts contain: a view, an operator, a cast, a domain or
//! an attribute that calls a function. The guard of a replica's pool catches it, and the `READ ONLY`
//! transaction of `read_only()`; `tests/servers/proven_but_writing.rs` tests each.
//!
//! `JUDGE_STATEMENTS` is the number of texts per dialect, for a longer run by hand, `JUDGE_SEED`
//! makes them other ones, and `JUDGE_SHOWN` is how many failures are shown.

mod mysql;
mod postgres;
mod sqlite;
mod texts;

use std::collections::BTreeMap;
use std::env;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr};
use sea_orm_routing::sql::Access;

use self::texts::{Text, Texts};

/// Texts per dialect, where the environment does not say.
const STATEMENTS: u64 = 60_000;
/// Failures that are shown.
const SHOWN: u64 = 40;

/// Places of one function that are told apart.
const PLACES: usize = 8;

/// How a server answered a text.
enum Answer {
    /// It ran.
    Ran,
    /// It is wrong in a way that has nothing to do with what is judged.
    Invalid,
    /// It is no read: what the server said.
    Refused {
        /// The function that it was about to call, if the server said which.
        called: Option<String>,
        said: String,
    },
}

/// The wrong proofs, by function and template, with how often each was found.
#[derive(Default)]
struct Failures(BTreeMap<(String, &'static str), (u64, String)>);

/// Gives each text that is proven to be a read to the server; fails if one turns out to be no read.
async fn judge(
    server: &str,
    access: impl Fn(&str) -> Access,
    mut texts: Texts,
    run: impl AsyncFn(&str) -> Answer,
) {
    let generated = number("JUDGE_STATEMENTS").unwrap_or(STATEMENTS);
    let mut failures = Failures::default();
    let (mut proven, mut ran, mut refused) = (0_u64, 0_u64, 0_u64);
    for _ in 0..generated {
        let text = texts.next();
        if access(&text.sql) != Access::Read {
            continue;
        }
        proven += 1;
        match run(&text.sql).await {
            Answer::Ran => ran += 1,
            Answer::Invalid => {}
            Answer::Refused { called, said } => {
                refused += 1;
                let called = called.unwrap_or_else(|| "a write".to_owned());
                let listed = access(&format!("SELECT {called}(1)")) == Access::Read;
                failures.add(&text, called, listed, &said);
            }
        }
    }
    eprintln!("{server}: {generated} texts, {proven} proven reads, {ran} run, {refused} refused");
    assert!(ran > generated / 200, "too few of the texts are reads");
    failures.none();
}

impl Failures {
    /// A name that is on the list of functions is one kind in all places, and of any other the first
    /// few places are told apart.
    fn add(&mut self, text: &Text, called: String, listed: bool, said: &str) {
        let (template, fragment, sql) = (text.template, text.fragment, &text.sql);
        let places = self.0.keys().filter(|(name, _)| *name == called).count();
        let place = if listed || places >= PLACES {
            "anywhere"
        } else {
            template
        };
        let line = format!("{called} {place}: {fragment:?} in {template:?}: {sql}: {said}");
        let found = self.0.entry((called, place)).or_insert((0, line));
        found.0 += 1;
    }

    #[track_caller]
    fn none(self) {
        let shown = number("JUDGE_SHOWN").unwrap_or(SHOWN);
        let kinds = self.0.len();
        let lines = self
            .0
            .into_values()
            .take(usize::try_from(shown).unwrap_or(usize::MAX));
        let lines = lines.map(|(times, line)| format!("{times} x {line}"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        assert!(kinds == 0, "{kinds} kinds of wrong proofs:\n{lines}\n");
    }
}

/// A number from the environment.
fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number")),
    )
}

/// One connection, which does nothing of its own.
async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    options.test_before_acquire(false);
    Database::connect(options)
        .await
        .expect("the server accepts a connection")
}

/// The code of an error that is none of the server's: the connection is lost.
const LOST: &str = "lost";

/// The database's error for a text, as its code and its message; `None` if the text ran.
async fn complaint(db: &DatabaseConnection, sql: &str) -> Option<(String, String)> {
    let error = db.execute_unprepared(sql).await.err()?;
    let said = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error()
        }
        _ => None,
    };
    let complaint = match said {
        Some(said) => (
            said.code().unwrap_or_default().into_owned(),
            said.to_string(),
        ),
        None => (LOST.to_owned(), error.to_string()),
    };
    Some(complaint)
}

/// What stands between two parts of a text.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(between, _)| between)
}
