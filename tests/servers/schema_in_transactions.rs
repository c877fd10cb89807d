//! Postgres changes schemas inside transactions, and rolls them back.

use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::support::item::{insert, names};
use crate::support::{self, value};

#[tokio::test]
async fn a_schema_change_is_rolled_back_or_committed_with_the_rows() {
    let Some(pg) = support::postgres("schema_in").await else {
        return;
    };
    let db = pg.connect().await;
    let primary = db.on_primary();
    for commit in [false, true] {
        let txn = db.begin().await.expect("begun");
        for sql in [
            "CREATE TABLE more (id int)",
            "INSERT INTO more VALUES (7)",
            "ALTER TABLE more ADD COLUMN name text",
            "CREATE INDEX more_id ON more (id)",
            "TRUNCATE TABLE item",
            "LOCK TABLE item IN ACCESS EXCLUSIVE MODE",
            "GRANT SELECT ON more TO PUBLIC",
        ] {
            txn.execute_unprepared(sql).await.expect(sql);
        }
        insert(&txn, "inside").await.expect("inserted");
        match commit {
            true => txn.commit().await.expect("committed"),
            false => txn.rollback().await.expect("rolled back"),
        }
        let there = value::<bool>(&primary, "SELECT to_regclass('more') IS NOT NULL");
        assert_eq!(there.await, Ok(commit));
    }
    assert_eq!(names(&db).await, ["inside"]);
}

#[tokio::test]
async fn a_nested_schema_change_is_undone_on_its_own() {
    let Some(pg) = support::postgres("schema_nested").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let nested = txn.begin().await.expect("nested");
    nested
        .execute_unprepared("DROP TABLE item")
        .await
        .expect("dropped");
    nested.rollback().await.expect("rolled back");
    txn.commit().await.expect("committed");
    assert_eq!(names(&db).await, ["outer"]);
}
