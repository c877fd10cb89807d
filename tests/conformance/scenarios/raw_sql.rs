//! Statements as text.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    DbBackend, DbErr, EntityTrait, ExecResult, ExprTrait, FromQueryResult, JsonValue, Statement,
    Value, raw_sql,
};

use crate::db::Db;
use crate::entities::{author, book};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    rows,
    values,
    models,
    with_the_macro,
    executed,
    unprepared,
    built,
    columns,
    several_statements,
    with_queries,
);

/// A statement with the placeholders of the dialect.
fn statement<const N: usize>(db: &impl Db, sql: &str, values: [Value; N]) -> Statement {
    let sql = match db.dialect() {
        DbBackend::Postgres => (1..=N).fold(sql.to_owned(), |sql, number| {
            sql.replacen('?', &format!("${number}"), 1)
        }),
        _ => sql.to_owned(),
    };
    Statement::from_sql_and_values(db.dialect(), sql, values)
}

fn counts(result: Result<ExecResult, DbErr>) -> Result<u64, DbErr> {
    result.map(|result| result.rows_affected())
}

async fn rows<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let titles = statement(db, "SELECT id, title FROM book ORDER BY id", []);
    for row in db.query_all_raw(titles.clone()).await? {
        let seen = (
            row.try_get::<i32>("", "id"),
            row.try_get_by_index::<String>(1),
        );
        journal.value("row", &seen);
    }
    let one = db.query_one_raw(titles).await?;
    journal.value("one", &one.map(|row| row.try_get::<String>("", "title")));
    let none = statement(db, "SELECT id FROM book WHERE id = ?", [99.into()]);
    journal.value("none", &db.query_one_raw(none).await?.is_none());
    Ok(())
}

async fn values<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "SELECT id FROM book WHERE pages > ? AND title <> ? ORDER BY id";
    let bound = statement(db, sql, [100.into(), "Rivers".into()]);
    let rows = db.query_all_raw(bound).await?;
    let ids: Result<Vec<i32>, _> = rows.iter().map(|row| row.try_get("", "id")).collect();
    journal.note("ids", &ids);
    let missing = rows.first().map(|row| row.try_get::<i32>("", "pages"));
    journal.value("a column that was not read", &missing);
    Ok(())
}

#[derive(Debug, FromQueryResult)]
#[expect(dead_code, reason = "printed")]
struct Counted {
    author_id: i32,
    books: i64,
}

async fn models<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "SELECT author_id, COUNT(*) AS books FROM book GROUP BY author_id ORDER BY author_id";
    let counted = Counted::find_by_statement(statement(db, sql, []));
    journal.note("own", &counted.all(db).await);
    let books = statement(
        db,
        "SELECT * FROM book WHERE pages < ? ORDER BY id",
        [99.into()],
    );
    let selected = book::Entity::find().from_raw_sql(books.clone());
    journal.note("an entity's", &selected.all(db).await);
    let json = JsonValue::find_by_statement(books);
    journal.note("json", &json.one(db).await);
    Ok(())
}

async fn with_the_macro<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let (least, ids) = (60, [1, 2, 3]);
    let statement = match db.dialect() {
        DbBackend::Postgres => raw_sql!(
            Postgres,
            "SELECT * FROM book WHERE pages > {least} AND id IN ({..ids}) ORDER BY id"
        ),
        DbBackend::MySql => raw_sql!(
            MySql,
            "SELECT * FROM book WHERE pages > {least} AND id IN ({..ids}) ORDER BY id"
        ),
        _ => raw_sql!(
            Sqlite,
            "SELECT * FROM book WHERE pages > {least} AND id IN ({..ids}) ORDER BY id"
        ),
    };
    let books = book::Entity::find().from_raw_sql(statement);
    journal.note("books", &books.all(db).await);
    Ok(())
}

