//! A transaction is open when another server becomes the primary; one server has two names.

use std::time::Duration;

use routing_servers::{Mode, Node};
use sea_orm::TransactionTrait;
use sea_orm_routing::error::TxnError;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use super::is_writable;
use crate::support::bed::{Bed, INTERVAL, TIMEOUT, often_asked, on_each_server};
use crate::support::load::{Load, write};
use crate::support::nodes::{becomes, is, is_read_from, role, serves, takes};
use crate::support::{eventually, item, soon};

on_each_server! {
    a_transaction_is_open_when_another_node_becomes_the_primary(1),
    a_commit_is_in_flight_when_another_node_becomes_the_primary(1),
    a_transaction_ends_on_a_frozen_server_that_is_the_primary_no_more(1),
    a_transaction_is_open_when_a_second_primary_appears(1),
    one_server_has_two_names(1),
    a_replica_is_declared_that_is_the_primary(1),
    the_primary_answers_later_than_another_name_of_it(1),
}

async fn a_transaction_is_open_when_another_node_becomes_the_primary(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let txn = db.begin().await.expect("begun");
    item::insert(&txn, "lost").await.expect("a write");
    bed.freeze(Node::Primary).await;
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    bed.thaw(Node::Primary).await;
    let outcome = soon("a commit", txn.commit()).await;
    let error = outcome.expect_err("another node is the primary");
    assert!(
        matches!(
            RoutingError::of(&error),
            Some(RoutingError::Transaction(TxnError::Doomed { .. }))
        ),
        "{error}"
    );
    eventually("nothing is open there", || async {
        bed.ask(Node::Primary, "SELECT COUNT(*) FROM item").await == "1"
    })
    .await;
    bed.kill(Node::Primary).await;
    eventually("writes go on", || async { write(&db, "new").await.is_ok() }).await;
    assert_eq!(item::names(&db).await, ["first", "new"]);
}

/// The commit of a frozen primary never returns; the caller stops waiting once there is another
/// primary.
async fn a_commit_is_in_flight_when_another_node_becomes_the_primary(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let txn = db.begin().await.expect("begun");
    item::insert(&txn, "unknown").await.expect("a write");
    let open = db.begin().await.expect("begun");
    item::insert(&open, "lost").await.expect("a write");
    bed.freeze(Node::Primary).await;
    let commit = tokio::spawn(txn.commit());
    let (other, begins) = (db.clone(), db.clone());
    let insert = tokio::spawn(async move { item::insert(&open, "lost too").await.map(drop) });
    let begins = tokio::spawn(async move {
        let txn = begins.begin().await?;
        item::insert(&txn, "begun too late").await?;
        txn.commit().await
    });
    let write = tokio::spawn(async move { write(&other, "in doubt").await });
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    let mut hanging = Vec::new();
    for (what, task) in [
        ("insert", insert),
        ("begin", begins),
        ("write", write),
        ("commit", commit),
    ] {
        match tokio::time::timeout(Duration::from_secs(5), task).await {
            // A statement decided after the promotion is on the new primary.
            Ok(ended) => {
                let outcome = ended.expect("no panic");
                assert!(outcome.is_err() || what != "commit", "{what}: {outcome:?}");
            }
            Err(_) => hanging.push(what),
        }
    }
    assert!(
        hanging.is_empty(),
        "{hanging:?} wait for a frozen server that is the primary no more"
    );
}

/// The end of a transaction does not wait for a former primary either.
async fn a_transaction_ends_on_a_frozen_server_that_is_the_primary_no_more(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let mut open = Vec::new();
    for name in ["to commit", "to roll back"] {
        let txn = db.begin().await.expect("begun");
        item::insert(&txn, name).await.expect("a write");
        open.push(txn);
    }
    bed.freeze(Node::Primary).await;
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    let limit = Duration::from_secs(5);
    let rollback = open.pop().expect("open").rollback();
    let rolled_back = tokio::time::timeout(limit, rollback).await;
    let commit = open.pop().expect("open").commit();
    let committed = tokio::time::timeout(limit, commit).await;
    assert!(
        rolled_back.is_ok(),
        "the rollback hangs; the commit: {committed:?}"
    );
    assert!(matches!(committed, Ok(Err(_))), "{committed:?}");
}

async fn a_transaction_is_open_when_a_second_primary_appears(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let txn = db.begin().await.expect("begun");
    item::insert(&txn, "split").await.expect("a write");
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    let error = soon("a commit", txn.commit())
        .await
        .expect_err("another node is the primary");
    assert!(
        is(&error, |it| matches!(
            it,
            RoutingError::Transaction(TxnError::Doomed { .. })
        )),
        "{error}"
    );
    write(&db, "the newer one").await.expect("a write");
    assert_eq!(item::names(&db).await, ["first", "the newer one"]);
    let old = bed.ask(Node::Primary, "SELECT COUNT(*) FROM item").await;
    assert_eq!(old, "1", "nothing was committed there");
}

async fn one_server_has_two_names(bed: impl Bed) {
    let (_proxy, url) = bed.proxy(Node::Primary);
    let options = often_asked(bed.url(Node::Primary))
        .replica(url)
        .roles(RoleSource::Observed);
    let db = bed.connect(options).await;
    no_alarm(&db).await;
    bed.kill(Node::Primary).await;
    becomes(&db, "default/2", NodeState::Down).await;
    bed.start(Node::Primary).await;
    let back = db.wait_for_primary("default", Duration::from_secs(15));
    soon("the primary", back).await.expect("it is back");
    is_read_from(&db, "default/2").await;
    no_alarm(&db).await;
}

async fn a_replica_is_declared_that_is_the_primary(bed: impl Bed) {
    let url = bed.url(Node::Primary);
    let options = often_asked(url.clone())
        .replica(url)
        .roles(RoleSource::Observed);
    let db = bed.connect(options).await;
    no_alarm(&db).await;
    is_read_from(&db, "default/2").await;
}

/// At startup a node that has not been probed yet is not treated as lost.
async fn the_primary_answers_later_than_another_name_of_it(bed: impl Bed) {
    let (proxy, url) = bed.proxy(Node::Primary);
    proxy
        .set(Mode::Delay(Duration::from_millis(60)))
        .expect("set");
    let options = often_asked(url)
        .replica(bed.url(Node::Primary))
        .roles(RoleSource::Observed);
    let db = bed.connect(options).await;
    no_alarm(&db).await;
}

/// Until the monitor has probed each node several times, the primary still accepts writes.
async fn no_alarm(db: &RoutingConnection) {
    let load = Load::writing(db, 2);
    let long = tokio::time::sleep(INTERVAL * 8 + TIMEOUT);
    tokio::pin!(long);
    loop {
        tokio::select! {
            () = &mut long => break,
            () = load.more(1) => assert!(is_writable(db), "{}", db.topology()),
        }
    }
    let report = load.end().await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(role(db, "default/1"), Role::Primary);
    assert!(serves(db, "default/1"), "{}", db.topology());
}
