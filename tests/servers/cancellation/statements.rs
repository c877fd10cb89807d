//! One statement of a transaction is cancelled; what can still be done with the transaction.

use futures_util::TryStreamExt;
use sea_orm::{DbBackend, DbErr, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use super::{CONNECTIONS, on_mariadb, on_postgres, pool_is_whole};
use crate::support::cut::{Dropped, cut};
use crate::support::item::{self, insert, names};
use crate::support::look::{none_open_in_mariadb, none_open_in_postgres};
use crate::support::soon;

/// Each function is a test on Postgres and one on MariaDB.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let name = concat!("c_", stringify!($name));
                let Some((pg, db)) = super::on_postgres(name).await else {
                    return;
                };
                super::$name(&db).await;
                super::pool_is_whole(&db).await;
                super::none_open_in_postgres(&pg, super::CONNECTIONS).await;
            })*
        }

        mod mariadb {
            $(#[tokio::test]
            async fn $name() {
                let name = concat!("c_", stringify!($name));
                let Some((maria, db)) = super::on_mariadb(name).await else {
                    return;
                };
                super::$name(&db).await;
                super::pool_is_whole(&db).await;
                super::none_open_in_mariadb(&maria, super::CONNECTIONS).await;
            })*
        }
    };
}

on_both!(
    a_transaction_goes_on_after_a_statement_was_cut_off,
    a_nested_transaction_is_undone_after_a_statement_was_cut_off,
    a_release_that_was_cut_off_leaves_the_transaction_in_doubt,
    a_stream_that_was_cut_off_gives_no_wrong_answers,
);

const WAYS: [Dropped; 2] = [Dropped::AtOnce, Dropped::WhenAnswered];

/// Whether the branch was closed because its connection can no longer be trusted.
///
/// sqlx loses track of MySQL's replies if it is cancelled while it prepares, so this may happen
/// there.
fn is_in_doubt(db: &RoutingConnection, error: &DbErr) -> bool {
    let in_doubt = matches!(
        RoutingError::of(error),
        Some(
            RoutingError::Transaction(TxnError::InDoubt { .. })
                | RoutingError::Transaction(TxnError::Doomed { .. })
        )
    );
    in_doubt || db.get_database_backend() == DbBackend::MySql
}

/// What the transaction reads afterwards is what it commits.
async fn a_transaction_goes_on_after_a_statement_was_cut_off(db: &RoutingConnection) {
    let mut cuts = 0;
    for (polls, dropped) in (1..8).flat_map(|polls| WAYS.map(|dropped| (polls, dropped))) {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "first").await.expect("inserted");
        let outcome = cut(polls, dropped, insert(&txn, "cut")).await;
        cuts += usize::from(outcome.is_none());
        let seen = soon("a count", item::Entity::find().count(&txn)).await;
        let committed = soon("a commit", txn.commit()).await;
        let names = names(db).await;
        match (seen, committed) {
            (Ok(seen), Ok(())) => {
                assert_eq!(names.len() as u64, seen, "{dropped:?} after {polls} polls");
                assert!(names.contains(&"first".to_owned()));
                assert!(outcome.is_none() || seen == 2);
            }
            (Err(error), Err(_)) if outcome.is_none() && is_in_doubt(db, &error) => {
                assert_eq!(db.get_database_backend(), DbBackend::MySql, "{error}");
                assert_eq!(names, [""; 0], "{dropped:?} after {polls} polls");
            }
            other => panic!("{dropped:?} after {polls} polls: {other:?}, {names:?}"),
        }
        item::Entity::delete_many().exec(db).await.expect("deleted");
    }
    assert!(cuts > 0);
}

async fn a_nested_transaction_is_undone_after_a_statement_was_cut_off(db: &RoutingConnection) {
    for (polls, dropped) in (1..8).flat_map(|polls| WAYS.map(|dropped| (polls, dropped))) {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "first").await.expect("inserted");
        let nested = txn.begin().await.expect("nested");
        // The first statement of a level sets its savepoint too.
        drop(cut(polls, dropped, insert(&nested, "undone")).await);
        let rolled_back = soon("a rollback", nested.rollback()).await;
        let next = soon("a statement", insert(&txn, "second")).await;
        let committed = soon("a commit", txn.commit()).await;
        let names = names(db).await;
        match committed {
            Ok(()) => {
                rolled_back.expect("rolled back");
                next.expect("inserted");
                assert_eq!(
                    names,
                    ["first", "second"],
                    "{dropped:?} after {polls} polls"
                );
            }
            // Cancelled in SAVEPOINT: whether the savepoint exists is unknown.
            Err(error) => {
                assert!(is_in_doubt(db, &error), "{error}");
                next.expect_err("in doubt");
                assert_eq!(names, [""; 0], "{dropped:?} after {polls} polls");
            }
        }
        item::Entity::delete_many().exec(db).await.expect("deleted");
    }
}

/// Whether the release happened is unknown, so the transaction refuses further statements.
async fn a_release_that_was_cut_off_leaves_the_transaction_in_doubt(db: &RoutingConnection) {
    for dropped in WAYS {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "outer").await.expect("inserted");
        let nested = txn.begin().await.expect("nested");
        insert(&nested, "inner").await.expect("inserted");
        assert_eq!(
            cut(1, dropped, nested.commit()).await,
            None,
            "the link is slow"
        );
        let later = insert(&txn, "later").await.expect_err("in doubt");
        assert!(
            matches!(
                RoutingError::of(&later),
                Some(RoutingError::Transaction(TxnError::InDoubt { .. }))
            ),
            "{later}"
        );
        txn.commit().await.expect_err("in doubt");
        assert_eq!(names(db).await, [""; 0]);
    }
}

async fn a_stream_that_was_cut_off_gives_no_wrong_answers(db: &RoutingConnection) {
    let rows = (0..2_000).map(|n| item::named(format!("{n:04}")));
    item::Entity::insert_many(rows)
        .exec(db)
        .await
        .expect("inserted");
    for (polls, dropped) in (1..6).flat_map(|polls| WAYS.map(|dropped| (polls, dropped))) {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "mine").await.expect("inserted");
        let read = async {
            let rows = item::Entity::find().stream(&txn).await?;
            rows.try_fold(0, async |count, _| Ok(count + 1)).await
        };
        let outcome = cut(polls, dropped, read).await;
        assert!(outcome.is_none() || outcome == Some(Ok(2_001)));
        match soon("a count", item::Entity::find().count(&txn)).await {
            Ok(seen) => {
                assert_eq!(seen, 2_001, "{dropped:?} after {polls} polls");
                soon("a rollback", txn.rollback())
                    .await
                    .expect("rolled back");
            }
            Err(error) => {
                assert!(outcome.is_none() && is_in_doubt(db, &error), "{error}");
                soon("a commit", txn.commit())
                    .await
                    .expect_err("it is over");
            }
        }
        let left = item::Entity::find().count(db).await;
        assert_eq!(left, Ok(2_000), "{dropped:?} after {polls} polls");
    }
    item::Entity::delete_many().exec(db).await.expect("deleted");
}
