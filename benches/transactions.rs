//! What a transaction of one insert costs on one database, through `RoutingConnection` and through
//! the bare `DatabaseConnection`, in one run: on in-memory SQLite and, where it is installed, on
//! Postgres over loopback.
//!
//! `cargo bench --bench transactions` prints instructions of the client (where valgrind is
//! installed), and of several passes the least and the most median ratio of paired times.

#![allow(clippy::print_stdout, reason = "a bench prints its report")]

mod common;

use common::{cake, instructions, is_smoke, paired, report, time, work};
use sea_orm::entity::prelude::*;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, Set, TransactionSession, TransactionTrait,
};
use sea_orm_routing::RoutingConnection;
use tokio::runtime::Runtime;

/// Where the work that runs under callgrind finds its database.
const URL: &str = "TRANSACTIONS_BENCH_URL";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if let Some((work, times)) = work() {
        let url = std::env::var(URL).unwrap_or_else(|_| "sqlite::memory:".to_owned());
        let bare = runtime.block_on(open(&url));
        return match work.as_str() {
            "bare" => insert(&runtime, &bare, times),
            "routed" => insert(&runtime, &RoutingConnection::from(bare), times),
            other => panic!("no work: {other}"),
        };
    }
    compare(&runtime, "SQLite", "sqlite::memory:");
    match runtime.block_on(routing_servers::postgres(0)) {
        Some(cluster) => {
            let created = runtime.block_on(cluster.create_database("bench"));
            created.expect("a database");
            compare(&runtime, "Postgres", &cluster.primary_url("bench"));
        }
        None => println!("Postgres: SKIPPED, it is not installed"),
    }
}

fn compare(runtime: &Runtime, name: &str, url: &str) {
    let bare = runtime.block_on(open(url));
    let routed = RoutingConnection::from(bare.clone());
    let (few, many) = if is_smoke() { (5, 10) } else { (200, 1200) };
    let counted = |work| instructions(work, few, many, &[(URL, url)]);
    match (counted("bare"), counted("routed")) {
        (Some(bare), Some(routed)) => {
            let what = format!("{name}: a transaction of one insert, instructions, routed / bare");
            report(&what, routed / bare, "", "<= 1.02");
        }
        _ => println!("{name}, instructions: SKIPPED, valgrind does not run here"),
    }
    let what = format!("{name}: a transaction of one insert, time, routed / bare");
    timed(
        &what,
        "<= 1.02",
        |batch| insert(runtime, &routed, batch),
        |batch| insert(runtime, &bare, batch),
    );
    let reader = routed.read_only();
    let what = format!("{name}: a find_by_id of read_only(), time, routed / bare");
    timed(
        &what,
        "-",
        |batch| find(runtime, &reader, batch),
        |batch| find(runtime, &bare, batch),
    );
}

/// Reports the least and the most median ratio of paired times.
fn timed(what: &str, goal: &str, routed: impl Fn(usize), bare: impl Fn(usize)) {
    let (passes, rounds, batch) = if is_smoke() { (1, 2, 5) } else { (7, 101, 25) };
    let pass = |_| {
        paired(
            rounds,
            || time(1, || routed(batch)),
            || time(1, || bare(batch)),
        )
    };
    let mut ratios: Vec<f64> = (0..passes).map(pass).collect();
    ratios.sort_by(f64::total_cmp);
    report(&format!("{what}, least"), ratios[0], "", goal);
    report(&format!("{what}, most"), ratios[passes - 1], "", "-");
}

fn find<C: ConnectionTrait>(runtime: &Runtime, db: &C, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            let found = cake::Entity::find_by_id(1).one(db).await;
            found.expect("a result");
        }
    });
}

fn insert<C: TransactionTrait>(runtime: &Runtime, db: &C, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            let transaction = db.begin().await.expect("a transaction");
            let cake = cake::ActiveModel {
                name: Set("Tiramisu".to_owned()),
                ..Default::default()
            };
            cake.insert(&transaction).await.expect("a cake");
            transaction.commit().await.expect("committed");
        }
    });
}

async fn open(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.expect("a database");
    let schema = sea_orm::Schema::new(db.get_database_backend());
    let mut table = schema.create_table_from_entity(cake::Entity);
    db.execute(table.if_not_exists()).await.expect("a table");
    db
}
