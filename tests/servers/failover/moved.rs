//! The address of the primary leads to another server, and open connections stay with the old one.

use routing_servers::{Node, PostgresCluster};
use sea_orm::{AccessMode, ConnectionTrait, DbErr, TransactionTrait};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::bed::{Bed, often_asked, on_each_server, port};
use crate::support::load::write;
use crate::support::{item, options};

on_each_server! {
    a_virtual_address_moves(1),
}

/// The connections of the pool.
const CONNECTIONS: usize = 8;

/// Roles are declared: the address alone says which server is the primary.
async fn a_virtual_address_moves(bed: impl Bed) {
    let (address, url) = bed.proxy(Node::Primary);
    let options = often_asked(url.clone()).replica(bed.url(0));
    let db = bed.connect(options).await;
    fill(&db).await;
    let (a, b) = (bed.url(Node::Primary), bed.url(0));
    // The old primary lives on as a replica: its connections stay open, and refuse writes.
    bed.demote(Node::Primary).await;
    bed.promote(0).await;
    assert_ne!(port(&a), port(&b));
    address.lead_to(port(&b));
    let mut failed = Vec::new();
    let recovered = async {
        let mut well = 0;
        while well < 50 {
            match write(&db, &format!("moved {} {well}", failed.len())).await {
                Ok(()) => well += 1,
                Err(error) => {
                    well = 0;
                    failed.push(error);
                }
            }
        }
    };
    let in_time = tokio::time::timeout(crate::support::LIMIT, recovered).await;
    assert!(in_time.is_ok(), "writes fail: {:?}", failed.last());
    assert!(
        failed.len() <= CONNECTIONS,
        "{} errors: {failed:?}",
        failed.len()
    );
    in_transaction(&db).await.expect("a transaction");
}

/// The application asked for that, so it says nothing of the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_refused_in_a_read_only_transaction() {
    let Some(bed) = PostgresCluster::begin(0).await else {
        return;
    };
    let (address, url) = bed.proxy(Node::Primary);
    // A connection that is returned late is waited for, and no other is opened.
    let mut one = options(url);
    one.max_connections(1);
    let db = bed.connect(DatabaseOptions::new(one)).await;
    let hides = "CREATE FUNCTION hides_a_write() RETURNS bigint LANGUAGE sql AS
        $$ INSERT INTO item (name) VALUES ('hidden') RETURNING id $$";
    bed.ask(Node::Primary, hides).await;
    let before = address.accepted();
    for _ in 0..3 {
        let txn = db.begin_with_config(None, Some(AccessMode::ReadOnly)).await;
        let txn = txn.expect("begun");
        let refused = txn.execute_unprepared("SELECT hides_a_write()").await;
        let refused = refused.expect_err("read-only").to_string();
        assert!(refused.contains("read-only transaction"), "{refused}");
        txn.rollback().await.expect("rolled back");
    }
    write(&db, "afterwards").await.expect("a write");
    assert_eq!(address.accepted(), before, "connections were replaced");
}

async fn in_transaction(db: &RoutingConnection) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    item::insert(&txn, "in a transaction").await?;
    txn.commit().await
}

/// Opens all connections of the pool.
async fn fill(db: &RoutingConnection) {
    let mut open = Vec::new();
    for number in 0..CONNECTIONS {
        let txn = db.begin().await.expect("begun");
        let name = format!("fill {number}");
        item::insert(&txn, &name).await.expect("a write");
        open.push(txn);
    }
    for txn in open {
        txn.rollback().await.expect("rolled back");
    }
}
