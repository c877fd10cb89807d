//! Tables that are created, changed and dropped.

use sea_orm::sea_query::{Alias, ColumnDef, Expr, ForeignKey, Index, Table};
use sea_orm::{DbErr, EntityTrait, ExecResult, ExprTrait, PaginatorTrait, Schema, Set, Statement};

use crate::db::Db;
use crate::entities::passing::{mark, memo, note};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    from_an_entity,
    by_the_builder,
    built,
    altered,
    views,
    errors
);

fn done(result: Result<ExecResult, DbErr>) -> Result<(), DbErr> {
    result.map(drop)
}

async fn drop_tables(db: &impl Db, names: &[&str]) -> Result<(), DbErr> {
    for name in names {
        let table = Table::drop()
            .table(Alias::new(*name))
            .if_exists()
            .to_owned();
        db.execute(&table).await?;
    }
    Ok(())
}

fn word(word: &str) -> memo::ActiveModel {
    memo::ActiveModel {
        word: Set(word.to_owned()),
        weight: Set(1),
        ..Default::default()
    }
}

async fn from_an_entity<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let schema = Schema::new(db.dialect());
    let table = schema.create_table_from_entity(memo::Entity);
    journal.note("created", &done(db.execute(&table).await));
    for index in schema.create_index_from_entity(memo::Entity) {
        journal.note("index", &done(db.execute(&index).await));
    }
    let many = memo::Entity::insert_many(["a", "b"].map(word));
    journal.note("rows", &many.exec(db).await);
    let twice = memo::Entity::insert(word("a"));
    journal.note("twice", &twice.exec_without_returning(db).await);
    drop_tables(db, &["memo"]).await
}

async fn by_the_builder<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let builder = || Schema::new(db.dialect()).builder();
    let both = builder().register(mark::Entity).register(note::Entity);
    journal.note("applied", &both.apply(db).await);
    journal.settled().await?;
    journal.note("marks", &mark::Entity::find().count(db).await);
    journal.note("notes", &note::Entity::find().count(db).await);
    drop_tables(db, &["mark", "note"]).await
}

async fn built<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let above = Table::create()
        .table(Alias::new("above"))
        .col(
            ColumnDef::new(Alias::new("id"))
                .integer()
                .not_null()
                .primary_key(),
        )
        .col(
            ColumnDef::new(Alias::new("size"))
                .integer()
                .default(7)
                .check(Expr::col("size").gt(0)),
        )
        .to_owned();
    journal.note("table", &done(db.execute(&above).await));
    let below = Table::create()
        .table(Alias::new("below"))
        .if_not_exists()
        .col(
            ColumnDef::new(Alias::new("id"))
                .integer()
                .not_null()
                .primary_key(),
        )
        .foreign_key(
            ForeignKey::create()
                .name("below_above")
                .from(Alias::new("below"), Alias::new("id"))
                .to(Alias::new("above"), Alias::new("id")),
        )
        .to_owned();
    journal.note("with a key", &done(db.execute(&below).await));
    journal.note("if it is not there", &done(db.execute(&below).await));
    let index = Index::create()
        .name("by_size")
        .table(Alias::new("above"))
        .col(Alias::new("size"))
        .to_owned();
    journal.note("index", &done(db.execute(&index).await));
    drop_tables(db, &["below", "above"]).await
}

async fn altered<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    db.execute_unprepared("CREATE TABLE changing (id INTEGER PRIMARY KEY)")
        .await?;
    let mut colour = ColumnDef::new(Alias::new("colour"));
    let add = Table::alter()
        .table(Alias::new("changing"))
        .add_column(colour.string().not_null().default("red"))
        .to_owned();
    journal.note("a column more", &done(db.execute(&add).await));
    db.execute_unprepared("INSERT INTO changing (id) VALUES (1)")
        .await?;
    let rename = Table::rename()
        .table(Alias::new("changing"), Alias::new("changed"))
        .to_owned();
    journal.note("renamed", &done(db.execute(&rename).await));
    journal.settled().await?;
    let select = Statement::from_string(db.dialect(), "SELECT id, colour FROM changed");
    let row = db.query_one_raw(select).await?;
    let seen = row.map(|row| {
        (
            row.try_get::<i32>("", "id"),
            row.try_get::<String>("", "colour"),
        )
    });
    journal.value("row", &seen);
    drop_tables(db, &["changed"]).await
}

async fn views<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let view = "CREATE VIEW thick AS SELECT id, title FROM book WHERE pages > 200";
    journal.note("created", &done(db.execute_unprepared(view).await));
    journal.settled().await?;
    let select = Statement::from_string(db.dialect(), "SELECT title FROM thick ORDER BY id");
    let rows = db.query_all_raw(select).await?;
    let titles: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "title")).collect();
    journal.note("rows", &titles);
    journal.note(
        "dropped",
        &done(db.execute_unprepared("DROP VIEW thick").await),
    );
    Ok(())
}

async fn errors<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let twice = "CREATE TABLE book (id INTEGER)";
    journal.note("there already", &done(db.execute_unprepared(twice).await));
    Ok(())
}
