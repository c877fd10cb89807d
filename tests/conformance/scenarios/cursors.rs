//! Pages by the values of columns.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::db::Db;
use crate::entities::{author, book, publisher, shelfmark};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(by_key, both_ways, two_columns, joined, as_json);

async fn by_key<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut books = book::Entity::find().cursor_by(book::Column::Id);
    journal.note("first", &books.first(2).all(db).await);
    journal.note("after", &books.after(2).first(3).all(db).await);
    journal.note("beyond", &books.after(66).first(3).all(db).await);
    let mut long = book::Entity::find()
        .filter(book::Column::Pages.gt(100))
        .cursor_by(book::Column::Id);
    journal.note("filtered", &long.after(1).first(10).all(db).await);
    Ok(())
}

async fn both_ways<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut books = book::Entity::find().cursor_by(book::Column::Id);
    journal.note("last", &books.last(2).all(db).await);
    journal.note("before", &books.before(4).last(2).all(db).await);
    let mut down = book::Entity::find().cursor_by(book::Column::Id);
    journal.note("descending", &down.desc().after(5).first(2).all(db).await);
    let mut between = book::Entity::find().cursor_by(book::Column::Id);
    journal.note("between", &between.after(1).before(5).all(db).await);
    Ok(())
}

async fn two_columns<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let by = (shelfmark::Column::Room, shelfmark::Column::Slot);
    let mut shelfmarks = shelfmark::Entity::find().cursor_by(by);
    journal.note("after", &shelfmarks.after((1, 2)).first(2).all(db).await);
    let mut tied = book::Entity::find().cursor_by((book::Column::Pages, book::Column::Id));
    journal.note("ties", &tied.after((98, 5)).first(2).all(db).await);
    Ok(())
}

async fn joined<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut pairs = book::Entity::find()
        .find_also_related(publisher::Entity)
        .cursor_by(book::Column::Id);
    journal.note("two", &pairs.after(2).first(3).all(db).await);
    let mut other = author::Entity::find()
        .find_also_related(book::Entity)
        .cursor_by_other(book::Column::Id);
    journal.note("by the other", &other.after(3).first(2).all(db).await);
    Ok(())
}

async fn as_json<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let mut books = books.cursor_by(book::Column::Id).into_json();
    journal.note("json", &books.first(1).all(db).await);
    Ok(())
}
