//! Statements that make MariaDB commit implicitly are refused inside a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::item::{self, insert, names};
use crate::support::{self, value};

/// Every statement on the manual's list of implicit commits, in several spellings.
const COMMITS: [&str; 71] = [
    "ALTER TABLE item ADD COLUMN more INT",
    "ALTER USER app IDENTIFIED BY 'secret'",
    "ANALYZE TABLE item",
    "ANALYZE LOCAL TABLE item",
    "CACHE INDEX item IN default",
    "CHECK TABLE item",
    "CREATE DATABASE implicit_more",
    "CREATE FUNCTION one() RETURNS INT RETURN 1",
    "CREATE INDEX more ON item (name)",
    "CREATE OR REPLACE TABLE more (id INT)",
    "CREATE PROCEDURE nothing() SELECT 1",
    "CREATE ROLE implicit_role",
    "CREATE SEQUENCE more",
    "CREATE TABLE more (id INT)",
    "CREATE TABLE IF NOT EXISTS more AS SELECT 1 AS id",
    "CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW SET @x = 1",
    "CREATE USER implicit_user",
    "CREATE VIEW v AS SELECT 1",
    "DROP DATABASE IF EXISTS implicit_none",
    "DROP INDEX more ON item",
    "DROP TABLE IF EXISTS none",
    "DROP VIEW IF EXISTS v",
    "FLUSH STATUS",
    "FLUSH TABLES",
    "GRANT SELECT ON item TO app",
    "LOAD INDEX INTO CACHE item",
    "LOCK TABLES item WRITE",
    "OPTIMIZE TABLE item",
    "RENAME TABLE item TO item",
    "REPAIR TABLE item",
    "RESET QUERY CACHE",
    "REVOKE SELECT ON item FROM app",
    "SET autocommit = 1",
    "SET @x = 1, @@session.autocommit = 1",
    "SET PASSWORD FOR app = PASSWORD('secret')",
    "SET STATEMENT max_statement_time = 10 FOR TRUNCATE TABLE victim",
    "EXECUTE IMMEDIATE 'TRUNCATE TABLE victim'",
    "SET STATEMENT max_statement_time = 10 FOR COMMIT",
    "SET STATEMENT max_statement_time = 10 FOR BEGIN",
    "SET STATEMENT max_statement_time = 10 FOR CALL commits()",
    "SET STATEMENT max_statement_time = 10 FOR ROLLBACK",
    "SET STATEMENT max_statement_time = 10 FOR SET STATEMENT max_statement_time = 9 FOR COMMIT",
    "SELECT 1; SET STATEMENT max_statement_time = 10 FOR COMMIT",
    "SET SESSION `autocommit` = 1",
    "SET @@session.`autocommit` = 1",
    "SET @@`autocommit` = 1",
    "SET completion_type = 0",
    "CREATE TEMPORARY SEQUENCE passing",
    "CREATE OR REPLACE TEMPORARY SEQUENCE passing",
    "REPEAT COMMIT; UNTIL 1 END REPEAT",
    "WHILE 1 DO COMMIT; END WHILE",
    "CASE WHEN 1 THEN COMMIT; END CASE",
    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'nowhere'",
    "TRUNCATE TABLE victim",
    "/*! TRUNCATE */ TABLE victim",
    "SELECT 1; TRUNCATE TABLE victim",
    "UNLOCK TABLES",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "CREATE OR REPLACE TEMPORARY TABLE t1 (id INT); CREATE TABLE t2 (id INT)",
    "PREPARE s FROM 'TRUNCATE TABLE victim'; EXECUTE s",
    "BEGIN NOT ATOMIC TRUNCATE TABLE victim; END",
    "IF TRUE THEN TRUNCATE TABLE victim; END IF",
    "BACKUP LOCK victim",
    "BACKUP UNLOCK",
    "CHANGE MASTER 'nobody' TO MASTER_HOST = 'nowhere'",
    "SET DEFAULT ROLE NONE",
    "SET GLOBAL autocommit = 1",
    "SET @@autocommit = ON",
    "SET LOCAL autocommit = DEFAULT",
    "STOP SLAVE",
    "UNINSTALL SONAME 'none'",
];

