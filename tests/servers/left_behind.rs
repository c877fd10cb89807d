//! What stays open when the parts of a transaction end in the wrong order.

use sea_orm::{DbBackend, Statement, StreamTrait, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::TxnError;

use crate::support::item::{self, insert, names};
use crate::support::{self, eventually, single, soon};

const IDLE: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND state LIKE 'idle in transaction%'";

#[tokio::test]
async fn a_child_that_outlives_its_parent_holds_nothing_open() {
    let Some(pg) = support::postgres("outlived").await else {
        return;
    };
    let db = single(support::options(pg.cluster.primary_url(pg.name)).into()).await;
    item::create(&db).await;
    let parent = db.begin().await.expect("begun");
    let child = parent.begin().await.expect("nested");
    insert(&child, "lost").await.expect("inserted");
    assert_eq!(pg.sql(IDLE).await, "1");
    drop(parent);
    let closed = || async { pg.sql(IDLE).await == "0" };
    eventually(
        "the server's transaction is over, and the child alive",
        closed,
    )
    .await;
    insert(&child, "late").await.expect_err("it is over");
    child.commit().await.expect_err("it is over");
    assert!(names(&db).await.is_empty());
}

#[tokio::test]
async fn a_rollback_beside_an_open_stream_comes_to_an_end() {
    let Some(pg) = support::postgres("streaming").await else {
        return;
    };
    let db = single(support::options(pg.cluster.primary_url(pg.name)).into()).await;
    item::create(&db).await;
    let parent = db.begin().await.expect("begun");
    insert(&parent, "lost").await.expect("inserted");
    let child = parent.begin().await.expect("nested");
    let all = Statement::from_string(DbBackend::Postgres, "SELECT * FROM item");
    let rows = child.stream_raw(all).await.expect("rows");
    let ended = soon("a rollback", parent.rollback()).await;
    let error = ended.expect_err("a stream is open");
    assert!(matches!(
        RoutingError::of(&error),
        Some(RoutingError::Transaction(TxnError::Doomed { .. }))
    ));
    drop(rows);
    drop(child);
    let closed = || async { pg.sql(IDLE).await == "0" };
    eventually("the server's transaction is over", closed).await;
    assert!(names(&db).await.is_empty());
}
