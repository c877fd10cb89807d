//! Throughput over replicas: Postgres on loopback, 8 tasks, point reads over two replicas through
//! `RoutingConnection`, against the bare connection to one of them, and as a control against bare
//! connections to both, taken in turn: on one machine a second server costs by itself.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{is_smoke, report};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Set};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

#[path = "../examples/shop/entities.rs"]
mod entities;

use entities::customer;

const TASKS: usize = 8;
const ROWS: i32 = 1000;

#[tokio::main]
async fn main() {
    let Some(postgres) = routing_servers::postgres(2).await else {
        return;
    };
    postgres.create_database("bench").await.expect("a database");
    let options = |url: String| {
        let mut options = ConnectOptions::new(url);
        options.max_connections(TASKS as u32).sqlx_logging(false);
        options
    };
    let over = |replicas: &[usize]| {
        let mut database = DatabaseOptions::new(options(postgres.primary_url("bench")));
        for replica in replicas {
            database = database.replica(postgres.replica_url(*replica, "bench"));
        }
        RoutingConnection::builder().database("default", database)
    };
    let both = over(&[0, 1]).connect().await.expect("a connection");
    let one = over(&[0]).connect().await.expect("a connection");
    let bare = Database::connect(options(postgres.replica_url(0, "bench")))
        .await
        .expect("a connection");
    let other = Database::connect(options(postgres.replica_url(1, "bench")))
        .await
        .expect("a connection");
    fill(&both).await;
    postgres.wait_caught_up().await.expect("replicas in time");

    let (rounds, window) = match is_smoke() {
        true => (1, Duration::from_millis(50)),
        false => (21, Duration::from_millis(1000)),
    };
    let (in_turn, bare, one, both) = ([bare.clone(), other], [bare], [one], [both]);
    let mut reads = [const { Vec::new() }; 4];
    for round in 0..rounds {
        // Each takes its turn to go first.
        for turn in 0..4 {
            let which = (round + turn) % 4;
            reads[which].push(match which {
                0 => throughput(&bare, window).await,
                1 => throughput(&one, window).await,
                2 => throughput(&both, window).await,
                _ => throughput(&in_turn, window).await,
            });
        }
    }
    let ratio = |which: usize, to: usize| {
        let pairs = reads[which].iter().zip(&reads[to]);
        median(pairs.map(|(routed, bare)| routed / bare).collect())
    };
    report(
        "point reads, bare connection to one replica",
        median(reads[0].clone()),
        "reads/s",
        "-",
    );
    report(
        "point reads, routed to that replica",
        median(reads[1].clone()),
        "reads/s",
        "-",
    );
    report(
        "point reads, routed over two replicas",
        median(reads[2].clone()),
        "reads/s",
        "-",
    );
    report(
        "throughput, routed to one / bare to one",
        ratio(1, 0),
        "",
        ">= 0.98",
    );
    report(
        "throughput, routed over two / bare to one",
        ratio(2, 0),
        "",
        ">= 0.98",
    );
    report(
        "throughput, routed over two / bare to two in turn",
        ratio(2, 3),
        "",
        "-",
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn fill(db: &RoutingConnection) {
    let primary = db.primary("default").expect("the primary");
    let builder = primary.get_schema_builder();
    builder
        .register(customer::Entity)
        .apply(&primary)
        .await
        .expect("a table");
    let customers = (1..=ROWS).map(|n| customer::ActiveModel {
        name: Set(format!("customer {n}")),
        email: Set(format!("{n}@example.org")),
        ..Default::default()
    });
    customer::Entity::insert_many(customers)
        .exec(db)
        .await
        .expect("customers");
}

async fn throughput<C>(dbs: &[C], window: Duration) -> f64
where
    C: ConnectionTrait + Clone + Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..TASKS as i32)
        .map(|task| {
            let (dbs, stop, reads) = (dbs.to_vec(), Arc::clone(&stop), Arc::clone(&reads));
            tokio::spawn(async move {
                let mut id = task;
                while !stop.load(Ordering::Relaxed) {
                    id = id % ROWS + 1;
                    let found = customer::Entity::find_by_id(id)
                        .one(&dbs[id as usize % dbs.len()])
                        .await;
                    assert!(found.expect("a result").is_some());
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let start = std::time::Instant::now();
    tokio::time::sleep(window).await;
    stop.store(true, Ordering::Relaxed);
    let elapsed = start.elapsed();
    for task in tasks {
        task.await.expect("no panic");
    }
    reads.load(Ordering::Relaxed) as f64 / elapsed.as_secs_f64()
}
