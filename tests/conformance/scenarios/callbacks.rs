//! Transactions around a closure: committed on `Ok`, rolled back on `Err`.

use sea_orm::{
    AccessMode, ActiveModelTrait, DbErr, EntityTrait, IsolationLevel, PaginatorTrait,
    TransactionError, TransactionTrait,
};

use crate::db::Db;
use crate::entities::author;
use crate::journal::Journal;
use crate::seed::{author_named, genre_named};
use crate::suite::scenarios;

scenarios!(
    boxed,
    boxed_and_failing,
    asynchronous,
    asynchronous_and_failing,
    nested,
    nested_and_failing,
    the_servers_error;
    plainly:
    with_config,
    with_config_asynchronous,
);

type Done<T> = Result<T, TransactionError<DbErr>>;

async fn count(db: &impl Db) -> Result<u64, DbErr> {
    author::Entity::find().count(db).await
}

fn changed_my_mind() -> DbErr {
    DbErr::Custom("changed my mind".to_owned())
}

async fn boxed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done: Done<_> = db
        .transaction(|txn| Box::pin(async move { author_named("boxed", None).insert(txn).await }))
        .await;
    journal.note("done", &done);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn boxed_and_failing<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done: Done<()> = db
        .transaction(|txn| {
            Box::pin(async move {
                author_named("undone", None).insert(txn).await?;
                Err(changed_my_mind())
            })
        })
        .await;
    journal.note("done", &done);
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn asynchronous<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let name = "borrowed".to_owned();
    let done = db
        .within(async |txn: &C::Inner| author_named(&name, None).insert(txn).await)
        .await;
    journal.note("done", &done);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn asynchronous_and_failing<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done: Done<()> = db
        .within(async |txn: &C::Inner| {
            author_named("undone too", None).insert(txn).await?;
            Err(changed_my_mind())
        })
        .await;
    journal.note("done", &done);
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn nested<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done: Done<_> = db
        .within(async |txn: &C::Inner| {
            author_named("outer", None).insert(txn).await?;
            let inner: Done<_> = txn
                .transaction(|txn| {
                    Box::pin(async move { author_named("inner", None).insert(txn).await })
                })
                .await;
            inner.map_err(|error| DbErr::Custom(error.to_string()))
        })
        .await;
    journal.note("done", &done);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn nested_and_failing<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done: Done<String> = db
        .within(async |txn: &C::Inner| {
            author_named("kept", None).insert(txn).await?;
            let inner: Done<()> = txn
                .within(async |txn: &C::Inner| {
                    author_named("inner, undone", None).insert(txn).await?;
                    Err(changed_my_mind())
                })
                .await;
            author_named("kept as well", None).insert(txn).await?;
            Ok(format!("{inner:?}"))
        })
        .await;
    journal.note("done", &done);
    journal.settled().await?;
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn the_servers_error<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let done = db
        .within(async |txn: &C::Inner| genre_named("nature").insert(txn).await)
        .await;
    journal.note("a duplicate", &done);
    journal.note("afterwards", &count(db).await);
    Ok(())
}

async fn with_config<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::Serializable] {
        let done: Done<_> = db
            .transaction_with_config(
                |txn| Box::pin(async move { author_named("with", None).insert(txn).await }),
                Some(level),
                Some(AccessMode::ReadWrite),
            )
            .await;
        journal.note("done", &done);
    }
    Ok(())
}

async fn with_config_asynchronous<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let level = Some(IsolationLevel::RepeatableRead);
    let done = db
        .within_config(
            async |txn: &C::Inner| author_named("with too", None).insert(txn).await,
            level,
            Some(AccessMode::ReadWrite),
        )
        .await;
    journal.note("done", &done);
    let read = db
        .within_config(
            async |txn: &C::Inner| author::Entity::find().count(txn).await,
            level,
            Some(AccessMode::ReadOnly),
        )
        .await;
    journal.note("read", &read);
    Ok(())
}
