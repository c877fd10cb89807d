//! `on_commit` and `on_rollback`: callbacks that run once a transaction has ended.

use sea_orm::{DbErr, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::TxnError;

use crate::cancellation::poll_times;
use crate::notes::{Ends, Notes, add_note, add_orphan};
use crate::shop::{Result, routing};

const NONE: [&str; 0] = [];

#[tokio::test]
async fn a_commit_a_rollback_and_a_drop() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let begin = async || -> Result<_> {
        let txn = notes.db.begin().await?;
        ends.of(&txn, "txn");
        add_note(&txn.using("default")?, "one").await?;
        assert_eq!(ends.take(), NONE);
        Ok(txn)
    };
    begin().await?.rollback().await?;
    assert_eq!(ends.take(), ["txn rolled back"]);
    drop(begin().await?);
    assert_eq!(ends.take(), ["txn rolled back"]);
    begin().await?.commit().await?;
    assert_eq!(ends.take(), ["txn committed"]);
    Ok(())
}

#[tokio::test]
async fn a_transaction_without_a_statement_ends_too() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let (one, two) = (notes.db.begin().await?, notes.db.begin().await?);
    ends.of(&one, "one");
    ends.of(&two, "two");
    one.commit().await?;
    drop(two);
    assert_eq!(ends.take(), ["one committed", "two rolled back"]);
    Ok(())
}

#[tokio::test]
async fn it_is_called_once_the_rows_are_there() -> Result {
    let notes = Notes::open().await?;
    let path = notes.files.path("default");
    let size = move || std::fs::metadata(path.with_extension("db-journal")).is_ok();
    let journal = std::sync::Arc::new(std::sync::Mutex::new(None));
    let txn = notes.db.begin().await?;
    add_note(&txn.using("default")?, "one").await?;
    assert!(size(), "a journal while the transaction is open");
    let seen = std::sync::Arc::clone(&journal);
    txn.on_commit(move || *seen.lock().expect("not poisoned") = Some(size()));
    txn.commit().await?;
    assert_eq!(*journal.lock().expect("not poisoned"), Some(false));
    Ok(())
}

#[tokio::test]
async fn a_closure_ends_in_both_ways() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    for fail in [false, true] {
        let ends = ends.clone();
        let ended = notes.db.transaction::<_, (), DbErr>(move |txn| {
            Box::pin(async move {
                ends.of(txn, "boxed");
                match fail {
                    true => Err(DbErr::Custom("no".to_owned())),
                    false => Ok(()),
                }
            })
        });
        assert_eq!(ended.await.is_err(), fail);
    }
    assert_eq!(ends.take(), ["boxed committed", "boxed rolled back"]);
    let ended = notes.db.transaction_async::<_, (), DbErr>(async |txn| {
        ends.of(txn, "async");
        Ok(())
    });
    ended.await?;
    assert_eq!(ends.take(), ["async committed"]);
    Ok(())
}

#[tokio::test]
async fn a_closure_panics() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let (db, heard) = (notes.db.clone(), ends.clone());
    let task = tokio::spawn(async move {
        let panics = db.transaction_async::<_, (), DbErr>(async |txn| {
            heard.of(txn, "txn");
            panic!("on purpose")
        });
        panics.await
    });
    assert!(task.await.is_err_and(|error| error.is_panic()));
    assert_eq!(ends.take(), ["txn rolled back"]);
    Ok(())
}

#[tokio::test]
async fn a_nested_one_that_is_committed_waits_for_the_outermost() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    for commit in [true, false] {
        let txn = notes.db.begin().await?;
        ends.of(&txn, "outer");
        let nested = txn.begin().await?;
        let inner = nested.begin().await?;
        ends.of(&inner, "inner");
        inner.commit().await?;
        ends.of(&nested, "nested");
        nested.commit().await?;
        assert_eq!(ends.take(), NONE);
        match commit {
            true => txn.commit().await?,
            false => txn.rollback().await?,
        }
        let how = if commit { "committed" } else { "rolled back" };
        let all = ["outer", "inner", "nested"].map(|name| format!("{name} {how}"));
        assert_eq!(ends.take(), all);
    }
    Ok(())
}

#[tokio::test]
async fn a_nested_rollback_is_reported_for_the_levels_inside_it_too() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    for by_drop in [true, false] {
        let txn = notes.db.begin().await?;
        ends.of(&txn, "outer");
        let nested = txn.begin().await?;
        let inner = nested.begin().await?;
        ends.of(&inner, "inner");
        inner.commit().await?;
        match by_drop {
            true => drop(nested),
            false => nested.rollback().await?,
        }
        assert_eq!(ends.take(), ["inner rolled back"]);
        txn.commit().await?;
        assert_eq!(ends.take(), ["outer committed"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_parent_ends_before_its_child() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let txn = notes.db.begin().await?;
    ends.of(&txn, "outer");
    let nested = txn.begin().await?;
    ends.of(&nested, "nested");
    txn.commit().await.expect_err("nested is open");
    drop(nested);
    assert_eq!(ends.take(), ["outer rolled back", "nested rolled back"]);
    Ok(())
}

#[tokio::test]
async fn a_commit_that_fails_rolls_back() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let txn = notes.db.begin().await?;
    ends.of(&txn, "txn");
    add_orphan(&txn.using("default")?).await?;
    txn.commit().await.expect_err("a constraint");
    assert_eq!(ends.take(), ["txn rolled back"]);
    Ok(())
}

#[tokio::test]
async fn a_commit_of_some_databases_is_neither() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let txn = notes.independent().await?;
    ends.of(&txn, "txn");
    add_note(&txn.using("default")?, "kept").await?;
    add_orphan(&txn.using("second")?).await?;
    let error = txn.commit().await.expect_err("a constraint");
    assert!(matches!(
        routing(&error),
        RoutingError::Transaction(TxnError::PartialCommit { .. })
    ));
    assert_eq!(ends.take(), NONE);
    Ok(())
}

#[tokio::test]
async fn a_commit_that_is_cut_off_is_neither() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    for times in 1..1000 {
        let txn = notes.db.begin().await?;
        ends.of(&txn, "txn");
        add_note(&txn.using("default")?, &format!("note {times}")).await?;
        if poll_times(txn.commit(), times).await.is_some() {
            assert_eq!(ends.take(), ["txn committed"]);
            // SQLite may reply before the second poll.
            match times {
                1 => continue,
                _ => return Ok(()),
            }
        }
        assert_eq!(ends.take(), NONE, "after {times} polls");
    }
    panic!("never done");
}

#[tokio::test]
async fn a_callback_that_panics_spoils_neither_the_commit_nor_the_others() -> Result {
    let (notes, ends) = (Notes::open().await?, Ends::default());
    let txn = notes.db.begin().await?;
    txn.on_commit(|| panic!("on purpose"));
    ends.of(&txn, "txn");
    add_note(&txn.using("default")?, "kept").await?;
    txn.commit().await?;
    assert_eq!(ends.take(), ["txn committed"]);
    assert_eq!(notes.texts("default").await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_callback_may_use_the_connection_again() -> Result {
    let notes = Notes::open().await?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let txn = notes.db.begin().await?;
    add_note(&txn.using("default")?, "one").await?;
    let db = notes.db.clone();
    txn.on_commit(move || {
        tokio::spawn(async move { sender.send(add_note(&db, "two").await) });
    });
    txn.commit().await?;
    receiver.await??;
    assert_eq!(notes.texts("default").await?, ["one", "two"]);
    Ok(())
}
