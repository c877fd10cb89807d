//! Transactions that are begun and ended by hand.

use sea_orm::{
    AccessMode, ActiveModelTrait, DbErr, EntityTrait, IsolationLevel, PaginatorTrait,
    SqliteTransactionMode, TransactionOptions, TransactionSession,
};

use crate::db::Db;
use crate::entities::author;
use crate::journal::Journal;
use crate::seed::{author_named, genre_named};
use crate::suite::scenarios;

scenarios!(
    committed,
    rolled_back,
    dropped,
    nothing_inside;
    plainly:
    isolation_levels,
    options,
    unseen_from_outside,
    two_at_once,
    read_only,
    after_an_error,
    committed_after_an_error,
);

async fn add(db: &impl Db, name: &str) -> Result<author::Model, DbErr> {
    author_named(name, None).insert(db).await
}

async fn count(db: &impl Db) -> Result<u64, DbErr> {
    author::Entity::find().count(db).await
}

async fn committed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    journal.note("inserted", &add(&txn, "Abe").await);
    journal.note("seen inside", &count(&txn).await);
    let all = author::Entity::find().order_by_id_asc();
    journal.note("rows", &all.all(&txn).await);
    journal.note("committed", &txn.commit().await);
    journal.settled().await?;
    journal.note("seen outside", &count(db).await);
    Ok(())
}

async fn rolled_back<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    journal.note("inserted", &add(&txn, "Bea").await);
    journal.note("rolled back", &txn.rollback().await);
    journal.note("gone", &count(db).await);
    Ok(())
}

async fn dropped<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    journal.note("inserted", &add(&txn, "Cal").await);
    drop(txn);
    journal.note("gone", &count(db).await);
    journal.note("the next write", &add(db, "Dee").await);
    Ok(())
}

async fn isolation_levels<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let levels = [
        IsolationLevel::ReadUncommitted,
        IsolationLevel::ReadCommitted,
        IsolationLevel::RepeatableRead,
        IsolationLevel::Serializable,
    ];
    for level in levels {
        let txn = db.begin_with_config(Some(level), None).await?;
        let found = author::Entity::find().count(&txn).await;
        journal.note(&level.to_string(), &found);
        let inserted = author_named(&level.to_string(), None).insert(&txn).await;
        journal.note("inserted", &inserted);
        journal.note("committed", &txn.commit().await);
    }
    Ok(())
}

async fn options<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for mode in [
        None,
        Some(SqliteTransactionMode::Deferred),
        Some(SqliteTransactionMode::Immediate),
        Some(SqliteTransactionMode::Exclusive),
    ] {
        let options = TransactionOptions {
            sqlite_transaction_mode: mode,
            ..Default::default()
        };
        let txn = db.begin_with_options(options).await?;
        let inserted = author_named("Eli", None).insert(&txn).await;
        journal.note("inserted", &inserted);
        journal.note("committed", &txn.commit().await);
    }
    Ok(())
}

async fn nothing_inside<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("committed", &db.begun().await?.commit().await);
    journal.note("rolled back", &db.begun().await?.rollback().await);
    drop(db.begun().await?);
    journal.note("still there", &count(db).await);
    Ok(())
}

async fn unseen_from_outside<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    add(&txn, "Flo").await?;
    journal.note("inside", &count(&txn).await);
    journal.note("outside", &count(db).await);
    journal.note("committed", &txn.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn two_at_once<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let (one, two) = (db.begun().await?, db.begun().await?);
    journal.note("the first reads", &count(&one).await);
    journal.note("the second writes", &add(&two, "Gus").await);
    journal.note("the second commits", &two.commit().await);
    journal.note("the first rolls back", &one.rollback().await);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn read_only<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db
        .begin_with_config(None, Some(AccessMode::ReadOnly))
        .await?;
    journal.note("read", &author::Entity::find().count(&txn).await);
    journal.note("write", &author_named("Hob", None).insert(&txn).await);
    journal.note("rolled back", &txn.rollback().await);
    Ok(())
}

async fn after_an_error<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    add(&txn, "Ina").await?;
    journal.note("a duplicate", &genre_named("nature").insert(&txn).await);
    journal.note("the next statement", &count(&txn).await);
    journal.note("rolled back", &txn.rollback().await);
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn committed_after_an_error<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    add(&txn, "Jan").await?;
    journal.note("a duplicate", &genre_named("nature").insert(&txn).await);
    journal.note("committed", &txn.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}
