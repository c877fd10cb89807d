//! `rollback_on(..)`: one database is rolled back on its own, and the transaction continues.

use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::{TopologyError, TxnError};

use crate::notes::{Ends, Notes, add_note, add_orphan, texts};
use crate::shop::{Result, assert_error, routing};

const NONE: [&str; 0] = [];

#[tokio::test]
async fn the_others_are_committed() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    for name in ["default", "second", "third"] {
        add_note(&txn.using(name)?, "first").await?;
    }
    txn.rollback_on("second").await?;
    add_note(&txn.using("third")?, "later").await?;
    txn.commit().await?;
    assert_eq!(
        notes.all().await?,
        [vec!["first"], vec![], vec!["first", "later"]]
    );
    Ok(())
}

#[tokio::test]
async fn its_connection_is_free_at_once() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_note(&txn.using("second")?, "first").await?;
    txn.rollback_on("second").await?;
    // The pool has one connection.
    add_note(&notes.db.using("second")?, "another").await?;
    txn.rollback().await?;
    assert_eq!(notes.texts("second").await?, ["another"]);
    Ok(())
}

#[tokio::test]
async fn its_next_statement_begins_anew() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_note(&txn.using("second")?, "undone").await?;
    txn.rollback_on("second").await?;
    add_note(&notes.outside("second").await?, "meanwhile").await?;
    let second = txn.using("second")?;
    assert_eq!(texts(&second).await?, ["meanwhile"]);
    add_note(&second, "anew").await?;
    assert_eq!(notes.texts("second").await?, ["meanwhile"]);
    drop(second);
    txn.commit().await?;
    assert_eq!(notes.texts("second").await?, ["anew", "meanwhile"]);
    Ok(())
}

#[tokio::test]
async fn what_would_have_failed_the_commit_is_rolled_back() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_note(&txn.using("default")?, "kept").await?;
    add_orphan(&txn.using("second")?).await?;
    txn.rollback_on("second").await?;
    txn.commit().await?;
    assert_eq!(notes.all().await?, [vec!["kept"], vec![], vec![]]);
    Ok(())
}

#[tokio::test]
async fn a_database_that_ended_its_part_can_go_on() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    for name in ["default", "second"] {
        add_note(&txn.using(name)?, "first").await?;
    }
    let again = "INSERT OR ROLLBACK INTO note (text) VALUES ('first')";
    let ended = txn.using("second")?.execute_unprepared(again).await;
    ended.expect_err("the text is there");
    let over = add_note(&txn.using("second")?, "alone").await;
    assert!(over.is_err(), "it would be committed on its own");
    txn.rollback_on("second").await?;
    add_note(&txn.using("second")?, "anew").await?;
    txn.commit().await?;
    assert_eq!(notes.all().await?, [vec!["first"], vec!["anew"], vec![]]);
    Ok(())
}

#[tokio::test]
async fn a_database_that_was_not_used_has_nothing_to_roll_back() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_note(&txn.using("default")?, "kept").await?;
    txn.rollback_on("third").await?;
    txn.commit().await?;
    assert_eq!(notes.all().await?, [vec!["kept"], vec![], vec![]]);
    Ok(())
}

#[tokio::test]
async fn no_end_of_the_transaction_is_reported() -> Result {
    let notes = Notes::open().await?;
    let (txn, ends) = (notes.independent().await?, Ends::default());
    ends.of(&txn, "txn");
    add_note(&txn.using("default")?, "undone").await?;
    txn.rollback_on("default").await?;
    assert_eq!(ends.take(), NONE);
    txn.commit().await?;
    assert_eq!(ends.take(), ["txn committed"]);
    Ok(())
}

#[tokio::test]
async fn with_a_single_database_it_is_refused() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    add_note(&txn.using("default")?, "kept").await?;
    let refused = txn.rollback_on("default").await.expect_err("not here");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::RollbackOn { database, .. })
            if *database == "default"
    );
    txn.commit().await?;
    assert_eq!(notes.texts("default").await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn in_a_nested_transaction_and_around_one_it_is_refused() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    let nested = txn.begin().await?;
    add_note(&nested.using("second")?, "kept").await?;
    let refused = nested.rollback_on("second").await.expect_err("nested");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::RollbackOn { database, .. })
            if *database == "second"
    );
    let refused = txn.rollback_on("second").await.expect_err("around one");
    assert!(matches!(
        routing(&refused),
        RoutingError::Transaction(TxnError::NestedOpen { .. })
    ));
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(notes.texts("second").await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_unknown_is_named() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    let refused = txn.rollback_on("nowhere").await.expect_err("unknown");
    assert_error!(
        refused,
        RoutingError::Topology(TopologyError::UnknownDatabase { name, known, .. })
            if name == "nowhere"
                && known.iter().any(|it| *it == "second")
    );
    Ok(())
}