async fn executed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let update = statement(
        db,
        "UPDATE book SET pages = pages + 1 WHERE author_id = ?",
        [2.into()],
    );
    journal.note("update", &counts(db.execute_raw(update).await));
    let sql = "INSERT INTO author (name, born) VALUES (?, ?)";
    let insert = statement(db, sql, ["Uma".into(), Value::Int(None)]);
    let inserted = db.execute_raw(insert).await?;
    journal.value("insert", &inserted.rows_affected());
    if db.dialect() != DbBackend::Postgres {
        journal.value("its key", &inserted.last_insert_id());
    }
    let delete = statement(db, "DELETE FROM author WHERE name = ?", ["Uma".into()]);
    journal.note("delete", &counts(db.execute_raw(delete).await));
    let select = statement(db, "SELECT 1 FROM author", []);
    journal.value("a read, executed", &db.execute_raw(select).await.is_ok());
    Ok(())
}

async fn unprepared<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let update = db
        .execute_unprepared("UPDATE author SET born = 1 WHERE id > 1")
        .await;
    journal.note("update", &counts(update));
    let nothing = db
        .execute_unprepared("DELETE FROM author WHERE id > 1000")
        .await;
    journal.note("nothing", &counts(nothing));
    Ok(())
}

async fn built<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let select = Query::select()
        .columns([author::Column::Id, author::Column::Name])
        .from(author::Entity)
        .order_by(author::Column::Id, sea_orm::Order::Asc)
        .to_owned();
    let rows = db.query_all(&select).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "name")).collect();
    journal.note("all", &names);
    let one = db.query_one(&select).await?;
    journal.value("one", &one.map(|row| row.try_get::<i32>("", "id")));
    let update = Query::update()
        .table(author::Entity)
        .value(author::Column::Name, "Adah")
        .and_where(Expr::col(author::Column::Id).eq(1))
        .to_owned();
    journal.note("update", &counts(db.execute(&update).await));
    let insert = Query::insert()
        .into_table(author::Entity)
        .columns([author::Column::Name])
        .values_panic(["Vic".into()])
        .to_owned();
    journal.note("insert", &counts(db.execute(&insert).await));
    let delete = Query::delete()
        .from_table(author::Entity)
        .and_where(Expr::col(author::Column::Name).eq("Vic"))
        .to_owned();
    journal.note("delete", &counts(db.execute(&delete).await));
    Ok(())
}

async fn columns<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "SELECT b.title AS named, a.name, a.born FROM book b \
               JOIN author a ON a.id = b.author_id ORDER BY b.id";
    let row = db.query_one_raw(statement(db, sql, [])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a row".to_owned()))?;
    journal.value("names", &row.column_names());
    journal.note("text", &row.try_get::<String>("", "named"));
    journal.note("number", &row.try_get::<Option<i32>>("", "born"));
    journal.note("a wrong type", &row.try_get::<i32>("", "named"));
    journal.note(
        "a null where none is meant",
        &row.try_get::<Option<String>>("", "nobody"),
    );
    Ok(())
}

async fn several_statements<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let two = "UPDATE author SET born = 2 WHERE id = 1; UPDATE author SET born = 3 WHERE id = 2";
    journal.note("unprepared", &counts(db.execute_unprepared(two).await));
    journal.settled().await?;
    let born = statement(db, "SELECT born FROM author ORDER BY id", []);
    let rows = db.query_all_raw(born).await?;
    let born: Result<Vec<Option<i32>>, _> =
        rows.iter().map(|row| row.try_get("", "born")).collect();
    journal.note("after", &born);
    Ok(())
}

async fn with_queries<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "WITH RECURSIVE above (id, parent_id, name) AS ( \
                   SELECT id, parent_id, name FROM topic WHERE id = ? \
                   UNION ALL \
                   SELECT t.id, t.parent_id, t.name FROM topic t JOIN above ON t.id = above.parent_id \
               ) SELECT name FROM above";
    let rows = db.query_all_raw(statement(db, sql, [6.into()])).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "name")).collect();
    journal.note("recursive", &names);
    Ok(())
}
