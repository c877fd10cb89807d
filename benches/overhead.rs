//! What routing costs: `find_by_id` on in-memory SQLite, through `RoutingConnection` and through
//! the bare `DatabaseConnection`, in one run; and the same on a replica, in a file.
//!
//! `cargo bench --bench overhead` prints instructions (where valgrind is installed) and the least of
//! interleaved times. Counts on SQLite include the thread of its driver, and differ by some per cent from run
//! to run; on a mock, in one thread, they do not.

#![allow(clippy::print_stdout, reason = "a bench prints its report")]

mod common;

use std::hint::black_box;
use std::path::Path;

use common::{cake, instructions, interleave, is_smoke, ratio, report, time, work};
use sea_orm::entity::prelude::*;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, MockDatabase, Set,
};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};
use tokio::runtime::Runtime;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let bare = runtime.block_on(open()).expect("an SQLite database");
    let routed = RoutingConnection::from(bare.clone());
    let files = tempfile::tempdir().expect("a directory");
    let (one, replica) = runtime.block_on(in_files(files.path()));
    if let Some((work, times)) = work() {
        return match work.as_str() {
            "bare" => find(&runtime, &bare, times),
            "routed" => find(&runtime, &routed, times),
            "bare, mock" => find(&runtime, &mock(times), times),
            "routed, mock" => find(&runtime, &RoutingConnection::from(mock(times)), times),
            "bare, file" => find(&runtime, &one, times),
            "replica, file" => find(&runtime, &replica, times),
            other => panic!("no work: {other}"),
        };
    }
    let (few, many) = if is_smoke() { (10, 20) } else { (500, 2500) };
    let counts = (few, many);
    counted("find_by_id", ["bare", "routed"], counts, "<= 1.004");
    added(
        "find_by_id on a mock",
        ["bare, mock", "routed, mock"],
        counts,
    );
    let on_replica = ["bare, file", "replica, file"];
    counted("find_by_id of a replica", on_replica, counts, "<= 1.015");

    let (rounds, batch) = if is_smoke() { (2, 10) } else { (201, 300) };
    let (a, b) = interleave(
        rounds,
        || time(1, || find(&runtime, &routed, batch)),
        || time(1, || find(&runtime, &bare, batch)),
    );
    report(
        "find_by_id, least time, routed / bare",
        ratio(a, b),
        "",
        "<= 1.03",
    );
}

fn counted(what: &str, [bare, routed]: [&str; 2], (few, many): (usize, usize), goal: &str) {
    let what = format!("{what}, instructions");
    let bare = instructions(bare, few, many, &[]);
    let routed = instructions(routed, few, many, &[]);
    match (bare, routed) {
        (Some(bare), Some(routed)) => {
            report(&format!("{what}, bare"), bare, "", "-");
            report(&format!("{what}, routed"), routed, "", "-");
            report(&format!("{what}, routed / bare"), routed / bare, "", goal);
        }
        _ => println!("{what}: SKIPPED, valgrind does not run here"),
    }
}

/// What is added to one piece of work, where nothing else is counted.
fn added(what: &str, [bare, routed]: [&str; 2], (few, many): (usize, usize)) {
    let counts = [bare, routed].map(|work| instructions(work, few, many, &[]));
    match counts {
        [Some(bare), Some(routed)] => {
            let what = format!("{what}, instructions added");
            report(&what, routed - bare, "", "-");
        }
        _ => println!("{what}: SKIPPED, valgrind does not run here"),
    }
}

/// A mock with an answer for each query.
fn mock(times: usize) -> DatabaseConnection {
    let cake = cake::Model {
        id: 1,
        name: "Cheesecake".to_owned(),
    };
    let answers = std::iter::repeat_n([cake], times);
    MockDatabase::new(DbBackend::Sqlite)
        .append_query_results(answers)
        .into_connection()
}

fn find<C: ConnectionTrait>(runtime: &Runtime, db: &C, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            let found = cake::Entity::find_by_id(1).one(db).await;
            assert!(black_box(found).expect("a result").is_some());
        }
    });
}

async fn open() -> Result<DatabaseConnection, DbErr> {
    let db = Database::connect("sqlite::memory:").await?;
    fill(&db).await?;
    Ok(db)
}

async fn fill(db: &DatabaseConnection) -> Result<(), DbErr> {
    db.get_schema_builder()
        .register(cake::Entity)
        .apply(db)
        .await?;
    let cake = cake::ActiveModel {
        name: Set("Cheesecake".to_owned()),
        ..Default::default()
    };
    cake.insert(db).await?;
    Ok(())
}

/// A database in a file, bare, and one with a replica in another.
async fn in_files(files: &Path) -> (DatabaseConnection, RoutingConnection) {
    let url = |name: &str| format!("sqlite:{}?mode=rwc", files.join(name).display());
    let options = |name: &str| {
        let mut options = ConnectOptions::new(url(name));
        options.max_connections(1).sqlx_logging(false);
        options
    };
    for name in ["primary", "replica", "bare"] {
        let db = Database::connect(options(name)).await;
        fill(&db.expect("a file")).await.expect("a cake");
    }
    let bare = Database::connect(options("bare")).await.expect("a file");
    let database = DatabaseOptions::new(options("primary")).replica(options("replica"));
    let builder = RoutingConnection::builder().database("default", database);
    (bare, builder.connect().await.expect("a connection"))
}
