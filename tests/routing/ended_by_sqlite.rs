//! SQLite ends a transaction on its own while the reply is not awaited: the next statement must not
//! be committed on its own.

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, Statement, StreamTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::cancellation::poll_times;
use crate::notes::{Notes, add_note, texts};
use crate::shop::{Result, routing};

const NONE: [&str; 0] = [];

/// Fails with its last row, after a while, and rolls the transaction back.
const SLOW: &str = "WITH RECURSIVE c(x) AS (SELECT 20000 UNION ALL SELECT x - 1 FROM c WHERE x > 1) \
     INSERT OR ROLLBACK INTO note (text) SELECT CASE x WHEN 1 THEN 'one' ELSE x END FROM c";

#[tokio::test]
async fn a_statement_that_ends_it_is_cut_off() -> Result {
    let notes = Notes::open().await?;
    for times in 1..1000 {
        let txn = notes.db.begin().await?;
        let there = txn.using("default")?;
        add_note(&there, "one").await?;
        let cut = poll_times(there.execute_unprepared(SLOW), times).await;
        let later = add_note(&there, "later").await;
        let ended = txn.rollback().await;
        assert_eq!(
            texts(&notes.db.using("default")?).await?,
            NONE,
            "after {times} polls {later:?} was committed on its own; {ended:?}"
        );
        if let Some(done) = cut {
            done.expect_err("the text is there");
            assert!(times > 1, "it was never cut off");
            return Ok(());
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn a_stream_whose_statement_ends_it_is_dropped() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    let there = txn.using("default")?;
    add_note(&there, "one").await?;
    let sql = Statement::from_string(DbBackend::Sqlite, format!("{SLOW} RETURNING text"));
    let mut rows = there.stream_raw(sql).await?;
    let first = poll_times(rows.try_next(), 1).await;
    assert!(first.is_none(), "it takes a while");
    drop(rows);
    let later = add_note(&there, "later").await;
    let ended = txn.rollback().await;
    let kept = texts(&notes.db.using("default")?).await?;
    assert_eq!(kept, NONE, "{later:?} was committed on its own; {ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_commit_after_it_is_an_error() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    let there = txn.using("default")?;
    add_note(&there, "one").await?;
    there.execute_unprepared(SLOW).await.expect_err("it ends");
    let later = add_note(&there, "later").await.expect_err("it is over");
    assert!(matches!(
        routing(&later),
        RoutingError::Transaction(TxnError::Doomed { .. })
    ));
    drop(there);
    txn.commit().await.expect_err("nothing to commit");
    assert_eq!(notes.texts("default").await?, NONE);
    Ok(())
}

#[tokio::test]
async fn a_trigger_ends_it_in_a_nested_transaction() -> Result {
    let notes = Notes::open().await?;
    let trigger = "CREATE TRIGGER never BEFORE INSERT ON note WHEN new.text = 'never' \
                   BEGIN SELECT RAISE(ROLLBACK, 'never'); END";
    let outside = notes.outside("default").await?;
    outside.execute_unprepared(trigger).await?;
    let db = notes.db.using("default")?;
    let txn = db.begin().await?;
    add_note(&txn, "outer").await?;
    let nested = txn.begin().await?;
    add_note(&nested, "never").await.expect_err("the trigger");
    nested.rollback().await?;
    let later = add_note(&txn, "later").await;
    assert!(later.is_err(), "it would be committed on its own");
    txn.rollback().await?;
    assert_eq!(notes.texts("default").await?, NONE);
    Ok(())
}

#[tokio::test]
async fn a_text_of_two_statements_ends_it_with_the_first() -> Result {
    let notes = Notes::open().await?;
    let db = RoutingConnection::from(notes.db.primary("default")?);
    let txn = db.begin().await?;
    add_note(&txn, "one").await?;
    let two = "INSERT OR ROLLBACK INTO note (text) VALUES ('one'); \
               INSERT INTO note (text) VALUES ('two')";
    txn.execute_unprepared(two).await.expect_err("it is there");
    txn.rollback().await?;
    assert_eq!(notes.texts("default").await?, NONE);
    Ok(())
}
