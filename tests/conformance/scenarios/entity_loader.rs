//! The entity loader, which joins to-one relations and loads to-many relations.

use sea_orm::{ColumnTrait, DbErr, EntityLoaderTrait, QueryFilter, QueryOrder};

use crate::db::Db;
use crate::entities::{author, biography, book, genre, loan, publisher, reader, topic};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    alone,
    with_one,
    with_many,
    with_everything,
    nested,
    pages,
    trees,
    followers,
    of_another_part,
);

async fn alone<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = || book::Entity::load().order_by_id_asc();
    journal.note("all", &books().all(db).await);
    journal.note("one", &books().one(db).await);
    journal.note("by key", &books().filter_by_id(4).one(db).await);
    let none = books().filter(book::Column::Pages.gt(999));
    journal.note("none", &none.one(db).await);
    Ok(())
}

async fn with_one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::load()
        .with(author::Entity)
        .with(publisher::Entity);
    journal.note("belongs to", &books.order_by_id_asc().all(db).await);
    let authors = author::Entity::load().with(biography::Entity);
    journal.note("has one", &authors.order_by_id_asc().all(db).await);
    Ok(())
}

async fn with_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors = author::Entity::load().with(book::Entity);
    journal.note("has many", &authors.order_by_id_asc().all(db).await);
    let books = book::Entity::load().with(genre::Entity);
    journal.note("many to many", &books.order_by_id_asc().all(db).await);
    Ok(())
}

async fn with_everything<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::load()
        .with(author::Entity)
        .with(publisher::Entity)
        .with(genre::Entity)
        .filter(book::Column::Pages.gt(90))
        .order_by_desc(book::Column::Pages)
        .order_by_id_asc();
    journal.note("books", &books.all(db).await);
    Ok(())
}

async fn nested<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let publishers = publisher::Entity::load()
        .with((book::Entity, author::Entity))
        .order_by_id_asc();
    journal.note("has many, belongs to", &publishers.all(db).await);
    let authors = author::Entity::load()
        .with(biography::Entity)
        .with((book::Entity, genre::Entity))
        .order_by_id_asc();
    journal.note("has many, many to many", &authors.all(db).await);
    let books = book::Entity::load()
        .with((author::Entity, biography::Entity))
        .order_by_id_asc();
    journal.note("belongs to, has one", &books.all(db).await);
    Ok(())
}

async fn pages<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::load().with(genre::Entity).order_by_id_asc();
    let pages = books.paginate(db, 4);
    journal.note("the first", &pages.fetch_page(0).await);
    journal.note("the last", &pages.fetch_page(1).await);
    journal.note("how many", &pages.num_items_and_pages().await);
    Ok(())
}

async fn trees<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let topics = topic::Entity::load()
        .with(topic::Relation::Parent)
        .order_by_id_asc();
    journal.note("parents", &topics.all(db).await);
    let topics = topic::Entity::load()
        .with(topic::Relation::Children)
        .order_by_id_asc();
    journal.note("children", &topics.all(db).await);
    Ok(())
}

async fn followers<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let readers = reader::Entity::load()
        .with(loan::Entity)
        .with(crate::entities::follow::Entity)
        .with(crate::entities::follow::EntityReverse)
        .order_by_id_asc();
    journal.note("both ways", &readers.all(db).await);
    Ok(())
}

/// In the layout of two databases, from one to the other: to-many relations are loaded.
async fn of_another_part<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::load().with(loan::Entity).order_by_id_asc();
    journal.note("has many", &books.all(db).await);
    let readers = reader::Entity::load()
        .with((loan::Entity, book::Entity))
        .order_by_id_asc();
    journal.note("has many, belongs to", &readers.all(db).await);
    Ok(())
}
