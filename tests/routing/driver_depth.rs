//! SQLite's driver counts the transaction depth of a connection. The depth is 0 when our
//! transaction returns the connection, so bare SeaORM on the same pool begins a transaction and not
//! a savepoint.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait};
use sea_orm_routing::{RoutingConnection, RoutingTransaction};

use crate::cancellation::poll_times;
use crate::notes::{Notes, add_note, add_orphan};
use crate::shop::Result;

/// One database over a connection that bare SeaORM uses too; its pool has one connection.
async fn shared(notes: &Notes) -> Result<(RoutingConnection, DatabaseConnection)> {
    let bare = notes.db.primary("default")?;
    Ok((bare.clone().into(), bare))
}

/// Bare SeaORM's transactions work: undone when dropped or rolled back, and visible when committed.
async fn bare_is_whole(notes: &Notes, bare: &DatabaseConnection, state: &str) -> Result {
    let before = notes.texts("default").await?;
    let txn = bare.begin().await?;
    add_note(&txn, "undone").await?;
    drop(txn);
    let txn = bare.begin().await?;
    add_note(&txn, "undone").await?;
    txn.rollback().await?;
    assert_eq!(notes.texts("default").await?, before, "{state}");

    let txn = bare.begin().await?;
    let nested = txn.begin().await?;
    add_note(&nested, &format!("after {state}")).await?;
    nested.commit().await?;
    txn.begin().await?.rollback().await?;
    assert_eq!(notes.texts("default").await?, before, "{state}");
    txn.commit().await?;
    let mut now = before;
    now.push(format!("after {state}"));
    now.sort();
    assert_eq!(notes.texts("default").await?, now);
    Ok(())
}

async fn ends_itself(txn: &RoutingTransaction) -> std::result::Result<(), DbErr> {
    add_note(txn, "mine").await?;
    let again = "INSERT OR ROLLBACK INTO note (text) VALUES ('mine')";
    txn.execute_unprepared(again).await.expect_err("it ends");
    Ok(())
}

#[tokio::test]
async fn after_every_end() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    for end in ["commit", "rollback", "drop"] {
        let txn = db.begin().await?;
        add_note(&txn, &format!("by {end}")).await?;
        match end {
            "commit" => txn.commit().await?,
            "rollback" => txn.rollback().await?,
            _ => drop(txn),
        }
        bare_is_whole(&notes, &bare, end).await?;
    }
    Ok(())
}

#[tokio::test]
async fn after_nested_ones_that_were_dropped() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    for levels in 1..4 {
        let mut txns = vec![db.begin().await?];
        for level in 0..levels {
            let nested = txns.last().expect("one").begin().await?;
            add_note(&nested, &format!("level {level}")).await?;
            txns.push(nested);
        }
        match levels {
            2 => txns.reverse(),
            3 => txns.truncate(1),
            _ => {}
        }
        drop(txns);
        bare_is_whole(&notes, &bare, &format!("{levels} levels")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn after_a_transaction_that_sqlite_ended() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    for end in ["commit", "rollback", "drop"] {
        let txn = db.begin().await?;
        ends_itself(&txn).await?;
        match end {
            "commit" => drop(txn.commit().await.expect_err("it is over")),
            "rollback" => txn.rollback().await?,
            _ => drop(txn),
        }
        bare_is_whole(&notes, &bare, end).await?;
    }
    let txn = db.begin().await?;
    let nested = txn.begin().await?;
    ends_itself(&nested).await?;
    drop(txn);
    drop(nested);
    bare_is_whole(&notes, &bare, "a nested one").await
}

#[tokio::test]
async fn after_a_commit_that_failed() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    let txn = db.begin().await?;
    add_orphan(&txn).await?;
    txn.commit().await.expect_err("a constraint");
    bare_is_whole(&notes, &bare, "a constraint").await?;

    let txn = db.begin().await?;
    add_note(&txn, "locked out").await?;
    let reader = notes.outside("default").await?.begin().await?;
    crate::notes::texts(&reader).await?;
    txn.commit().await.expect_err("locked");
    reader.commit().await?;
    bare_is_whole(&notes, &bare, "a lock").await
}

#[tokio::test]
async fn after_a_begin_that_failed() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    let writer = notes.outside("default").await?.begin().await?;
    add_note(&writer, "in the way").await?;
    let immediate = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let txn = db.begin_with_options(immediate).await?;
    add_note(&txn, "locked out").await.expect_err("locked");
    writer.rollback().await?;
    drop(txn);
    bare_is_whole(&notes, &bare, "a begin").await
}

#[tokio::test]
async fn after_a_transaction_that_was_cut_off_at_any_poll() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    let mut times = 1;
    for round in 0..1000 {
        let work = async {
            let txn = db.begin().await?;
            add_note(&txn, &format!("work {round}")).await?;
            let nested = txn.begin().await?;
            ends_itself(&nested).await?;
            txn.commit().await.expect_err("it is over");
            std::result::Result::<_, DbErr>::Ok(())
        };
        let done = poll_times(work, times).await;
        bare_is_whole(&notes, &bare, &format!("{times} polls")).await?;
        // On a busy machine even one poll may find every answer there already; then once more.
        match done {
            None => times += 1,
            Some(_) if times > 1 => return Ok(()),
            Some(_) => {}
        }
    }
    panic!("never done, or never cut off");
}

#[tokio::test]
async fn after_a_commit_or_rollback_that_was_cut_off_at_any_poll() -> Result {
    let notes = Notes::open().await?;
    let (db, bare) = shared(&notes).await?;
    for commit in [true, false] {
        let mut done = None;
        for times in 1..1000 {
            let txn = db.begin().await?;
            add_note(&txn, &format!("work {commit} {times}")).await?;
            done = match commit {
                true => poll_times(txn.commit(), times).await,
                false => poll_times(txn.rollback(), times).await,
            };
            // Whatever is still in flight has finished once the one connection is returned.
            bare.ping().await?;
            bare_is_whole(&notes, &bare, &format!("{commit} {times}")).await?;
            if done.is_some() {
                break;
            }
        }
        done.expect("done")?;
    }
    Ok(())
}
