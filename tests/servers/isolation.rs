//! The options of a transaction reach the server.

use sea_orm::AccessMode::{ReadOnly, ReadWrite};
use sea_orm::IsolationLevel::{self, ReadCommitted, ReadUncommitted, RepeatableRead, Serializable};
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};
use sea_orm_routing::error::RefusedError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::item::{self, insert, names};
use crate::support::{self, error_of, eventually, value};

const LEVELS: [(IsolationLevel, &str); 4] = [
    (ReadUncommitted, "READ UNCOMMITTED"),
    (ReadCommitted, "READ COMMITTED"),
    (RepeatableRead, "REPEATABLE READ"),
    (Serializable, "SERIALIZABLE"),
];

#[tokio::test]
async fn postgres_has_the_level_that_was_asked_for() {
    let Some(pg) = support::postgres("isolation").await else {
        return;
    };
    let db = pg.connect().await;
    for (level, name) in LEVELS {
        let txn = db
            .begin_with_config(Some(level), Some(ReadWrite))
            .await
            .expect("begun");
        let found = value::<String>(&txn, "SHOW transaction_isolation").await;
        assert_eq!(found.map(|found| found.to_uppercase()).as_deref(), Ok(name));
        let read_only = value::<String>(&txn, "SHOW transaction_read_only").await;
        assert_eq!(read_only.as_deref(), Ok("off"));
        txn.commit().await.expect("committed");
    }
    let txn = db.begin().await.expect("begun");
    let found = value::<String>(&txn, "SHOW transaction_isolation").await;
    assert_eq!(
        found.as_deref(),
        Ok("read committed"),
        "nothing is left of those before"
    );
}

#[tokio::test]
async fn a_read_only_transaction_reaches_postgres() {
    let Some(pg) = support::postgres("read_only").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db
        .begin_with_config(None, Some(ReadOnly))
        .await
        .expect("begun");
    let read_only = value::<String>(&txn, "SHOW transaction_read_only").await;
    assert_eq!(read_only.as_deref(), Ok("on"));
    refuses_writes(&txn).await;
    // A statement that is not known to write is refused by the server.
    let unknown = error_of(value::<i64>(&txn, "SELECT nextval('item_id_seq')").await);
    assert!(unknown.contains("read-only transaction"), "{unknown}");
    drop(txn);
    insert(&db, "one").await.expect("the next one writes");
}

#[tokio::test]
async fn mariadb_has_the_level_that_was_asked_for() {
    let Some(maria) = support::mariadb("isolation").await else {
        return;
    };
    let db = maria.connect().await;
    // The variables show the session's level, not the transaction's.
    let sql = "SELECT trx_isolation_level FROM information_schema.innodb_trx
        WHERE trx_mysql_thread_id = CONNECTION_ID()";
    for (level, name) in LEVELS {
        let txn = db
            .begin_with_config(Some(level), Some(ReadWrite))
            .await
            .expect("begun");
        insert(&txn, name).await.expect("inserted");
        // The server updates its list of transactions at intervals.
        let txn_of = &txn;
        eventually(name, || async move {
            value::<String>(txn_of, sql).await.as_deref() == Ok(name)
        })
        .await;
        txn.rollback().await.expect("rolled back");
    }
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let txn = &txn;
    eventually("nothing is left of those before", || async move {
        value::<String>(txn, sql).await.as_deref() == Ok("REPEATABLE READ")
    })
    .await;
}

#[tokio::test]
async fn a_read_only_transaction_reaches_mariadb() {
    let Some(maria) = support::mariadb("read_only").await else {
        return;
    };
    let db = maria.connect().await;
    maria
        .sql("SET GLOBAL log_bin_trust_function_creators = ON")
        .await;
    let touch = "CREATE FUNCTION touch() RETURNS INT MODIFIES SQL DATA
        BEGIN INSERT INTO item (name) VALUES ('touched'); RETURN 1; END";
    db.execute_unprepared(touch).await.expect("a function");

    let txn = db
        .begin_with_config(None, Some(ReadOnly))
        .await
        .expect("begun");
    assert_eq!(
        item::Entity::find().all(&txn).await.expect("a read").len(),
        0
    );
    refuses_writes(&txn).await;
    // A statement that is not known to write is refused by the server.
    let unknown = error_of(value::<i32>(&txn, "SELECT touch()").await);
    assert!(unknown.contains("1792"), "{unknown}");
    drop(txn);
    insert(&db, "one").await.expect("the next one writes");
    assert_eq!(names(&db).await, ["one"]);
}

async fn refuses_writes(txn: &impl ConnectionTrait) {
    let refused = insert(txn, "no").await.expect_err("it only reads");
    assert!(
        matches!(
            RoutingError::of(&refused),
            Some(RoutingError::Refused(RefusedError::ReadOnly { .. }))
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn a_repeatable_read_repeats() {
    let Some(pg) = support::postgres("repeats").await else {
        return;
    };
    let Some(maria) = support::mariadb("repeats").await else {
        return;
    };
    repeats(&pg.connect().await).await;
    repeats(&maria.connect().await).await;
}

async fn repeats(db: &RoutingConnection) {
    let level = Some(RepeatableRead);
    let txn = db.begin_with_config(level, None).await.expect("begun");
    assert_eq!(
        item::Entity::find().all(&txn).await.expect("a read").len(),
        0
    );
    insert(db, "meanwhile").await.expect("inserted");
    assert_eq!(
        item::Entity::find().all(&txn).await.expect("a read").len(),
        0
    );
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["meanwhile"]);
}
