//! Pages by number.

use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::db::Db;
use crate::entities::{author, book, publisher};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    pages,
    one_after_the_other,
    streamed,
    counted,
    of_a_join,
    of_tuples
);

async fn pages<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let pages = books.paginate(db, 4);
    journal.note("the first", &pages.fetch_page(0).await);
    journal.note("the second", &pages.fetch_page(1).await);
    journal.note("beyond", &pages.fetch_page(9).await);
    journal.note("items", &pages.num_items().await);
    journal.note("pages", &pages.num_pages().await);
    journal.note("both", &pages.num_items_and_pages().await);
    Ok(())
}

async fn one_after_the_other<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let mut pages = books.paginate(db, 2);
    while let Some(books) = pages.fetch_and_next().await? {
        journal.value("page", &books);
    }
    journal.value("it stands at", &pages.cur_page());
    pages.set_page(1);
    journal.note("back at the second", &pages.fetch().await);
    Ok(())
}

async fn streamed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let mut pages = books.paginate(db, 4).into_stream();
    while let Some(books) = pages.try_next().await? {
        journal.value("page", &books);
    }
    Ok(())
}

async fn counted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let long = book::Entity::find().filter(book::Column::Pages.gt(100));
    journal.note("filtered", &long.clone().count(db).await);
    journal.note("limited", &long.limit(2).count(db).await);
    let none = author::Entity::find().filter(author::Column::Id.gt(99));
    let pages = none.paginate(db, 3);
    journal.note("nothing", &pages.num_items_and_pages().await);
    Ok(())
}

async fn of_a_join<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let pairs = book::Entity::find()
        .find_also_related(publisher::Entity)
        .order_by_asc(book::Column::Id);
    let pages = pairs.paginate(db, 4);
    journal.note("the second", &pages.fetch_page(1).await);
    journal.note("both", &pages.num_items_and_pages().await);
    Ok(())
}

async fn of_tuples<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let titles = book::Entity::find()
        .select_only()
        .column(book::Column::Title)
        .order_by_asc(book::Column::Title)
        .into_tuple::<String>();
    let pages = titles.paginate(db, 5);
    journal.note("the first", &pages.fetch_page(0).await);
    journal.note("pages", &pages.num_pages().await);
    Ok(())
}
