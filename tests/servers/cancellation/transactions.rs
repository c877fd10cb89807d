//! A whole transaction, cancelled at every await.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{DbErr, EntityTrait, TransactionTrait};
use sea_orm_routing::RoutingConnection;

use super::{CONNECTIONS, on_mariadb, on_postgres, pool_is_whole};
use crate::support::cut::{Dropped, cut};
use crate::support::item::{self, insert, names};
use crate::support::look::{none_open_in_mariadb, none_open_in_postgres};

/// Upper bound: no work here takes as many polls.
const MOST_POLLS: usize = 300;

/// What is known about a transaction from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Committed,
    /// The transaction was cancelled during its commit.
    InDoubt,
    Undone,
}

/// Begins, inserts, nests, inserts and ends both levels: two rows or none.
async fn two_rows(
    db: &RoutingConnection,
    name: &str,
    committing: &AtomicBool,
) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    insert(&txn, name).await?;
    let nested = txn.begin().await?;
    insert(&nested, &format!("{name} nested")).await?;
    nested.commit().await?;
    committing.store(true, Ordering::Relaxed);
    txn.commit().await
}

/// Cancels the work after one poll, two, ... until it finishes.
async fn cut_everywhere(db: &RoutingConnection, dropped: Dropped) -> Vec<(String, Known)> {
    let mut transactions = Vec::new();
    for polls in 1..MOST_POLLS {
        let name = format!("{dropped:?} {polls:03}");
        let committing = AtomicBool::new(false);
        let outcome = cut(polls, dropped, two_rows(db, &name, &committing)).await;
        let known = match (&outcome, committing.into_inner()) {
            (Some(result), _) => {
                assert_eq!(*result, Ok(()), "it was not cut off");
                Known::Committed
            }
            (None, true) => Known::InDoubt,
            (None, false) => Known::Undone,
        };
        transactions.push((name.clone(), known));
        next_statements_are_right(db, &name).await;
        let done = transactions
            .iter()
            .filter(|(_, known)| *known == Known::Committed);
        if done.count() == 3 {
            return transactions;
        }
    }
    panic!("{MOST_POLLS} polls are not enough");
}

/// Whatever was cancelled before, the pool's next statements get their own replies.
async fn next_statements_are_right(db: &RoutingConnection, name: &str) {
    let probe = format!("probe {name}");
    let inserted = insert(db, &probe).await.expect("the pool is fine");
    assert_eq!(inserted.name, probe);
    let found = item::Entity::find_by_id(inserted.id)
        .one(db)
        .await
        .expect("a read");
    assert_eq!(found, Some(inserted));
}

/// No transaction is half committed, acknowledged rows exist, and rows that were never to be
/// committed do not.
async fn all_or_nothing(db: &RoutingConnection, transactions: &[(String, Known)]) {
    let names = names(db).await;
    for (name, known) in transactions {
        let rows = names
            .iter()
            .filter(|row| row.starts_with(name.as_str()))
            .count();
        let right = match known {
            Known::Committed => rows == 2,
            Known::InDoubt => rows == 0 || rows == 2,
            Known::Undone => rows == 0,
        };
        assert!(right, "{name} is {known:?} and has {rows} rows of 2");
    }
    let probes = names.iter().filter(|row| row.starts_with("probe")).count();
    assert_eq!(probes, transactions.len());
    let count = |state| {
        transactions
            .iter()
            .filter(|(_, known)| *known == state)
            .count()
    };
    let (undone, in_doubt) = (count(Known::Undone), count(Known::InDoubt));
    eprintln!("{undone} transactions undone, {in_doubt} in doubt");
    // Six statements and more are sent, and each is a place to cancel.
    assert!(
        undone >= 10 && in_doubt >= 1,
        "{undone} undone, {in_doubt} in doubt"
    );
}

async fn cut_in_both_ways(db: &RoutingConnection) -> Vec<(String, Known)> {
    let mut transactions = cut_everywhere(db, Dropped::AtOnce).await;
    transactions.extend(cut_everywhere(db, Dropped::WhenAnswered).await);
    transactions
}

#[tokio::test]
async fn a_transaction_cut_off_anywhere_on_postgres() {
    let Some((pg, db)) = on_postgres("cut_postgres").await else {
        return;
    };
    let transactions = cut_in_both_ways(&db).await;
    none_open_in_postgres(&pg, CONNECTIONS).await;
    all_or_nothing(&db, &transactions).await;
    pool_is_whole(&db).await;
}

#[tokio::test]
async fn a_transaction_cut_off_anywhere_on_mariadb() {
    let Some((maria, db)) = on_mariadb("cut_mariadb").await else {
        return;
    };
    let transactions = cut_in_both_ways(&db).await;
    none_open_in_mariadb(&maria, CONNECTIONS).await;
    all_or_nothing(&db, &transactions).await;
    pool_is_whole(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_cut_off_anywhere_on_two_threads() {
    let Some((pg, db)) = on_postgres("cut_threads").await else {
        return;
    };
    let transactions = cut_in_both_ways(&db).await;
    none_open_in_postgres(&pg, CONNECTIONS).await;
    all_or_nothing(&db, &transactions).await;
    pool_is_whole(&db).await;
}
