//! Links over several relations.

use sea_orm::{DbErr, EntityTrait, Linked, ModelTrait, QueryOrder, RelationDef, RelationTrait};

use crate::db::Db;
use crate::entities::{author, book, book_genre, city, country, genre, publisher};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(of_a_row, also, with, joined, to_itself, on_a_condition);

/// The publishers of an author.
#[derive(Debug)]
struct Houses;

impl Linked for Houses {
    type FromEntity = author::Entity;
    type ToEntity = publisher::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![
            author::Relation::Book.def(),
            book::Relation::Publisher.def(),
        ]
    }
}

/// The genres of an author, over a junction.
#[derive(Debug)]
struct Genres;

impl Linked for Genres {
    type FromEntity = author::Entity;
    type ToEntity = genre::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![
            author::Relation::Book.def(),
            book_genre::Relation::Book.def().rev(),
            book_genre::Relation::Genre.def(),
        ]
    }
}

async fn of_a_row<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let bo = author::Entity::find_by_id(2).require_one(db).await?;
    let houses = bo.find_linked(Houses).order_by_asc(publisher::Column::Id);
    journal.note("houses", &houses.all(db).await);
    let genres = bo.find_linked(Genres).order_by_asc(genre::Column::Id);
    journal.note("genres", &genres.all(db).await);
    Ok(())
}

async fn also<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let also = author::Entity::find()
        .find_also_linked(Houses)
        .order_by_asc(author::Column::Id)
        .order_by_asc(sea_orm::sea_query::Expr::col(("r1", publisher::Column::Id)))
        .all(db)
        .await;
    journal.note("houses", &also);
    Ok(())
}

async fn with<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let with = author::Entity::find()
        .find_with_linked(Genres)
        .order_by_asc(author::Column::Id)
        .order_by_asc(sea_orm::sea_query::Expr::col(("r2", genre::Column::Id)))
        .all(db)
        .await;
    journal.note("genres", &with);
    Ok(())
}

async fn joined<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let joined = author::Entity::find()
        .left_join_linked(Houses)
        .order_by_asc(author::Column::Id);
    journal.note("authors", &joined.all(db).await);
    Ok(())
}

async fn to_itself<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let bergen = city::Entity::find_by_id(1).require_one(db).await?;
    let compatriots = bergen.find_linked(city::Compatriots);
    let compatriots = compatriots.order_by_asc(city::Column::Id);
    journal.note("cities", &compatriots.all(db).await);
    Ok(())
}

async fn on_a_condition<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for country in country::Entity::find().order_by_id_asc().all(db).await? {
        let big = country.find_linked(country::BigCities);
        journal.note(
            &country.code,
            &big.order_by_asc(city::Column::Id).all(db).await,
        );
    }
    Ok(())
}
