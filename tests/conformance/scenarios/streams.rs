//! Rows one by one.

use std::pin::pin;

use futures_util::TryStreamExt;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, DerivePartialModel, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::db::Db;
use crate::entities::{author, book, publisher, reader};
use crate::journal::Journal;
use crate::seed::author_named;
use crate::suite::scenarios;

scenarios!(
    models,
    pairs,
    partial_models,
    tuples,
    statements,
    raw,
    left_early,
    errors,
);

async fn models<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let rows: Result<Vec<_>, _> = books.stream(db).await?.try_collect().await;
    journal.note("all", &rows);
    let none = reader::Entity::find().filter(reader::Column::Id.gt(99));
    let rows: Result<Vec<_>, _> = none.stream(db).await?.try_collect().await;
    journal.note("none", &rows);
    Ok(())
}

async fn pairs<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let pairs = book::Entity::find()
        .find_also_related(publisher::Entity)
        .order_by_asc(book::Column::Id);
    let rows: Result<Vec<_>, _> = pairs.stream(db).await?.try_collect().await;
    journal.note("two", &rows);
    let both = book::Entity::find()
        .find_both_related(author::Entity)
        .order_by_asc(book::Column::Id);
    let rows: Result<Vec<_>, _> = both.stream(db).await?.try_collect().await;
    journal.note("both", &rows);
    let three = book::Entity::find()
        .find_also_related(author::Entity)
        .find_also_related(publisher::Entity)
        .order_by_asc(book::Column::Id);
    let rows: Result<Vec<_>, _> = three.stream(db).await?.try_collect().await;
    journal.note("three", &rows);
    Ok(())
}

#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "book::Entity")]
#[expect(dead_code, reason = "printed")]
struct Title {
    title: String,
}

async fn partial_models<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    let titles = books.stream_partial_model::<_, Title>(db).await?;
    let rows: Result<Vec<Title>, _> = titles.try_collect().await;
    journal.note("titles", &rows);
    Ok(())
}

async fn tuples<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let pages = book::Entity::find()
        .select_only()
        .columns([book::Column::Id, book::Column::Pages])
        .order_by_desc(book::Column::Id)
        .into_tuple::<(i32, i32)>();
    let rows: Result<Vec<_>, _> = pages.stream(db).await?.try_collect().await;
    journal.note("numbers", &rows);
    Ok(())
}

async fn statements<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let query = Query::select()
        .column(author::Column::Name)
        .from(author::Entity)
        .order_by(author::Column::Id, sea_orm::Order::Asc)
        .to_owned();
    let mut rows = pin!(db.stream(&query).await?);
    while let Some(row) = rows.try_next().await? {
        journal.note("name", &row.try_get::<String>("", "name"));
    }
    Ok(())
}

async fn raw<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "SELECT * FROM book WHERE pages < 100 ORDER BY id";
    let statement = Statement::from_string(db.dialect(), sql);
    let rows = db.stream_raw(statement.clone()).await?;
    let rows: Vec<_> = rows.try_collect().await?;
    let books: Result<Vec<_>, _> = rows
        .iter()
        .map(|row| book::Model::from_query_result(row, ""))
        .collect();
    journal.note("rows", &books);
    let selected = book::Entity::find().from_raw_sql(statement);
    let rows: Result<Vec<_>, _> = selected.stream(db).await?.try_collect().await;
    journal.note("models", &rows);
    Ok(())
}

async fn left_early<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for _ in 0..8 {
        let mut books = book::Entity::find().stream(db).await?;
        journal.value("there is one", &books.try_next().await?.is_some());
    }
    journal.note("a write", &author_named("Pia", None).insert(db).await);
    journal.settled().await?;
    journal.note("a read", &author::Entity::find().count(db).await);
    Ok(())
}

async fn errors<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let statement = Statement::from_string(db.dialect(), "SELECT missing FROM book");
    let rows: Result<Vec<_>, _> = match db.stream_raw(statement).await {
        Ok(rows) => rows.map_ok(|row| row.column_names()).try_collect().await,
        Err(error) => Err(error),
    };
    journal.note("a missing column", &rows);
    Ok(())
}
