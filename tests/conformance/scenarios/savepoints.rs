//! Nested transactions.

use sea_orm::{
    AccessMode, ActiveModelTrait, DbErr, EntityTrait, IsolationLevel, PaginatorTrait,
    TransactionSession, TransactionTrait,
};

use crate::db::Db;
use crate::entities::author;
use crate::journal::Journal;
use crate::seed::{author_named, genre_named};
use crate::suite::scenarios;

scenarios!(
    committed,
    the_inner_rolled_back,
    the_inner_dropped,
    the_outer_rolled_back,
    three_levels,
    siblings,
    after_an_error,
    a_nested_save;
    plainly:
    the_outer_meanwhile,
    options,
);

async fn add(db: &impl Db, name: &str) -> Result<author::Model, DbErr> {
    author_named(name, None).insert(db).await
}

async fn names(db: &impl Db) -> Result<Vec<String>, DbErr> {
    let authors = author::Entity::find().order_by_id_asc().all(db).await?;
    Ok(authors.into_iter().map(|author| author.name).collect())
}

async fn committed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    add(&outer, "outer").await?;
    let inner = outer.begun().await?;
    journal.note("inserted", &add(&inner, "inner").await);
    journal.note("the inner", &inner.commit().await);
    journal.note("between", &names(&outer).await);
    journal.note("the outer", &outer.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn the_inner_rolled_back<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    add(&outer, "kept").await?;
    let inner = outer.begun().await?;
    add(&inner, "undone").await?;
    journal.note("inside", &names(&inner).await);
    journal.note("the inner", &inner.rollback().await);
    journal.note("between", &names(&outer).await);
    journal.note("the outer", &outer.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn the_inner_dropped<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    add(&outer, "kept too").await?;
    let inner = outer.begun().await?;
    add(&inner, "dropped").await?;
    drop(inner);
    journal.note("between", &names(&outer).await);
    journal.note("written", &add(&outer, "after the drop").await);
    journal.note("the outer", &outer.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn the_outer_rolled_back<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    let inner = outer.begun().await?;
    add(&inner, "in vain").await?;
    journal.note("the inner", &inner.commit().await);
    journal.note("the outer", &outer.rollback().await);
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn three_levels<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let one = db.begun().await?;
    add(&one, "level one").await?;
    let two = one.begun().await?;
    add(&two, "level two").await?;
    let three = two.begun().await?;
    add(&three, "level three").await?;
    journal.note("the third", &three.commit().await);
    journal.note("the second", &two.rollback().await);
    journal.note("seen by the first", &names(&one).await);
    journal.note("the first", &one.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn siblings<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    for (name, keep) in [("first", true), ("second", false), ("third", true)] {
        let inner = outer.begun().await?;
        add(&inner, name).await?;
        let ended = match keep {
            true => inner.commit().await,
            false => inner.rollback().await,
        };
        journal.note(name, &ended);
    }
    journal.note("between", &names(&outer).await);
    journal.note("the outer", &outer.commit().await);
    Ok(())
}

/// A savepoint keeps a Postgres transaction usable after an error.
async fn after_an_error<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    add(&outer, "before").await?;
    let inner = outer.begun().await?;
    journal.note("a duplicate", &genre_named("nature").insert(&inner).await);
    journal.note("the inner", &inner.rollback().await);
    journal.note("the next write", &add(&outer, "after").await);
    journal.note("the outer", &outer.commit().await);
    journal.settled().await?;
    journal.note("afterwards", &names(db).await);
    Ok(())
}

async fn a_nested_save<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    let saved = author::ActiveModel::builder().set_name("built");
    journal.note("saved", &saved.save(&outer).await);
    journal.note("the outer", &outer.rollback().await);
    journal.note("afterwards", &author::Entity::find().count(db).await);
    Ok(())
}

async fn the_outer_meanwhile<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    let inner = outer.begun().await?;
    add(&inner, "inner only").await?;
    journal.note("a statement of the outer", &names(&outer).await);
    journal.note("the inner", &inner.rollback().await);
    journal.note("the outer", &outer.rollback().await);
    Ok(())
}

async fn options<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let outer = db.begun().await?;
    add(&outer, "written before").await?;
    let level = Some(IsolationLevel::Serializable);
    let inner = outer
        .begin_with_config(level, Some(AccessMode::ReadWrite))
        .await;
    let begun = inner.map(drop);
    journal.note("a nested one with options", &begun);
    journal.note("the outer", &outer.rollback().await);
    Ok(())
}
