//! The judge on SQLite, which has no stored functions: a call of an unknown one is an error.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use sea_orm_routing::sql::Operation;
use tempfile::TempDir;

use super::texts::{self, Texts};
use super::{Answer, complaint, connect, judge};

const TEMPLATES: &str = include_str!("sqlite.txt");
/// On the list of functions because SQLite has them, if it is built with them.
const ELSEWHERE: [&str; 2] = ["log", "mod"];
/// The columns of the table `words` that are not named like a word.
const COLUMNS: [&str; 3] = ["a", "b", "c"];
/// What `sqlite3_keyword_name` lists.
const KEYWORDS: &str = "abort action add after all alter always analyze and as asc attach \
    autoincrement before begin between by cascade case cast check collate column commit conflict \
    constraint create cross current current_date current_time current_timestamp database default \
    deferrable deferred delete desc detach distinct do drop each else end escape except exclude \
    exclusive exists explain fail filter first following for foreign from full generated glob group \
    groups having if ignore immediate in index indexed initially inner insert instead intersect \
    into is isnull join key last left like limit match materialized natural no not nothing notnull \
    null nulls of offset on or order others outer over partition plan pragma preceding primary \
    query raise range recursive references regexp reindex release rename replace restrict returning \
    right rollback row rows savepoint select set table temp temporary then ties to transaction \
    trigger unbounded union unique update using vacuum values view virtual when where window with \
    within without";
/// The file may only be read.
const READ_ONLY: &str = "8";

#[tokio::test]
async fn sqlite_calls_no_function_in_what_is_proven_a_read() {
    let home = TempDir::new().expect("a directory");
    let file = home.path().join("judge.db");
    let url = format!("sqlite://{}", file.display());
    let words = texts::words(KEYWORDS.split_whitespace().map(str::to_owned));
    let built_in = create(&format!("{url}?mode=rwc"), &words).await;
    let db = connect(&format!("{url}?mode=ro")).await;
    let texts = Texts::new(TEMPLATES, &words, '"');
    let access = |sql: &str| Operation::of(sql, DbBackend::Sqlite).access();
    judge("SQLite", access, texts, async |sql| {
        answer(&db, &built_in, sql).await
    })
    .await;
}

/// Creates the tables; returns the functions of this SQLite.
async fn create(url: &str, words: &[String]) -> HashSet<String> {
    let db = connect(url).await;
    let others = |word: &&String| !COLUMNS.contains(&word.as_str());
    let words = words.iter().filter(others).cloned().collect::<Vec<_>>();
    let columns = texts::columns(&words, '"');
    let sql = format!(
        "CREATE TABLE words (a INT, b INT, c TEXT{columns});
        INSERT INTO words (a, b, c) VALUES (1, 2, 'x'), (2, 1, 'y');
        CREATE TABLE log (a INT);"
    );
    db.execute_unprepared(&sql).await.expect("tables");
    let functions = "SELECT DISTINCT name FROM pragma_function_list";
    let rows = db
        .query_all_raw(sea_orm::Statement::from_string(
            DbBackend::Sqlite,
            functions,
        ))
        .await;
    let rows = rows.expect("functions").into_iter();
    rows.map(|row| row.try_get("", "name").expect("a name"))
        .collect()
}

async fn answer(db: &DatabaseConnection, built_in: &HashSet<String>, sql: &str) -> Answer {
    let Some((code, said)) = complaint(db, sql).await else {
        return Answer::Ran;
    };
    if code == READ_ONLY {
        return Answer::Refused { called: None, said };
    }
    let Some((_, called)) = said.split_once("no such function: ") else {
        return Answer::Invalid;
    };
    let called = called.to_ascii_lowercase();
    if built_in.contains(&called) || ELSEWHERE.contains(&called.as_str()) {
        return Answer::Invalid;
    }
    let called = Some(called);
    Answer::Refused { called, said }
}
