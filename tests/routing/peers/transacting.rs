//! Transactions over several databases.

use sea_orm::TransactionTrait;
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{DatabaseName, RoutingError};

use crate::notes::{Notes, add_note, add_orphan, texts};
use crate::shop::{Result, routing};

const NONE: [&str; 0] = [];

/// 17. No statement runs on a transaction that has ended; only a nested one can still try.
#[tokio::test]
async fn nothing_runs_on_a_transaction_that_has_ended() -> Result {
    let notes = Notes::open().await?;
    for commit in [true, false] {
        let txn = notes.independent().await?;
        let nested = txn.begin().await?;
        add_note(&nested.using("second")?, "undone").await?;
        match commit {
            true => drop(txn.commit().await.expect_err("nested is open")),
            false => txn.rollback().await?,
        }
        let refused = add_note(&nested.using("default")?, "late").await;
        assert!(matches!(
            routing(&refused.expect_err("it is over")),
            RoutingError::Transaction(TxnError::Doomed { .. })
        ));
        nested.begin().await.expect_err("it is over");
        nested.rollback_on("second").await.expect_err("it is over");
        nested.commit().await.expect_err("it is over");
    }
    for name in ["default", "second"] {
        assert_eq!(texts(&notes.db.using(name)?).await?, NONE);
    }
    Ok(())
}

/// 19. When the second commit fails the caller learns exactly which database is committed.
#[tokio::test]
async fn a_second_commit_that_fails_says_what_is_committed() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    add_note(&txn.using("default")?, "kept").await?;
    add_orphan(&txn.using("second")?).await?;
    add_note(&txn.using("third")?, "gone").await?;
    let error = txn.commit().await.expect_err("a constraint");
    let names = |names: &[DatabaseName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    match routing(&error) {
        RoutingError::Transaction(TxnError::PartialCommit {
            failed,
            unknown: false,
            committed,
            rolled_back,
            ..
        }) => {
            assert_eq!(failed.as_str(), "second");
            assert_eq!(names(committed), ["default"]);
            assert_eq!(names(rolled_back), ["third"]);
        }
        other => panic!("{other}"),
    }
    assert_eq!(notes.all().await?, [vec!["kept"], vec![], vec![]]);
    Ok(())
}

/// 20. Closing or dropping without commit rolls back everywhere.
#[tokio::test]
async fn dropping_without_commit_rolls_back_everywhere() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    for name in ["default", "second", "third"] {
        add_note(&txn.using(name)?, "gone").await?;
    }
    let nested = txn.begin().await?;
    add_note(&nested.using("third")?, "gone too").await?;
    drop((nested, txn));
    for name in ["default", "second", "third"] {
        assert_eq!(texts(&notes.db.using(name)?).await?, NONE);
    }
    let txn = notes.independent().await?;
    add_note(&txn.using("second")?, "gone").await?;
    // Closing waits for connections in use.
    let (closed, ()) = tokio::join!(notes.db.clone().close(), async { drop(txn) });
    closed?;
    assert_eq!(notes.all().await?, [NONE; 3]);
    Ok(())
}
