//! `TransactionMode::Independent`: each database commits on its own, and a partial commit is
//! reported.

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{DatabaseName, RoutingError, RoutingTransaction, TransactionMode};

use crate::notes::{Notes, add_note, add_orphan, texts};
use crate::shop::{Result, assert_error, assert_says, routing};

const NONE: [&str; 0] = [];

/// A note in each database, in this order.
async fn note_in(txn: &RoutingTransaction, databases: &[&str]) -> Result {
    for name in databases {
        add_note(&txn.using(name)?, "kept").await?;
    }
    Ok(())
}

fn names(databases: &[DatabaseName]) -> Vec<&str> {
    databases.iter().map(DatabaseName::as_str).collect()
}

/// A partial commit: the database that failed, those committed before it, and those rolled back.
#[track_caller]
fn assert_partial(error: &DbErr, at: &str, before: &[&str], after: &[&str]) {
    match routing(error) {
        RoutingError::Transaction(TxnError::PartialCommit {
            failed,
            unknown,
            committed,
            rolled_back,
            source,
            ..
        }) => {
            assert_eq!(failed.as_str(), at);
            assert!(!unknown, "{error}");
            assert_eq!(names(committed), before);
            assert_eq!(names(rolled_back), after);
            assert!(RoutingError::of(source).is_none(), "the database's own");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn three_databases_are_written_and_committed() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    note_in(&txn, &["default", "second", "third"]).await?;
    assert_eq!(notes.all().await?, [NONE; 3]);
    txn.commit().await?;
    assert_eq!(notes.all().await?, [["kept"]; 3]);
    Ok(())
}

#[tokio::test]
async fn it_is_a_choice_of_the_builder_too() -> Result {
    let notes =
        Notes::with(|builder| builder.transaction_mode(TransactionMode::Independent)).await?;
    let txn = notes.db.begin().await?;
    note_in(&txn, &["default", "second"]).await?;
    txn.commit().await?;
    let single = notes.db.transaction_mode(TransactionMode::SingleDatabase);
    let txn = single.begin().await?;
    note_in(&txn, &["third"]).await?;
    let refused = add_note(&txn.using("default")?, "second").await;
    let refused = refused.expect_err("one database");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::SecondDatabase { first, second, .. })
            if *first == "third"
                && *second == "default"
    );
    Ok(())
}

#[tokio::test]
async fn a_rollback_and_a_drop_keep_nothing_anywhere() -> Result {
    let notes = Notes::open().await?;
    for by_drop in [true, false] {
        let txn = notes.independent().await?;
        note_in(&txn, &["default", "second", "third"]).await?;
        match by_drop {
            true => drop(txn),
            false => txn.rollback().await?,
        }
        for name in ["default", "second", "third"] {
            assert_eq!(texts(&notes.db.using(name)?).await?, NONE);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_first_commit_fails_and_nothing_is_kept() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_orphan(&txn.using("second")?).await?;
    note_in(&txn, &["default", "third"]).await?;
    let error = txn.commit().await.expect_err("a constraint");
    assert!(RoutingError::of(&error).is_none(), "{error}");
    assert_says(&error, &["FOREIGN KEY constraint failed"]);
    assert_eq!(notes.all().await?, [NONE; 3]);
    Ok(())
}

#[tokio::test]
async fn the_second_commit_fails_and_the_error_says_what_is_kept() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    note_in(&txn, &["third"]).await?;
    add_orphan(&txn.using("default")?).await?;
    note_in(&txn, &["second"]).await?;
    let error = txn.commit().await.expect_err("a constraint");
    assert_partial(&error, "default", &["third"], &["second"]);
    assert_says(&error, &["FOREIGN KEY constraint failed"]);
    assert_eq!(notes.all().await?, [vec![], vec![], vec!["kept"]]);
    // The connections of all of them are usable.
    for name in ["default", "second", "third"] {
        add_note(&notes.db.using(name)?, "after").await?;
    }
    let after = || vec!["after"];
    assert_eq!(
        notes.all().await?,
        [after(), after(), vec!["after", "kept"]]
    );
    Ok(())
}

#[tokio::test]
async fn the_last_commit_is_locked_out_and_the_error_says_what_is_kept() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    note_in(&txn, &["default", "second", "third"]).await?;
    // Without a WAL, an open reader blocks the commit of a writer.
    let reader = notes.outside("third").await?.begin().await?;
    assert_eq!(texts(&reader).await?, NONE);
    let error = txn.commit().await.expect_err("locked");
    assert_partial(&error, "third", &["default", "second"], &[]);
    assert_says(&error, &["database is locked"]);
    reader.commit().await?;
    assert_eq!(notes.all().await?, [vec!["kept"], vec!["kept"], vec![]]);
    add_note(&notes.db.using("third")?, "after").await?;
    assert_eq!(notes.texts("third").await?, ["after"]);
    Ok(())
}

#[tokio::test]
async fn a_database_that_ended_its_part_is_found_before_the_first_commits() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    note_in(&txn, &["default", "second"]).await?;
    let again = "INSERT OR ROLLBACK INTO note (text) VALUES ('kept')";
    let ended = txn.using("second")?.execute_unprepared(again).await;
    ended.expect_err("the text is there");
    let error = txn.commit().await.expect_err("second is over");
    assert!(matches!(
        routing(&error),
        RoutingError::Transaction(TxnError::Doomed { .. })
    ));
    assert_eq!(notes.all().await?, [NONE; 3]);
    Ok(())
}

#[tokio::test]
async fn databases_that_were_only_read_are_not_among_the_committed() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    assert_eq!(texts(&txn.using("third")?).await?, NONE);
    note_in(&txn, &["default"]).await?;
    add_orphan(&txn.using("second")?).await?;
    let error = txn.commit().await.expect_err("a constraint");
    assert_partial(&error, "second", &["default"], &[]);
    Ok(())
}

#[tokio::test]
async fn a_nested_transaction_ends_on_every_database() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    note_in(&txn, &["default"]).await?;
    let nested = txn.begin().await?;
    for name in ["second", "default"] {
        add_note(&nested.using(name)?, "undone").await?;
    }
    nested.rollback().await?;
    let nested = txn.begin().await?;
    for name in ["third", "default"] {
        add_note(&nested.using(name)?, "nested").await?;
    }
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(
        notes.all().await?,
        [vec!["kept", "nested"], vec![], vec!["nested"]]
    );
    Ok(())
}
