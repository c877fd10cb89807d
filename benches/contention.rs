//! What tasks on two threads cost each other: decisions, and reads of SQLite replicas in files by 2, 4
//! and 16 tasks, routed and on the bare connection.
//!
//! No statement waits for a lock that another statement holds. Two threads that decide on one connection
//! share only counters of references and of readers, in the cache of statements. What those cost shows
//! against two threads with a connection each, which share nothing: the machine may slow these down too.

#![allow(clippy::print_stdout, reason = "a bench prints its report")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{cake, is_smoke, report};
use sea_orm::entity::prelude::*;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryTrait, Set,
};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

const TASKS: [usize; 3] = [2, 4, 16];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let files = tempfile::tempdir().expect("a directory");
    let (bare, routed) = runtime.block_on(open(files.path()));
    let another = runtime.block_on(route(files.path()));
    let (rounds, decisions, reads) = match is_smoke() {
        true => (1, 100, 32),
        false => (11, 500_000, 8_000),
    };
    let times = |databases: &[&RoutingConnection]| -> f64 {
        let times = (0..rounds).map(|_| decide_on(databases, decisions).as_secs_f64());
        times.fold(f64::INFINITY, f64::min)
    };
    let (one, shared, apart) = (
        times(&[&routed]),
        times(&[&routed, &routed]),
        times(&[&routed, &another]),
    );
    let each = one / decisions as f64 * 1e9;
    report("a decision on one thread", each, "ns", "-");
    report(
        "on two threads that share it / on one",
        shared / one,
        "",
        "-",
    );
    report(
        "on two threads with one each / on one",
        apart / one,
        "",
        "-",
    );
    report(
        "on two threads, shared / one each",
        shared / apart,
        "",
        "<= 1.3",
    );
    for tasks in TASKS {
        let mut ratios: Vec<f64> = (0..rounds)
            .map(|_| {
                let routed = runtime.block_on(read_by(tasks, &routed, reads));
                let bare = runtime.block_on(read_by(tasks, &bare, reads));
                routed.as_secs_f64() / bare.as_secs_f64()
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        let what = format!("reads by {tasks} tasks on two threads, time, routed / bare");
        report(&what, ratios[ratios.len() / 2], "", "<= 1.05");
    }
}

/// The time of that many decisions, on one thread for each database.
fn decide_on(databases: &[&RoutingConnection], times: usize) -> Duration {
    let statement = cake::Entity::find_by_id(1).build(DbBackend::Sqlite);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for db in databases {
            let statement = &statement;
            scope.spawn(move || {
                for _ in 0..times {
                    let decided = sea_orm_routing::__private::decide(db, statement);
                    assert!(decided.expect("a decision"), "a replica serves it");
                }
            });
        }
    });
    started.elapsed()
}

/// The time of that many reads, shared by the tasks.
async fn read_by<C>(tasks: usize, db: &C, reads: usize) -> Duration
where
    C: ConnectionTrait + Clone + Send + 'static,
{
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..reads / tasks {
                    let found = cake::Entity::find_by_id(1).one(&db).await;
                    assert!(found.expect("a result").is_some());
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("no panic");
    }
    started.elapsed()
}

/// A bare connection to one file, and a routed one to others.
async fn open(files: &Path) -> (DatabaseConnection, RoutingConnection) {
    for name in ["bare", "primary", "replica-1", "replica-2"] {
        let db = Database::connect(options(files, name, 1))
            .await
            .expect("a file");
        let builder = db.get_schema_builder().register(cake::Entity);
        builder.apply(&db).await.expect("a table");
        let cake = cake::ActiveModel {
            name: Set("Cheesecake".to_owned()),
            ..Default::default()
        };
        cake.insert(&db).await.expect("a cake");
    }
    let bare = Database::connect(options(files, "bare", 4)).await;
    (bare.expect("a file"), route(files).await)
}

/// A database of two replicas, each of half the pool of the bare connection.
async fn route(files: &Path) -> RoutingConnection {
    let database = DatabaseOptions::new(options(files, "primary", 1))
        .replica(options(files, "replica-1", 2))
        .replica(options(files, "replica-2", 2));
    let builder = RoutingConnection::builder().database("default", database);
    builder.connect().await.expect("a connection")
}

fn options(files: &Path, name: &str, connections: u32) -> ConnectOptions {
    let url = format!("sqlite:{}?mode=rwc", files.join(name).display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false);
    options
}
