//! Statements and transactions over both parts. In the layout of two databases they are refused,
//! each with the fix; `loaders` and `entity_loader` show what works there.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Linked, ModelTrait,
    PaginatorTrait, QueryOrder, RelationDef, RelationTrait, Statement, TransactionSession,
};

use crate::db::Db;
use crate::entities::{author, book, loan, reader};
use crate::journal::Journal;
use crate::seed::{author_named, reader_named};
use crate::suite::scenarios;

scenarios!(
    related,
    joined,
    subqueries,
    loaded_with_one,
    linked,
    raw,
    saved_together,
    deleted_together,
    written_in_one_transaction;
    plainly:
    read_in_one_transaction,
    without_a_table,
);

async fn related<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let loan = loan::Entity::find_by_id(1).require_one(db).await?;
    journal.note("belongs to", &loan.find_related(book::Entity).one(db).await);
    let book = book::Entity::find_by_id(1).require_one(db).await?;
    let loans = book
        .find_related(loan::Entity)
        .order_by_asc(loan::Column::Id);
    journal.note("has many", &loans.all(db).await);
    Ok(())
}

async fn joined<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let loans = loan::Entity::find().order_by_asc(loan::Column::Id);
    let also = loans.clone().find_also_related(book::Entity).all(db).await;
    journal.note("also", &also);
    let with = book::Entity::find().find_with_related(loan::Entity);
    let with = with
        .order_by_asc(book::Column::Id)
        .order_by_asc(loan::Column::Id);
    journal.note("with", &with.all(db).await);
    let inner = loans.inner_join(book::Entity);
    journal.note("inner", &inner.count(db).await);
    Ok(())
}

async fn subqueries<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let lent = book::Entity::find()
        .has_related(loan::Entity, loan::Column::Days.gt(10))
        .order_by_asc(book::Column::Id);
    journal.note("exists", &lent.all(db).await);
    Ok(())
}

async fn loaded_with_one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let loans = loan::Entity::load().with(reader::Entity).with(book::Entity);
    let loans = loans.order_by_asc(loan::Column::Id).all(db).await;
    journal.note("joined", &loans);
    Ok(())
}

/// The books of a reader.
#[derive(Debug)]
struct Borrowed;

impl Linked for Borrowed {
    type FromEntity = reader::Entity;
    type ToEntity = book::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![reader::Relation::Loan.def(), loan::Relation::Book.def()]
    }
}

async fn linked<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let ann = reader::Entity::find_by_id(1).require_one(db).await?;
    let books = ann.find_linked(Borrowed).order_by_asc(book::Column::Id);
    journal.note("books", &books.all(db).await);
    Ok(())
}

async fn raw<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let sql = "SELECT b.title FROM book b JOIN loan l ON l.book_id = b.id ORDER BY l.id";
    let rows = db
        .query_all_raw(Statement::from_string(db.dialect(), sql))
        .await;
    journal.note("a join", &rows.map(|rows| rows.len()));
    let copy = "INSERT INTO loan (reader_id, book_id, days) SELECT 1, id, 3 FROM book WHERE id < 0";
    let copied = db.execute_unprepared(copy).await;
    journal.note("a copy", &copied.map(|done| done.rows_affected()));
    Ok(())
}

async fn saved_together<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    let book = book::ActiveModel::builder()
        .set_title("Lent at once")
        .set_pages(8)
        .set_author_id(1)
        .add_loan(loan::ActiveModel::builder().set_reader_id(1).set_days(2))
        .save(&txn)
        .await;
    journal.note("saved", &book.map(|book| book.title));
    txn.rollback().await
}

async fn deleted_together<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    let book = book::Entity::find_by_id(6).require_one(&txn).await?;
    journal.note("deleted", &book.into_ex().delete(&txn).await);
    txn.rollback().await
}

async fn written_in_one_transaction<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    let author = author_named("both", None).insert(&txn).await;
    journal.note("the first database", &author.map(|author| author.name));
    let reader = reader_named("both").insert(&txn).await;
    journal.note("the second", &reader.map(|reader| reader.name));
    txn.rollback().await
}

async fn read_in_one_transaction<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    journal.note("books", &book::Entity::find().count(&txn).await);
    journal.note("readers", &reader::Entity::find().count(&txn).await);
    let author = author_named("one", None).insert(&txn).await;
    journal.note("and one write", &author.map(|author| author.name));
    journal.note("authors", &author::Entity::find().count(&txn).await);
    txn.rollback().await
}

async fn without_a_table<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let one = || Statement::from_string(db.dialect(), "SELECT 1 AS one");
    let row = db.query_one_raw(one()).await?;
    journal.value(
        "outside",
        &row.map(|row| row.try_get::<i32>("", "one").ok()),
    );
    let txn = db.begun().await?;
    let row = txn.query_one_raw(one()).await;
    journal.note("the first of a transaction", &row.map(|row| row.is_some()));
    txn.rollback().await
}
