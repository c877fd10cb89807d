//! Read-only transactions on replicas, when the primary is lost, when the replica hangs, and when
//! no replica is available.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use routing_servers::{Mode, Node};
use sea_orm::AccessMode::ReadOnly;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait, Statement, StreamTrait, TransactionTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{RoutingConnection, RoutingError, RoutingTransaction};

use crate::support::bed::{Bed, INTERVAL, SLACK, TIMEOUT, often_asked, on_each_server};
use crate::support::load::read;
use crate::support::nodes::{becomes, is, state};
use crate::support::{item, soon, value};

on_each_server! {
    the_primary_dies_and_the_transaction_goes_on(1),
    another_node_becomes_the_primary_and_the_transaction_goes_on(2),
    its_replica_stalls_and_the_transaction_ends(1),
    its_replica_dies_under_a_stream_and_is_suspect(1),
    no_more_transactions_fall_back_than_may(1),
}

/// A transaction that reads from a node and has read once.
async fn begin(db: &RoutingConnection, node: &str) -> RoutingTransaction {
    let routes = db.record();
    let db = db.read_only_transactions(ReadOnlyTransactions::Replica);
    let txn = db.begin_with_config(None, Some(ReadOnly)).await;
    let txn = txn.expect("begun");
    assert_eq!(count(&txn).await, Ok(1));
    assert_eq!(routes.routes()[0].node().as_str(), node);
    txn
}

async fn count(txn: &RoutingTransaction) -> Result<u64, DbErr> {
    soon("a read", item::Entity::find().count(txn)).await
}

async fn goes_on(txn: RoutingTransaction) {
    for _ in 0..3 {
        assert_eq!(count(&txn).await, Ok(1));
    }
    let nested = txn.begin().await.expect("nested");
    assert_eq!(count(&nested).await, Ok(1));
    nested.commit().await.expect("released");
    soon("a commit", txn.commit()).await.expect("committed");
}

async fn the_primary_dies_and_the_transaction_goes_on<B: Bed>(bed: B) {
    let db = bed.connect(bed.options()).await;
    let txn = begin(&db, "default/2").await;
    bed.kill(Node::Primary).await;
    let slow = B::sleeping(2.0);
    let (read, _) = tokio::join!(
        value::<i64>(&txn, &slow),
        becomes(&db, "default/1", NodeState::Down)
    );
    assert_eq!(read, Ok(1), "it was in flight meanwhile");
    goes_on(txn).await;
}

async fn another_node_becomes_the_primary_and_the_transaction_goes_on<B: Bed>(bed: B) {
    let options = often_asked(bed.url(Node::Primary)).replica(bed.url(0));
    let db = bed.connect(options.roles(RoleSource::Observed)).await;
    let txn = begin(&db, "default/2").await;
    let added = db.admin().add_replica("default", bed.url(1)).await;
    assert_eq!(added.expect("added").as_str(), "default/3");
    bed.kill(Node::Primary).await;
    bed.promote(1).await;
    let slow = B::sleeping(2.0);
    let primary = db.wait_for_primary("default", Duration::from_secs(15));
    let (read, primary) = tokio::join!(value::<i64>(&txn, &slow), primary);
    primary.expect("another primary");
    assert_eq!(read, Ok(1), "it was in flight meanwhile");
    goes_on(txn).await;
}

async fn its_replica_stalls_and_the_transaction_ends<B: Bed>(bed: B) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let db = bed.connect(options).await;
    let txn = begin(&db, "default/2").await;
    let slow = B::sleeping(1.0);
    let stalls = async {
        bed.sleeps(0).await;
        proxy.set(Mode::Stall).expect("set");
        Instant::now()
    };
    let read = async { tokio::join!(value::<i64>(&txn, &slow), stalls) };
    let (outcome, start) = soon("a statement", read).await;
    let error = outcome.expect_err("its replica does not answer");
    let limit = INTERVAL * 2 + TIMEOUT * 2 + SLACK;
    assert!(start.elapsed() < limit, "{:?}: {error}", start.elapsed());
    soon("a rollback", txn.rollback())
        .await
        .expect("it is over");
    soon("a read", read_elsewhere(&db)).await;
}

/// Without a monitor, only the error of the stream can tell.
async fn its_replica_dies_under_a_stream_and_is_suspect<B: Bed>(bed: B) {
    let db = bed.connect(bed.options().monitored(false)).await;
    let txn = begin(&db, "default/2").await;
    let slow = Statement::from_string(db.get_database_backend(), B::sleeping(30.0));
    let mut rows = txn.stream_raw(slow).await.expect("a stream");
    let dies = async {
        bed.sleeps(0).await;
        bed.kill(0).await;
    };
    let (row, ()) = soon("a row", async { tokio::join!(rows.next(), dies) }).await;
    let outcome = row.expect("an error");
    outcome.expect_err("its replica is dead");
    drop(rows);
    assert_eq!(state(&db, "default/2"), NodeState::Suspect);
}

async fn read_elsewhere(db: &RoutingConnection) {
    let txn = begin(db, "default/1").await;
    txn.commit().await.expect("committed");
}

async fn no_more_transactions_fall_back_than_may(bed: impl Bed) {
    let options = bed.options().max_fallback_reads(1);
    let options = options.read_deadline(Duration::from_millis(300));
    let db = bed.connect(options).await;
    bed.kill(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    let txn = begin(&db, "default/1").await;

    let replicas = db.read_only_transactions(ReadOnlyTransactions::Replica);
    let is_over_limit = |error: &DbErr| {
        is(error, |it| {
            matches!(
                it,
                RoutingError::Availability(AvailabilityError::FallbackLimit { .. })
            )
        })
    };
    let second = replicas.begin_with_config(None, Some(ReadOnly)).await;
    let second = second.expect("begun");
    let start = Instant::now();
    let error = count(&second).await.expect_err("one is there already");
    assert!(is_over_limit(&error), "{error:?}");
    assert!(start.elapsed() >= Duration::from_millis(300), "it waited");
    assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
    second.rollback().await.expect("rolled back");
    let error = read(&db).await.expect_err("reads are counted with them");
    assert!(is_over_limit(&error), "{error:?}");
    assert_eq!(count(&txn).await, Ok(1), "the first continues");
    txn.commit().await.expect("committed");
    read_elsewhere(&db).await;
    read(&db).await.expect("a read");
}
