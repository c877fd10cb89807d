//! Futures dropped at every await leave nothing open and nothing half known.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use routing_servers::{MariaDbCluster, PostgresCluster};
use sea_orm::{DbErr, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::item::{self, insert, names};
use crate::support::{self, Servers, eventually, options, single, soon};

/// Connections of the pool under test.
const CONNECTIONS: u32 = 2;

/// No work here takes as many polls.
const MOST_POLLS: usize = 200;

/// A future that is dropped after so many polls, with nothing to wait for in between.
struct Cut<'f, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'f>>,
    polls: usize,
}

impl<T> Future for Cut<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.polls -= 1;
        match self.future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What a future returned within so many polls; it is gone afterwards.
async fn cut<'f, T>(polls: usize, future: impl Future<Output = T> + Send + 'f) -> Option<T> {
    let future = Box::pin(future);
    soon("a future that is cut off", Cut { future, polls }).await
}

fn small(url: String) -> DatabaseOptions {
    let mut options = options(url);
    options.max_connections(CONNECTIONS);
    DatabaseOptions::new(options)
}

async fn on_postgres(name: &'static str) -> Option<(Servers<PostgresCluster>, RoutingConnection)> {
    let pg = support::postgres(name).await?;
    let db = single(small(pg.cluster.primary_url(name))).await;
    item::create(&db).await;
    Some((pg, db))
}

async fn on_mariadb(name: &'static str) -> Option<(Servers<MariaDbCluster>, RoutingConnection)> {
    let maria = support::mariadb(name).await?;
    let db = single(small(maria.cluster.primary_url(name))).await;
    item::create(&db).await;
    Some((maria, db))
}

/// Begins, inserts, nests, inserts, ends both: two rows or none.
async fn two_rows(db: &RoutingConnection, name: &str) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    insert(&txn, name).await?;
    let nested = txn.begin().await?;
    insert(&nested, &format!("{name} nested")).await?;
    nested.commit().await?;
    txn.commit().await
}

/// Cuts the work after one poll, two, ... until it is never cut; returns how many were cut.
async fn cut_everywhere(db: &RoutingConnection) -> usize {
    let (mut cuts, mut finished) = (0, 0);
    for polls in 1..MOST_POLLS {
        let name = format!("{polls:03}");
        let outcome = cut(polls, two_rows(db, &name)).await;
        // The next statements are right whatever was cut off before.
        let probe = format!("{name} probe");
        let inserted = insert(db, &probe).await.expect("the pool is fine");
        let found = item::Entity::find_by_id(inserted.id).one(db).await.expect("a read");
        assert_eq!(found, Some(inserted));
        let own = names(db).await.into_iter().filter(|it| it.starts_with(&name));
        let rows = own.count() - 1;
        match outcome {
            Some(result) => {
                result.expect("it was not cut off");
                assert_eq!(rows, 2, "after {polls} polls it was committed");
                finished += 1;
            }
            None => {
                assert!(rows == 0 || rows == 2, "after {polls} polls {rows} rows of 2 are there");
                cuts += 1;
            }
        }
        if finished == 3 {
            return cuts;
        }
    }
    panic!("{MOST_POLLS} polls are not enough");
}

/// Two transactions at once, each on a connection of its own, and both are clean.
async fn pool_is_whole(db: &RoutingConnection) {
    let (one, two) = (db.begin().await.expect("begun"), db.begin().await.expect("begun"));
    let both = async { tokio::join!(insert(&one, "whole 1"), insert(&two, "whole 2")) };
    let (first, second) = soon("two connections", both).await;
    first.expect("inserted");
    second.expect("inserted");
    one.rollback().await.expect("rolled back");
    two.rollback().await.expect("rolled back");
    assert!(!names(db).await.iter().any(|name| name.starts_with("whole")));
}

async fn none_open_in_postgres(pg: &Servers<PostgresCluster>) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    let limit = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    eventually("no transaction is open on Postgres", || async { pg.sql(sql).await == "0" }).await;
    eventually("no connection is left over", || async {
        let open: u32 = pg.sql(limit).await.parse().expect("a number");
        open <= CONNECTIONS
    })
    .await;
}

