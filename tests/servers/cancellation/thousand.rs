//! A thousand operations on a primary and its replicas, each dropped at a random moment. Afterwards
//! no transaction is open, every pool is whole, and no node is marked down.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use routing_servers::Node;
use sea_orm::AccessMode::ReadOnly;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{Consistency, RoutingConnection};

use crate::support::bed::{Bed, on_each_server};
use crate::support::cut::{Dropped, cut};
use crate::support::item::{self, insert};
use crate::support::load::{read, write};
use crate::support::nodes::{is_whole, names, state};
use crate::support::soon;

on_each_server! {
    a_thousand_operations_are_cut_off(2),
}

const SEED: u64 = 20_261_121;
const LANES: u64 = 4;
const CUT_OFF_EACH: usize = 250;

/// What became of the operations of a lane.
#[derive(Default)]
struct Report {
    cut_off: usize,
    /// Names that were acknowledged.
    written: Vec<String>,
    failed: Vec<String>,
}

async fn a_thousand_operations_are_cut_off(bed: impl Bed) {
    eprintln!("the seed is {SEED}");
    // A slow reply of a busy machine must not count as a dead server.
    let options = bed.options().probe_timeout(Duration::from_secs(10));
    let db = bed.connect(options).await;
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| tokio::spawn(play(db.clone(), lane)))
        .collect();
    let mut written = Vec::new();
    for lane in lanes {
        let report = lane.await.expect("no panic");
        assert!(report.failed.is_empty(), "{:#?}", report.failed);
        written.extend(report.written);
    }
    for (node, server) in (0..).zip(names(&db)) {
        assert_eq!(state(&db, &server), NodeState::Up, "{}", db.topology());
        let node = match node {
            0 => Node::Primary,
            replica => Node::Replica(replica - 1),
        };
        bed.is_quiet(node).await;
        is_whole(&db, &server).await;
        let connections = bed.connections(node).await;
        assert!(connections <= 10, "{connections} connections to {server}");
    }
    let there = item::names(&db).await;
    written.retain(|name| !there.contains(name));
    assert!(written.is_empty(), "{written:?} was acknowledged");
    write(&db, "after").await.expect("a write");
    read(&db).await.expect("a read");
}

async fn play(db: RoutingConnection, lane: u64) -> Report {
    let mut random = StdRng::seed_from_u64(SEED + lane);
    let mut report = Report::default();
    for number in 0.. {
        if report.cut_off == CUT_OFF_EACH {
            break;
        }
        let name = format!("lane {lane} number {number}");
        let (handle, kind) = (handle(&db, &mut random), random.random_range(0..5));
        let operation = operation(&handle, kind, name.clone());
        // Operations that finish open connections, on which later operations are cancelled.
        let outcome = match number % 6 {
            0 => Some(soon("an operation", operation).await),
            _ => dropped(&mut random, operation).await,
        };
        match outcome {
            None => report.cut_off += 1,
            Some(Ok(true)) => report.written.push(name),
            Some(Ok(false)) => {}
            Some(Err(error)) => report.failed.push(format!("{name}, kind {kind}: {error}")),
        }
    }
    report
}

/// Runs the operation with or without a session.
fn handle(db: &RoutingConnection, random: &mut StdRng) -> RoutingConnection {
    let (max_wait, on_timeout) = (Duration::from_millis(20), OnTimeout::Primary);
    match random.random_range(0..3) {
        0 => db.session_with(Consistency::Causal {
            max_wait,
            on_timeout,
        }),
        1 => db.session_with(Consistency::ReadYourWrites { window: max_wait }),
        _ => db.clone(),
    }
}

/// Whether the operation wrote its name.
async fn operation(db: &RoutingConnection, kind: u32, name: String) -> Result<bool, DbErr> {
    match kind {
        0 => read(db).await.map(|()| false),
        1 => insert(db, &name).await.map(|_| true),
        2 => {
            let rows = item::Entity::find().stream(db).await?;
            rows.try_fold((), async |(), _| Ok(()))
                .await
                .map(|()| false)
        }
        3 => {
            let txn = db.begin().await?;
            insert(&txn, &name).await?;
            let nested = txn.begin().await?;
            insert(&nested, &format!("{name} nested")).await?;
            nested.commit().await?;
            txn.commit().await.map(|()| true)
        }
        _ => {
            let db = db.read_only_transactions(ReadOnlyTransactions::Replica);
            let txn = db.begin_with_config(None, Some(ReadOnly)).await?;
            item::Entity::find().count(&txn).await?;
            txn.rollback().await.map(|()| false)
        }
    }
}

/// The output of a future, unless it was dropped first. Most drops come early; late drops hit
/// operations that open a connection first.
async fn dropped<F: Future>(random: &mut StdRng, future: F) -> Option<F::Output> {
    let (magnitude, part): (u32, f64) = (random.random_range(0..8), random.random());
    let up_to = |most: u64| (f64::from(1 << magnitude) * part * most as f64 / 128.0) as u64;
    let polls = 1 + up_to(128) as usize;
    match random.random_range(0..3) {
        0 => cut(polls, Dropped::AtOnce, future).await,
        1 => cut(polls, Dropped::WhenAnswered, future).await,
        _ => tokio::select! {
            biased;
            output = future => Some(output),
            () = passed(Duration::from_micros(up_to(100_000))) => None,
        },
    }
}

/// Tokio's own clock counts in milliseconds.
async fn passed(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        tokio::task::yield_now().await;
    }
}
