//! Errors, and how they are reported.

use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, ExecResult, ExprTrait,
    IntoActiveModel, ModelTrait, QueryFilter, Set, SqlErr, Statement, TryIntoModel, Value,
};

use crate::db::Db;
use crate::entities::passing::note;
use crate::entities::{author, biography, book, city, publisher, reader, shelfmark};
use crate::journal::Journal;
use crate::seed::{book_titled, city_named, reader_named};
use crate::suite::scenarios;

scenarios!(
    duplicates,
    missing_parents,
    missing_children,
    missing_values,
    missing_tables,
    missing_columns,
    syntax,
    wrong_parameters,
    arithmetic,
    not_found,
    not_set,
    executed_wrongly,
);

fn done(result: Result<ExecResult, DbErr>) -> Result<u64, DbErr> {
    result.map(|result| result.rows_affected())
}

async fn duplicates<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let twice = reader_named("ann").insert(db).await;
    let known = matches!(
        twice.as_ref().err().and_then(DbErr::sql_err),
        Some(SqlErr::UniqueConstraintViolation(_))
    );
    journal.value("known as such", &known);
    journal.note("unique", &twice);
    Ok(())
}

async fn missing_parents<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let orphan = book_titled("Orphan", 1, 404, None).insert(db).await;
    let known = matches!(
        orphan.as_ref().err().and_then(DbErr::sql_err),
        Some(SqlErr::ForeignKeyConstraintViolation(_))
    );
    journal.value("known as such", &known);
    journal.note("insert", &orphan);
    let many = city::Entity::insert_many([city_named("Atlantis", "XX", None)]);
    journal.note("insert many", &many.exec(db).await);
    Ok(())
}

async fn missing_children<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let publisher = publisher::Entity::find_by_id(1).require_one(db).await?;
    journal.note("delete", &publisher.delete(db).await);
    Ok(())
}

async fn missing_values<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let nameless = author::ActiveModel {
        born: Set(Some(1)),
        ..Default::default()
    };
    journal.note("left out", &nameless.insert(db).await);
    let null = Query::update()
        .table(author::Entity)
        .value(author::Column::Name, Expr::value(Value::String(None)))
        .to_owned();
    journal.note("null", &done(db.execute(&null).await));
    Ok(())
}

async fn missing_tables<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("find", &note::Entity::find().all(db).await);
    let insert = note::ActiveModel {
        title: Set("none".to_owned()),
        size: Set(1),
        ..Default::default()
    };
    journal.note("insert", &insert.insert(db).await);
    let dropped = db.execute_unprepared("DROP TABLE nowhere").await;
    journal.note("drop", &done(dropped));
    Ok(())
}

async fn missing_columns<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().filter(Expr::col(Alias::new("colour")).is_null());
    journal.note("filter", &books.all(db).await);
    let update = Query::update()
        .table(book::Entity)
        .value(Alias::new("colour"), "red")
        .to_owned();
    journal.note("update", &done(db.execute(&update).await));
    Ok(())
}

async fn syntax<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let wrong = Statement::from_string(db.dialect(), "SELECT id FROM book LIMIT 1 LIMIT 2");
    let rows = db.query_all_raw(wrong.clone()).await;
    journal.note("query", &rows.map(|rows| rows.len()));
    journal.note("execute", &done(db.execute_raw(wrong).await));
    let wrong = db.execute_unprepared("UPDATE book SOT pages = 1").await;
    journal.note("unprepared", &done(wrong));
    Ok(())
}

async fn wrong_parameters<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let text = Statement::from_string(db.dialect(), "SELECT id FROM book WHERE title = 3 + 'x'");
    let rows = db.query_all_raw(text).await;
    journal.note("a text as a number", &rows.map(|rows| rows.len()));
    let id = book::Entity::find().filter(Expr::col(book::Column::Id).eq("many"));
    journal.note("a bound text", &id.all(db).await);
    Ok(())
}

async fn arithmetic<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let zero = Statement::from_string(db.dialect(), "SELECT pages / (id - id) AS none FROM book");
    let rows = db.query_all_raw(zero).await;
    let seen = rows.map(|rows| {
        let values = rows
            .iter()
            .map(|row| row.try_get::<Option<i32>>("", "none"));
        values
            .map(|value| format!("{:?}", value.ok()))
            .collect::<Vec<_>>()
    });
    journal.note("by zero", &seen);
    Ok(())
}

async fn not_found<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let missing = biography::Entity::find_by_id(404);
    journal.note("required", &missing.require_one(db).await);
    let change = shelfmark::ActiveModel {
        room: ActiveValue::Unchanged(9),
        slot: ActiveValue::Unchanged(9),
        note: Set("nowhere".to_owned()),
    };
    journal.note("updated", &change.clone().update(db).await);
    journal.note("counted", &change.update_without_returning(db).await);
    let deleted = shelfmark::Entity::delete_by_id((9, 9)).exec(db).await;
    journal.note("deleted", &deleted);
    Ok(())
}

async fn not_set<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let blank = reader::ActiveModel {
        name: Set("blank".to_owned()),
        ..Default::default()
    };
    journal.note("into a model", &blank.clone().try_into_model());
    journal.note("update", &blank.clone().update(db).await);
    journal.note("delete", &blank.delete(db).await);
    let mut reader = reader::Entity::find_by_id(1)
        .require_one(db)
        .await?
        .into_active_model();
    let typed = reader.try_set(reader::Column::Name, Value::Int(Some(1)));
    journal.note("a value of another type", &typed);
    Ok(())
}

async fn executed_wrongly<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let empty = db.execute_unprepared("").await;
    journal.note("nothing at all", &done(empty));
    let read = reader::Entity::find().filter(reader::Column::Id.eq(1));
    journal.note("afterwards", &read.one(db).await);
    Ok(())
}
