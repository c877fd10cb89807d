//! What the next users of the pool observe after a case.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionSession};

use super::place::Place;
use super::run::Done;
use super::story::{Fault, Found};
use super::subject::Subject;
use super::texts::{Texts, names};

/// Rows that [`next_users_are_fine`] leaves.
pub(super) fn rows_left(place: &Place) -> usize {
    place.connections + 1
}

/// The label of the rows of the next users, after a case of that label.
pub(super) fn label_after(label: &str) -> String {
    format!("{label}+")
}

/// Uses all connections of the pool at once: each answers its own statement, and its write is
/// visible to others at once.
pub(super) async fn next_users_are_fine<C: Subject>(
    db: &C,
    texts: &Texts,
    label: &str,
    place: &Place,
) -> Done {
    all_at_home(&db.pool(), place.patience).await?;
    let label = label_after(label);
    let users = (0..place.connections).map(|n| format!("{label}/{n}"));
    let users: Vec<_> = users.collect();
    all(users.iter().map(|user| writes(db, texts, user))).await?;
    all(users.iter().map(|user| reads(db, texts, user))).await?;
    if let Some(outside) = &place.outside {
        let kept = names(outside.query_all_raw(texts.rows_of(&label)).await?)?;
        if kept.len() != users.len() {
            return Err(Found::new(
                Fault::OpenInPool,
                format!("{kept:?} are kept of {users:?}"),
            ));
        }
    }
    if let DbBackend::Sqlite = db.pool().get_database_backend() {
        let pool = db.pool();
        no_lock_is_held(place.outside.as_ref().unwrap_or(&pool)).await?;
    }
    transaction(db, texts, &format!("{label}/txn")).await
}

async fn all(checks: impl Iterator<Item = impl Future<Output = Done>>) -> Done {
    join_all(checks).await.into_iter().collect()
}

async fn writes(db: &impl ConnectionTrait, texts: &Texts, user: &str) -> Done {
    let row = [user.to_owned()];
    let answer = db.query_all_raw(texts.insert_returning(&row)).await?;
    is_own(names(answer)?, user)
}

async fn reads(db: &impl ConnectionTrait, texts: &Texts, user: &str) -> Done {
    let answer = db.query_all_raw(texts.answer(user)).await?;
    is_own(names(answer)?, user)
}

fn is_own(answer: Vec<String>, user: &str) -> Done {
    match answer == [user] {
        true => Ok(()),
        false => Err(Found::new(
            Fault::Crosstalk,
            format!("{answer:?} for {user}"),
        )),
    }
}

async fn transaction<C: Subject>(db: &C, texts: &Texts, row: &str) -> Done {
    let txn = db.begin().await?;
    txn.execute_raw(texts.insert(&[row.to_owned()])).await?;
    Ok(txn.commit().await?)
}

/// SQLite has one writer, and refuses to begin where a transaction is open.
async fn no_lock_is_held(sqlite: &DatabaseConnection) -> Done {
    let begun = sqlite.execute_unprepared("BEGIN IMMEDIATE; ROLLBACK").await;
    begun.map_err(|error| Found::new(Fault::OpenInPool, error))?;
    Ok(())
}

/// Waits until all connections are back in their pool, or closed.
async fn all_at_home(pool: &DatabaseConnection, patience: Duration) -> Done {
    let at_home = async {
        while !is_at_home(pool) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(patience / 2, at_home).await;
    in_time.map_err(|_| Found::new(Fault::Leaked, "a connection is not back in the pool"))
}

fn is_at_home(pool: &DatabaseConnection) -> bool {
    let (size, idle) = match pool.get_database_backend() {
        DbBackend::Postgres => {
            let pool = pool.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
        DbBackend::MySql => {
            let pool = pool.get_mysql_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    };
    size as usize == idle
}
