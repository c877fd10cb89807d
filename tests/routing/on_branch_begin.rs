//! `on_branch_begin`: a statement that runs before every other statement of each branch.

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError, TransactionMode};

use crate::cancellation::poll_times;
use crate::notes::{Notes, add_note, texts};
use crate::shop::{Result, assert_error, assert_says};

fn sqlite(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

/// A setting that ends with the transaction.
fn defer() -> Statement {
    sqlite("PRAGMA defer_foreign_keys = ON")
}

async fn is_deferred(db: &impl ConnectionTrait) -> Result<bool> {
    let row = db
        .query_one_raw(sqlite("PRAGMA defer_foreign_keys"))
        .await?;
    Ok(row.expect("a row").try_get_by_index::<i32>(0)? == 1)
}

/// A handle that records what its nodes ran.
fn watched(db: &RoutingConnection) -> (RoutingConnection, Arc<Mutex<Vec<String>>>) {
    let ran = Arc::<Mutex<Vec<_>>>::default();
    let write = Arc::clone(&ran);
    let mut db = db.clone();
    db.set_node_metric_callback(move |node, info| {
        let line = format!("{node}: {}", info.statement.sql);
        write.lock().expect("not poisoned").push(line);
    });
    (db, ran)
}

const ENLIST: &str = "SELECT 'enlisted'";
const READ: &str = "SELECT text FROM note";

async fn read(db: &impl ConnectionTrait) -> Result {
    db.query_all_raw(sqlite(READ)).await?;
    Ok(())
}

#[tokio::test]
async fn it_runs_first_and_once_on_each_branch_of_its_database() -> Result {
    let notes = Notes::open().await?;
    let (db, ran) = watched(&notes.db);
    let db = db.on_branch_begin("second", sqlite(ENLIST))?;
    let txn = db.begin().await?;
    for name in ["default", "second", "second", "default"] {
        read(&txn.using(name)?).await?;
    }
    txn.commit().await?;
    let expected = [
        format!("default/1: {READ}"),
        format!("second/1: {ENLIST}"),
        format!("second/1: {READ}"),
        format!("second/1: {READ}"),
        format!("default/1: {READ}"),
    ];
    assert_eq!(*ran.lock().expect("not poisoned"), expected);
    Ok(())
}

#[tokio::test]
async fn a_branch_that_opens_in_a_nested_transaction_keeps_it_when_that_is_rolled_back() -> Result {
    let notes = Notes::open().await?;
    let db = notes.db.on_branch_begin("default", defer())?;
    let txn = db.begin().await?;
    let nested = txn.begin().await?;
    assert!(is_deferred(&nested.using("default")?).await?);
    nested.rollback().await?;
    assert!(is_deferred(&txn.using("default")?).await?);
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn it_runs_again_after_rollback_on() -> Result {
    let notes = Notes::open().await?;
    let (db, ran) = watched(&notes.db);
    let db = db.transaction_mode(TransactionMode::Independent);
    let txn = db
        .on_branch_begin("default", sqlite(ENLIST))?
        .begin()
        .await?;
    for _ in 0..2 {
        read(&txn.using("default")?).await?;
        txn.rollback_on("default").await?;
    }
    let once = [format!("default/1: {ENLIST}"), format!("default/1: {READ}")];
    assert_eq!(
        *ran.lock().expect("not poisoned"),
        [once.clone(), once].concat()
    );
    Ok(())
}

#[tokio::test]
async fn it_is_a_choice_of_the_builder_too_and_handles_add_to_it() -> Result {
    let notes = Notes::with(|builder| builder.on_branch_begin("default", defer())).await?;
    let (db, ran) = watched(&notes.db);
    let db = db.on_branch_begin("default", sqlite(ENLIST))?;
    for handle in [&db, &db.using("default")?, &db.session()] {
        let txn = handle.begin().await?;
        assert!(is_deferred(&txn.using("default")?).await?);
        txn.commit().await?;
        let ran = std::mem::take(&mut *ran.lock().expect("not poisoned"));
        assert_says(&ran[0], &["defer_foreign_keys = ON"]);
        assert_says(&ran[1], &[ENLIST]);
    }
    let txn = notes.db.begin().await?;
    assert!(is_deferred(&txn.using("default")?).await?);
    assert!(ran.lock().expect("not poisoned").is_empty());
    Ok(())
}

#[tokio::test]
async fn its_setting_ends_with_the_transaction() -> Result {
    let notes = Notes::open().await?;
    let db = notes.db.on_branch_begin("default", defer())?;
    let plain = notes.db.using("default")?;
    for end in ["commit", "rollback", "drop"] {
        let txn = db.begin().await?;
        assert!(is_deferred(&txn.using("default")?).await?);
        match end {
            "commit" => txn.commit().await?,
            "rollback" => txn.rollback().await?,
            _ => drop(txn),
        }
        // The pool has one connection.
        let next = plain.begin().await?;
        assert!(!is_deferred(&next).await?, "after a {end}");
        next.commit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn it_fails_and_nothing_else_is_sent_until_it_does_not() -> Result {
    let notes = Notes::open().await?;
    let count = sqlite("SELECT COUNT(*) FROM setting");
    let db = notes.db.on_branch_begin("default", count)?;
    let txn = db.begin().await?;
    for _ in 0..2 {
        let refused = add_note(&txn.using("default")?, "one").await;
        let refused = refused.expect_err("no such table");
        assert_error!(
            refused,
            RoutingError::Transaction(TxnError::BranchBegin { database, source, .. })
                if *database == "default"
                    && source.to_string().contains("no such table")
        );
    }
    // The connection is free, and statements outside of the transaction do not run it.
    let setting = "CREATE TABLE setting (id INTEGER)";
    let plain = notes.db.using("default")?;
    plain.execute_unprepared(setting).await?;
    add_note(&txn.using("default")?, "one").await?;
    txn.commit().await?;
    assert_eq!(notes.texts("default").await?, ["one"]);
    Ok(())
}

#[tokio::test]
async fn a_statement_is_cut_off_while_it_runs_and_the_next_does_not_go_without_it() -> Result {
    let notes = Notes::open().await?;
    let slow = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) \
                SELECT COUNT(*) FROM c";
    let db = notes.db.on_branch_begin("default", sqlite(slow))?;
    let db = db.on_branch_begin("default", defer())?;
    // SQLite may reply before the second poll, so not every poll is cancelled.
    let mut cuts = 0;
    for times in (0..120).map(|round| round % 6 + 1) {
        let txn = db.begin().await?;
        let there = txn.using("default")?;
        let cut = poll_times(add_note(&there, "cut off"), times).await;
        assert!(is_deferred(&there).await?, "after {times} polls");
        txn.rollback().await?;
        assert_eq!(notes.texts("default").await?, [""; 0]);
        match cut {
            Some(done) => drop(done?),
            None => cuts += 1,
        }
    }
    assert!(cuts > 0, "it was never cut off");
    Ok(())
}

#[tokio::test]
async fn two_first_statements_at_once_both_come_after_it() -> Result {
    let notes = Notes::open().await?;
    let db = notes.db.on_branch_begin("default", defer())?;
    let txn = db.begin().await?;
    let there = txn.using("default")?;
    let (one, two) = tokio::join!(is_deferred(&there), is_deferred(&there));
    assert!(one? && two?);
    assert_eq!(texts(&there).await?, [""; 0]);
    Ok(())
}
