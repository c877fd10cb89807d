//! SQLite, in a file and in memory.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use sea_orm_routing::RoutingConnection;
use tempfile::TempDir;

use super::place::{PATIENT, Place, options, outside};
use super::plan::{IN_A_TRANSACTION, ON_THE_POOL};
use super::story::Fault;
use super::{lane, play};

const LANES: usize = 4;

fn sqlite(url: String, connections: usize) -> ConnectOptions {
    let mut options = options(url, connections);
    options.map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::from_secs(1)));
    options
}

async fn files(directory: &TempDir) -> Vec<Place> {
    let mut places = Vec::new();
    for number in 0..LANES {
        let path = directory.path().join(format!("{number}.db"));
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let outside = outside(&url).await;
        let journal = outside
            .execute_unprepared("PRAGMA journal_mode = WAL")
            .await;
        journal.expect("readers beside a writer");
        lane::create(&outside).await;
        places.push(Place {
            name: format!("file {number}"),
            options: sqlite(url, 2),
            connections: 2,
            slowness: None,
            fresh: number % 2 == 1,
            way: None,
            outside: Some(outside),
            patience: PATIENT,
        });
    }
    places
}

/// With or without sqlx's check of a connection before it is used again.
fn memories(looked_at: bool) -> Vec<Place> {
    let places = (0..LANES).map(|number| {
        let mut options = sqlite("sqlite::memory:".to_owned(), 1);
        options.test_before_acquire(looked_at);
        Place {
            name: format!("memory {number}"),
            options,
            connections: 1,
            slowness: None,
            fresh: number % 2 == 1,
            way: None,
            outside: None,
            patience: PATIENT,
        }
    });
    places.collect()
}

#[tokio::test]
async fn a_file_is_whole_after_every_cut_in_a_transaction() {
    let directory = TempDir::new().expect("a directory");
    let files = files(&directory).await;
    let (report, _) = play::<RoutingConnection>(files, IN_A_TRANSACTION, 3).await;
    eprintln!("routed, SQLite file: {report}");
    report.is_clean(1_500);
}

#[tokio::test]
async fn a_file_is_whole_after_every_cut_on_the_pool() {
    let directory = TempDir::new().expect("a directory");
    let files = files(&directory).await;
    let (report, _) = play::<RoutingConnection>(files, ON_THE_POOL, 8).await;
    eprintln!("routed, pool of an SQLite file: {report}");
    report.is_clean(150);
}

/// sqlx checks whether a connection is alive before it uses it. Cancelled during the check, it
/// would close the connection, and the database in memory with it. The check is off here.
#[tokio::test]
async fn memory_is_whole_after_every_cut() {
    let steps = [IN_A_TRANSACTION, ON_THE_POOL].concat();
    let (report, _) = play::<RoutingConnection>(memories(true), &steps, 3).await;
    eprintln!("routed, SQLite in memory: {report}");
    report.is_clean(1_500);
}

#[tokio::test]
async fn a_file_of_bare_seaorm_is_not_whole() {
    let directory = TempDir::new().expect("a directory");
    let files = files(&directory).await;
    let (report, _) = play::<DatabaseConnection>(files, IN_A_TRANSACTION, 1).await;
    eprintln!("bare SeaORM, SQLite file: {report}");
    for fault in [Fault::OpenInPool, Fault::Panicked] {
        report.has(fault);
    }
}

#[tokio::test]
async fn memory_of_bare_seaorm_is_not_whole() {
    let (report, _) = play::<DatabaseConnection>(memories(false), IN_A_TRANSACTION, 1).await;
    eprintln!("bare SeaORM, SQLite in memory: {report}");
    for fault in [Fault::OpenInPool, Fault::Panicked] {
        report.has(fault);
    }
}