async fn none_open_in_mariadb(maria: &Servers<MariaDbCluster>) {
    let process = "information_schema.processlist";
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.innodb_trx JOIN {process} AS process
        ON process.id = trx_mysql_thread_id WHERE process.db = '{}'",
        maria.name
    );
    let limit = format!(
        "SELECT COUNT(*) FROM {process} WHERE db = '{}' AND id <> CONNECTION_ID()",
        maria.name
    );
    eventually("no transaction is open on MariaDB", || async { maria.sql(&sql).await == "0" })
        .await;
    eventually("no connection is left over", || async {
        let open: u32 = maria.sql(&limit).await.parse().expect("a number");
        open <= CONNECTIONS
    })
    .await;
}

#[tokio::test]
async fn a_transaction_cut_off_anywhere_on_postgres() {
    let Some((pg, db)) = on_postgres("cut_postgres").await else {
        return;
    };
    let cuts = cut_everywhere(&db).await;
    assert!(cuts >= 6, "only {cuts} places to cut");
    pool_is_whole(&db).await;
    none_open_in_postgres(&pg).await;
}

#[tokio::test]
async fn a_transaction_cut_off_anywhere_on_mariadb() {
    let Some((maria, db)) = on_mariadb("cut_mariadb").await else {
        return;
    };
    let cuts = cut_everywhere(&db).await;
    assert!(cuts >= 6, "only {cuts} places to cut");
    pool_is_whole(&db).await;
    none_open_in_mariadb(&maria).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_cut_off_anywhere_on_two_threads() {
    let Some((pg, db)) = on_postgres("cut_threads").await else {
        return;
    };
    let cuts = cut_everywhere(&db).await;
    assert!(cuts >= 6, "only {cuts} places to cut");
    pool_is_whole(&db).await;
    none_open_in_postgres(&pg).await;
}

/// A statement is cut off, and its transaction is used on: what it then sees is what it commits.
async fn used_on_after_a_cut(db: &RoutingConnection) {
    for polls in 1..12 {
        let name = format!("used on {polls:02}");
        let txn = db.begin().await.expect("begun");
        insert(&txn, &name).await.expect("inserted");
        let late = format!("{name} late");
        let outcome = cut(polls, insert(&txn, &late)).await;
        let seen = soon("a count", item::Entity::find().count(&txn)).await;
        let seen = seen.expect("the transaction goes on");
        soon("a commit", txn.commit()).await.expect("committed");
        let committed = names(db).await;
        assert_eq!(committed.len() as u64, seen, "after {polls} polls");
        assert!(committed.contains(&name));
        assert!(outcome.is_none() || committed.contains(&late));
        item::Entity::delete_many().exec(db).await.expect("deleted");
    }
}

#[tokio::test]
async fn a_statement_cut_off_and_its_transaction_used_on() {
    let Some((pg, db)) = on_postgres("cut_used").await else {
        return;
    };
    used_on_after_a_cut(&db).await;
    none_open_in_postgres(&pg).await;
    let Some((maria, db)) = on_mariadb("cut_used").await else {
        return;
    };
    used_on_after_a_cut(&db).await;
    none_open_in_mariadb(&maria).await;
}

/// The release of a savepoint is cut off: nobody knows whether it happened, so nothing goes on.
async fn in_doubt_after_a_cut(db: &RoutingConnection) {
    let mut in_doubt = 0;
    for polls in 1..6 {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "outer").await.expect("inserted");
        let nested = txn.begin().await.expect("nested");
        insert(&nested, "inner").await.expect("inserted");
        if cut(polls, nested.commit()).await.is_some() {
            break;
        }
        in_doubt += 1;
        let later = insert(&txn, "later").await.expect_err("in doubt").to_string();
        assert!(later.contains("in doubt"), "{later}");
        txn.commit().await.expect_err("in doubt");
        assert_eq!(names(db).await, [""; 0]);
    }
    assert!(in_doubt > 0, "a release takes at least one poll");
    item::Entity::delete_many().exec(db).await.expect("deleted");
    pool_is_whole(db).await;
}

#[tokio::test]
async fn a_release_cut_off_leaves_the_transaction_in_doubt() {
    let Some((pg, db)) = on_postgres("cut_release").await else {
        return;
    };
    in_doubt_after_a_cut(&db).await;
    none_open_in_postgres(&pg).await;
    let Some((maria, db)) = on_mariadb("cut_release").await else {
        return;
    };
    in_doubt_after_a_cut(&db).await;
    none_open_in_mariadb(&maria).await;
}
