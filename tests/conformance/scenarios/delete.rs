//! Deleted rows.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder,
};

use crate::db::Db;
use crate::entities::{
    author, biography, book_genre, city, country, genre, loan, shelfmark, topic,
};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    one_row,
    by_key,
    many_rows,
    returned,
    cascades,
    rows_that_are_needed,
    everything,
);

async fn one_row<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let topic = topic::Entity::find_by_id(6).require_one(db).await?;
    journal.note("a model", &topic.clone().delete(db).await);
    journal.note("once more", &topic.delete(db).await);
    let active = topic::ActiveModel {
        id: ActiveValue::Unchanged(5),
        ..Default::default()
    };
    journal.note("an active model", &active.delete(db).await);
    let keyless = topic::ActiveModel {
        ..Default::default()
    };
    journal.note("no key", &keyless.delete(db).await);
    Ok(())
}

async fn by_key<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("number", &biography::Entity::delete_by_id(2).exec(db).await);
    journal.note("again", &biography::Entity::delete_by_id(2).exec(db).await);
    let pair = shelfmark::Entity::delete_by_id((3, 1));
    journal.note("pair", &pair.exec(db).await);
    let text = country::Entity::delete_by_id("VA");
    journal.note("text", &text.exec(db).await);
    Ok(())
}

async fn many_rows<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let room = shelfmark::Entity::delete_many()
        .filter(shelfmark::Column::Room.eq(1))
        .exec(db)
        .await;
    journal.note("some", &room);
    let pairs = shelfmark::Entity::delete_many().filter_by_ids([(2, 1), (9, 9)]);
    journal.note("by their keys", &pairs.exec(db).await);
    let none = shelfmark::Entity::delete_many()
        .filter(shelfmark::Column::Room.eq(77))
        .exec(db)
        .await;
    journal.note("none", &none);
    Ok(())
}

async fn returned<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let one = loan::Entity::delete_by_id(2).exec_with_returning(db).await;
    journal.note("by key", &one);
    let missing = loan::Entity::delete_by_id(222)
        .exec_with_returning(db)
        .await;
    journal.note("not there", &missing);
    let active = loan::Model {
        id: 3,
        reader_id: 2,
        book_id: 1,
        days: 28,
    };
    let one = loan::Entity::delete(active.into_active_model());
    journal.note("one", &one.exec_with_returning(db).await);
    let many = loan::Entity::delete_many()
        .filter(loan::Column::Days.lt(10))
        .exec_with_returning(db)
        .await;
    journal.note("many", &many);
    Ok(())
}

async fn cascades<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let portugal = country::Entity::delete_by_id("PT").exec(db).await;
    journal.note("the country", &portugal);
    journal.settled().await?;
    let cities = city::Entity::find().order_by_asc(city::Column::Id);
    journal.note("its cities", &cities.all(db).await);
    Ok(())
}

async fn rows_that_are_needed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let needed = author::Entity::delete_by_id(1).exec(db).await;
    journal.note("an author with books", &needed);
    Ok(())
}

async fn everything<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let links = book_genre::Entity::delete_many().exec(db).await;
    journal.note("links", &links);
    let genres = genre::Entity::delete_many().exec(db).await;
    journal.note("genres", &genres);
    journal.settled().await?;
    journal.note("left", &genre::Entity::find().count(db).await);
    Ok(())
}