async fn connect(name: &'static str) -> Option<RoutingConnection> {
    Some(support::mariadb(name).await?.connect().await)
}

/// Whatever the server does with the statement, the rows of a rolled back transaction do not exist.
#[tokio::test]
async fn no_statement_commits_a_transaction_behind_its_back() {
    let Some(maria) = support::mariadb("implicit").await else {
        return;
    };
    let mut options = support::options(maria.cluster.primary_url(maria.name));
    options.max_connections(1);
    let db = support::single(options.into()).await;
    item::create(&db).await;
    db.execute_unprepared("CREATE TABLE victim (id INT)")
        .await
        .expect("a table");
    let mut broken = Vec::new();
    for sql in COMMITS {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "outer").await.expect("inserted");
        let there = txn.using("default").expect("declared");
        let ran = there.execute_unprepared(sql).await;
        drop(there);
        let rolled_back = txn.rollback().await;
        let left = names(&db).await;
        if !left.is_empty() {
            broken.push(format!("{sql}: {ran:?} {rolled_back:?}, left is {left:?}"));
            maria.sql("DELETE FROM item").await;
            // Releases what `BACKUP LOCK` leaves on the one connection.
            db.execute_unprepared("BACKUP UNLOCK").await.ok();
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn they_are_refused_by_name_and_the_transaction_goes_on() {
    let Some(db) = connect("implicit_refused").await else {
        return;
    };
    let txn = db.begin().await.expect("begun");
    let there = txn.using("default").expect("declared");
    for (place, (sql, keyword)) in [
        ("ALTER TABLE item ADD COLUMN more INT", "ALTER"),
        ("CREATE TABLE more (id INT)", "CREATE"),
        ("DROP TABLE item", "DROP"),
        ("TRUNCATE TABLE item", "TRUNCATE"),
        ("LOCK TABLES item WRITE", "LOCK"),
        ("UNLOCK TABLES", "UNLOCK"),
        ("SET autocommit = 1", "SET autocommit"),
        ("GRANT SELECT ON item TO app", "GRANT"),
        ("RENAME TABLE item TO other", "RENAME"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = there.execute_unprepared(sql).await.expect_err(sql);
        match RoutingError::of(&refused) {
            Some(RoutingError::Transaction(TxnError::ImplicitCommit {
                keyword: found,
                database,
                ..
            })) => assert_eq!((*found, database.as_str()), (keyword, "default")),
            _ => panic!("{sql}: {refused}"),
        }
        insert(&txn, &format!("item {place}"))
            .await
            .expect("the transaction continues");
        assert!(names(&db).await.is_empty(), "{sql}");
    }
    drop(there);
    txn.commit().await.expect("committed");
    assert_eq!(names(&db).await.len(), 9);
}

#[tokio::test]
async fn in_a_nested_transaction_too() {
    let Some(db) = connect("implicit_nested").await else {
        return;
    };
    let txn = db.begin().await.expect("begun");
    let nested = txn.begin().await.expect("nested");
    let refused = nested.execute_unprepared("TRUNCATE TABLE item").await;
    let refused = refused.expect_err("it would commit");
    let is_it = matches!(
        RoutingError::of(&refused),
        Some(RoutingError::Transaction(TxnError::ImplicitCommit { .. }))
    );
    assert!(is_it, "{refused}");
}

#[tokio::test]
async fn temporary_tables_are_allowed_and_commit_nothing() {
    let Some(db) = connect("implicit_temporary").await else {
        return;
    };
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let there = txn.using("default").expect("declared");
    for sql in [
        "CREATE TEMPORARY TABLE mine (id INT)",
        "CREATE OR REPLACE TEMPORARY TABLE mine (id INT)",
        "INSERT INTO mine VALUES (7)",
        "CREATE TEMPORARY TABLE copy AS SELECT * FROM mine",
    ] {
        there.execute_unprepared(sql).await.expect(sql);
    }
    let copied = value::<i32>(&there, "SELECT id FROM copy").await;
    assert_eq!(copied, Ok(7));
    for sql in [
        "DROP TEMPORARY TABLE mine",
        "DROP TEMPORARY TABLE IF EXISTS copy",
    ] {
        there.execute_unprepared(sql).await.expect(sql);
    }
    drop(there);
    txn.rollback().await.expect("rolled back");
    assert!(names(&db).await.is_empty());
}

#[tokio::test]
async fn outside_of_a_transaction_they_run() {
    let Some(db) = connect("implicit_outside").await else {
        return;
    };
    insert(&db, "one").await.expect("inserted");
    for sql in [
        "CREATE TABLE more (id INT)",
        "ALTER TABLE more ADD COLUMN name TEXT",
        "GRANT SELECT ON more TO app",
        "FLUSH TABLES",
        "SET autocommit = 1",
        "TRUNCATE TABLE item",
        "DROP TABLE more",
    ] {
        let primary = db.on_primary();
        primary.execute_unprepared(sql).await.expect(sql);
    }
    assert!(names(&db).await.is_empty());
}

#[tokio::test]
async fn what_only_looks_like_it_is_allowed() {
    let Some(db) = connect("implicit_looks").await else {
        return;
    };
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let there = txn.using("default").expect("declared");
    for sql in [
        "SET @autocommit_wanted = 1",
        "SET SESSION sql_mode = 'ANSI'",
        "ANALYZE SELECT * FROM item",
        "UPDATE item SET name = 'TRUNCATE TABLE item'",
        "SELECT 'autocommit'",
    ] {
        there.execute_unprepared(sql).await.expect(sql);
    }
    drop(there);
    txn.rollback().await.expect("rolled back");
    assert!(names(&db).await.is_empty());
}

/// Some servers treat `/*!99999 x */` as a comment, some as code, so the commit is detected
/// afterwards.
#[tokio::test]
async fn what_is_hidden_from_us_is_not_reported_as_rolled_back() {
    let Some(db) = connect("implicit_hidden").await else {
        return;
    };
    for hidden in ["/*!99999 x */ COMMIT", "COMMIT /*!99999 x */"] {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "outer").await.expect("inserted");
        let there = txn.using("default").expect("declared");
        let ran = there.execute_unprepared(hidden).await;
        drop(there);
        let rolled_back = txn.rollback().await;
        let left = names(&db).await;
        assert!(
            left.is_empty() || rolled_back.is_err(),
            "{hidden}: {ran:?}, {rolled_back:?}, left is {left:?}"
        );
        db.execute_unprepared("DELETE FROM item")
            .await
            .expect("deleted");
    }
}

/// Committing what a procedure has already committed is an error, and not reported as a rollback.
#[tokio::test]
async fn a_procedure_that_commits_is_not_reported_as_a_rollback() {
    let Some(db) = connect("implicit_call").await else {
        return;
    };
    let create = "CREATE PROCEDURE commits() COMMIT";
    db.execute_unprepared(create).await.expect("a procedure");
    let called = Arc::new(AtomicBool::new(false));
    let txn = db.begin().await.expect("begun");
    insert(&txn, "kept").await.expect("inserted");
    let write = Arc::clone(&called);
    txn.on_rollback(move || write.store(true, Ordering::Relaxed));
    let there = txn.using("default").expect("declared");
    there
        .execute_unprepared("CALL commits()")
        .await
        .expect("called");
    drop(there);
    let error = txn.commit().await.expect_err("it is over");
    assert!(
        matches!(
            RoutingError::of(&error),
            Some(RoutingError::Transaction(TxnError::Doomed { .. }))
        ),
        "{error}"
    );
    assert_eq!(names(&db).await, ["kept"]);
    assert!(!called.load(Ordering::Relaxed));
}
