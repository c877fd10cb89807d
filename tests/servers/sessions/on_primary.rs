//! What a session read from the primary on purpose, it reads from then on: no replica without it serves.

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect, TransactionTrait};
use sea_orm_routing::{Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, has, next_read, write};
use crate::support::{eventually, item, single};

/// The ways to read from the primary, by name.
const WAYS: [&str; 7] = [
    "on_primary()",
    "using(node)",
    "FOR UPDATE",
    "a transaction",
    "a transaction that is rolled back",
    "a transaction that is dropped",
    "raw SQL that locks",
];

async fn read_from_primary(session: &RoutingConnection, way: &str) -> bool {
    match way {
        "on_primary()" => has(&session.on_primary(), 2).await,
        "using(node)" => has(&session.using("default/1").expect("declared"), 2).await,
        "FOR UPDATE" => {
            let locked = item::Entity::find_by_id(2).lock_exclusive();
            locked.one(session).await.expect("a read").is_some()
        }
        "raw SQL that locks" => {
            let sql = "SELECT name FROM item WHERE id = 2 FOR UPDATE";
            let statement = sea_orm::Statement::from_string(session.get_database_backend(), sql);
            let row = session.query_one_raw(statement).await;
            row.expect("a read").is_some()
        }
        _ => {
            let txn = session.begin().await.expect("begun");
            let found = has(&txn, 2).await;
            match way {
                "a transaction" => txn.commit().await.expect("committed"),
                "a transaction that is rolled back" => txn.rollback().await.expect("rolled back"),
                _ => drop(txn),
            }
            found
        }
    }
}

async fn no_way_goes_back(side: Side) {
    side.create("shop").await;
    let db = single(side.options("shop")).await;
    write(&db, 1).await.expect("written");
    side.caught_up().await;
    let warm = || async { next_read(&db.session_with(CAUSAL)) == Role::Replica };
    eventually("replicas serve", warm).await;
    side.pause(0).await;
    // By another user.
    write(&db, 2).await.expect("written");
    for way in WAYS {
        let session = db.session_with(CAUSAL);
        assert!(has(&session, 1).await);
        assert!(read_from_primary(&session, way).await, "{way}");
        for _ in 0..5 {
            assert!(has(&session, 2).await, "{way}: went back");
        }
    }
    side.resume(0).await;
    let session = db.session_with(CAUSAL);
    assert!(has(&session.on_primary(), 2).await);
    let returns = || async {
        assert!(has(&session, 2).await);
        next_read(&session) == Role::Replica
    };
    eventually("reads return to the replica", returns).await;
}

#[tokio::test]
async fn no_way_goes_back_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        no_way_goes_back(side).await;
    }
}

#[tokio::test]
async fn no_way_goes_back_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        no_way_goes_back(side).await;
    }
}

/// Statements on the session that make a write visible.
#[tokio::test]
async fn a_prepared_transaction_that_is_committed_counts_as_a_write() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    let db = side.connect().await;
    side.sql(
        routing_servers::Node::Primary,
        "shop",
        "BEGIN; INSERT INTO item (id, name) VALUES (7, 'item 7'); PREPARE TRANSACTION 'p'",
    )
    .await;
    side.caught_up().await;
    side.pause(0).await;
    let session = db.session_with(CAUSAL);
    session
        .execute_unprepared("COMMIT PREPARED 'p'")
        .await
        .expect("committed");
    assert!(has(&session, 7).await, "the write is missed");
}

#[tokio::test]
async fn an_xa_commit_and_a_block_count_as_writes() {
    let Some(side) = Side::mariadb(1).await else {
        return;
    };
    let db = side.connect().await;
    side.sql(
        routing_servers::Node::Primary,
        "shop",
        "XA START 'x'; INSERT INTO item (id, name) VALUES (7, 'item 7'); XA END 'x'; XA PREPARE 'x'",
    )
    .await;
    side.caught_up().await;
    side.pause(0).await;
    let session = db.session_with(CAUSAL);
    session
        .execute_unprepared("XA COMMIT 'x'")
        .await
        .expect("committed");
    assert!(has(&session, 7).await, "the write is missed");
    let session = db.session_with(CAUSAL);
    session
        .execute_unprepared(
            "BEGIN NOT ATOMIC INSERT INTO item (id, name) VALUES (8, 'item 8'); END",
        )
        .await
        .expect("run");
    assert!(has(&session, 8).await, "the write is missed");
}
