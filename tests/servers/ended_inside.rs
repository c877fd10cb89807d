//! A text that would begin or end a transaction inside another is refused, whatever else it
//! contains.

use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support;
use crate::support::item::{insert, names};

async fn refuses(db: &RoutingConnection, texts: &[&str]) {
    let mut taken = Vec::new();
    for sql in texts {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "outer").await.expect("inserted");
        let there = txn.using("default").expect("declared");
        let result = there.execute_unprepared(sql).await;
        let refused = result.as_ref().is_err_and(|error| {
            matches!(
                RoutingError::of(error),
                Some(RoutingError::Transaction(
                    TxnError::TransactionControl { .. }
                ))
            )
        });
        drop(txn.rollback().await);
        let names = names(db).await;
        if !refused || !names.is_empty() {
            taken.push(format!(
                "{sql}: {result:?}, and after the rollback there is {names:?}"
            ));
            db.execute_unprepared("DELETE FROM item")
                .await
                .expect("deleted");
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
}

#[tokio::test]
async fn on_postgres() {
    let Some(pg) = support::postgres("ended").await else {
        return;
    };
    let texts = [
        "COMMIT",
        "/* c */ commit work",
        "END",
        "ROLLBACK",
        "ABORT",
        "BEGIN",
        "START TRANSACTION",
        "SELECT 1; COMMIT",
        "COMMIT; SELECT 1",
        "SELECT txid_current(); COMMIT",
        "INSERT INTO item (name) VALUES ('inner'); COMMIT",
        "COMMIT; INSERT INTO item (name) VALUES ('inner')",
        "CREATE TABLE t (id int); COMMIT",
    ];
    refuses(&pg.connect().await, &texts).await;
}

#[tokio::test]
async fn by_preparing_it_on_postgres() {
    let Some(pg) = support::postgres("ended_prepared").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let there = txn.using("default").expect("declared");
    let result = there
        .execute_unprepared("PREPARE TRANSACTION 'ended'")
        .await;
    drop(txn.rollback().await);
    let left = pg
        .sql("SELECT count(*) FROM pg_prepared_xacts WHERE gid = 'ended'")
        .await;
    if left != "0" {
        pg.sql("ROLLBACK PREPARED 'ended'").await;
    }
    assert_eq!(left, "0", "{result:?}");
}

#[tokio::test]
async fn on_mariadb() {
    let Some(maria) = support::mariadb("ended").await else {
        return;
    };
    let texts = [
        "COMMIT",
        "ROLLBACK",
        "BEGIN",
        "START TRANSACTION READ ONLY",
        "XA START 'ended'",
        "SELECT 1; COMMIT",
        "INSERT INTO item (name) VALUES ('inner'); COMMIT",
        "COMMIT; INSERT INTO item (name) VALUES ('inner')",
        "/*! COMMIT */",
    ];
    refuses(&maria.connect().await, &texts).await;
}
