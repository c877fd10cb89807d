//! Related rows, loaded one side after the other.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, LoaderTrait, QueryFilter, QueryOrder};

use crate::db::Db;
use crate::entities::{
    author, biography, book, book_genre, city, country, genre, loan, publisher, reader,
};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    one,
    many,
    many_to_many,
    selected,
    of_nothing,
    written_by_hand,
    nested,
    of_another_part,
);

async fn books(db: &impl Db) -> Result<Vec<book::Model>, DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    books.all(db).await
}

async fn one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = books(db).await?;
    journal.note("belongs to", &books.load_one(author::Entity, db).await);
    journal.note("optional", &books.load_one(publisher::Entity, db).await);
    let authors = author::Entity::find()
        .order_by_asc(author::Column::Id)
        .all(db)
        .await?;
    journal.note("has one", &authors.load_one(biography::Entity, db).await);
    Ok(())
}

async fn many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors = author::Entity::find()
        .order_by_asc(author::Column::Id)
        .all(db)
        .await?;
    journal.note("has many", &authors.load_many(book::Entity, db).await);
    let wrong = authors.load_one(book::Entity, db).await;
    journal.note("one of many", &wrong);
    Ok(())
}

async fn many_to_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = books(db).await?;
    journal.note("many", &books.load_many(genre::Entity, db).await);
    let via = books
        .load_many_to_many(genre::Entity, book_genre::Entity, db)
        .await;
    journal.note("via", &via);
    let genres = genre::Entity::find()
        .order_by_asc(genre::Column::Id)
        .all(db)
        .await?;
    journal.note("the other way", &genres.load_many(book::Entity, db).await);
    Ok(())
}

async fn selected<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors = author::Entity::find()
        .order_by_asc(author::Column::Id)
        .all(db)
        .await?;
    let long = book::Entity::find()
        .filter(book::Column::Pages.gt(100))
        .order_by_desc(book::Column::Pages);
    journal.note("many", &authors.load_many(long, db).await);
    let north = publisher::Entity::find().filter(publisher::Column::Name.eq("North"));
    journal.note("one", &books(db).await?.load_one(north, db).await);
    Ok(())
}

async fn of_nothing<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors: Vec<author::Model> = vec![];
    journal.note("one", &authors.load_one(biography::Entity, db).await);
    journal.note("many", &authors.load_many(book::Entity, db).await);
    Ok(())
}

async fn written_by_hand<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let countries = country::Entity::find()
        .order_by_asc(country::Column::Code)
        .all(db)
        .await?;
    let cities = countries.load_many(city::Entity, db).await;
    journal.note("cities", &cities);
    Ok(())
}

async fn nested<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let publishers = publisher::Entity::find()
        .order_by_asc(publisher::Column::Id)
        .all(db)
        .await?;
    for books in publishers.load_many(book::Entity, db).await? {
        let authors = books.load_one(author::Entity, db).await?;
        let authors: Vec<_> = authors.into_iter().flatten().collect();
        journal.note(
            "biographies",
            &authors.load_one(biography::Entity, db).await,
        );
    }
    Ok(())
}

/// In the layout of two databases, from one to the other.
async fn of_another_part<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let loans = loan::Entity::find()
        .order_by_asc(loan::Column::Id)
        .all(db)
        .await?;
    journal.note("books", &loans.load_one(book::Entity, db).await);
    journal.note("readers", &loans.load_one(reader::Entity, db).await);
    let books = books(db).await?;
    journal.note("loans", &books.load_many(loan::Entity, db).await);
    Ok(())
}
