//! What routing costs: `find_by_id` on in-memory SQLite, through `RoutingConnection` and through
//! the bare `DatabaseConnection`, in one run.
//!
//! `cargo bench --bench overhead` prints instructions (where valgrind is installed) and interleaved
//! median times.

#![allow(clippy::print_stdout, reason = "a bench prints its report")]

mod common;

use std::hint::black_box;

use common::{cake, instructions, interleave, is_smoke, ratio, report, time, work};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Set};
use sea_orm_routing::RoutingConnection;
use tokio::runtime::Runtime;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let bare = runtime.block_on(open()).expect("an SQLite database");
    let routed = RoutingConnection::from(bare.clone());
    if let Some((work, times)) = work() {
        return match work.as_str() {
            "bare" => find(&runtime, &bare, times),
            "routed" => find(&runtime, &routed, times),
            other => panic!("no work: {other}"),
        };
    }
    let (few, many) = if is_smoke() { (10, 20) } else { (500, 2500) };
    counted("find_by_id, instructions", few, many, "<= 1.006");

    let (rounds, batch) = if is_smoke() { (2, 10) } else { (201, 300) };
    let (a, b) = interleave(
        rounds,
        || time(1, || find(&runtime, &routed, batch)),
        || time(1, || find(&runtime, &bare, batch)),
    );
    report(
        "find_by_id, median time, routed / bare",
        ratio(a, b),
        "",
        "<= 1.03",
    );
}

fn counted(what: &str, few: usize, many: usize, goal: &str) {
    let bare = instructions("bare", few, many, &[]);
    let routed = instructions("routed", few, many, &[]);
    match (bare, routed) {
        (Some(bare), Some(routed)) => {
            report(&format!("{what}, bare"), bare, "", "-");
            report(&format!("{what}, routed"), routed, "", "-");
            report(&format!("{what}, routed / bare"), routed / bare, "", goal);
        }
        _ => println!("{what}: SKIPPED, valgrind does not run here"),
    }
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
    db.get_schema_builder()
        .register(cake::Entity)
        .apply(&db)
        .await?;
    let cake = cake::ActiveModel {
        name: Set("Cheesecake".to_owned()),
        ..Default::default()
    };
    cake.insert(&db).await?;
    Ok(db)
}
