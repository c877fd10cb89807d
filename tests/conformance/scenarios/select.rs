//! Finding rows of one entity.

use sea_orm::sea_query::{Expr, NullOrdering, Query};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, FromQueryResult, JsonValue, ModelTrait,
    Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SelectExt,
};

use crate::db::Db;
use crate::entities::{author, book, country, reader, shelfmark};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    by_key,
    all_and_one,
    required,
    filters,
    ordering,
    limits,
    aggregates,
    groups,
    tuples_and_json,
    models_of_ones_own,
    subqueries,
    counting,
    locks,
);

async fn by_key<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("number", &book::Entity::find_by_id(3).one(db).await);
    journal.note("text", &country::Entity::find_by_id("PT").one(db).await);
    journal.note("pair", &shelfmark::Entity::find_by_id((2, 1)).one(db).await);
    journal.note("none", &book::Entity::find_by_id(77).one(db).await);
    Ok(())
}

async fn all_and_one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = book::Entity::find().order_by_asc(book::Column::Id);
    journal.note("all", &books.clone().all(db).await);
    journal.note("one", &books.clone().one(db).await);
    let none = books.filter(book::Column::Pages.gt(1_000));
    journal.note("none", &none.clone().all(db).await);
    journal.note("not one", &none.one(db).await);
    Ok(())
}

async fn required<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let found = reader::Entity::find_by_id(2).require_one(db).await;
    journal.note("there", &found);
    let missing = reader::Entity::find_by_id(22).require_one(db).await;
    journal.note("not there", &missing);
    Ok(())
}

async fn filters<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = || book::Entity::find().order_by_asc(book::Column::Id);
    let short = books().filter(book::Column::Pages.between(60, 160));
    journal.note("between", &short.all(db).await);
    let listed = books().filter(book::Column::Title.is_in(["Notes", "Turns", "Nothing"]));
    journal.note("in", &listed.all(db).await);
    let named = books().filter(book::Column::Title.contains("r"));
    journal.note("like", &named.all(db).await);
    let loose = books().filter(book::Column::PublisherId.is_null());
    journal.note("null", &loose.all(db).await);
    let either = Condition::any()
        .add(book::Column::Pages.eq(98))
        .add(Condition::all().add(book::Column::AuthorId.eq(1)).not());
    journal.note("conditions", &books().filter(either).all(db).await);
    let computed = books().filter(Expr::col(book::Column::Pages).modulo(2).eq(1));
    journal.note("expression", &computed.all(db).await);
    let no_ids: Vec<i32> = vec![];
    let empty = books().filter(book::Column::Id.is_in(no_ids));
    journal.note("in nothing", &empty.all(db).await);
    Ok(())
}

async fn ordering<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let by_two = book::Entity::find()
        .order_by_desc(book::Column::Pages)
        .order_by_asc(book::Column::Title);
    journal.note("two columns", &by_two.all(db).await);
    let nulls = author::Entity::find().order_by_with_nulls(
        author::Column::Born,
        Order::Desc,
        NullOrdering::Last,
    );
    journal.note("nulls last", &nulls.all(db).await);
    let by_key = shelfmark::Entity::find().order_by_id_desc();
    journal.note("key", &by_key.all(db).await);
    Ok(())
}

async fn limits<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = || book::Entity::find().order_by_asc(book::Column::Id);
    journal.note("limit", &books().limit(2).all(db).await);
    journal.note("offset", &books().offset(4).limit(5).all(db).await);
    let pages = book::Entity::find()
        .select_only()
        .column(book::Column::Pages)
        .distinct()
        .order_by_asc(book::Column::Pages);
    journal.note("distinct", &pages.into_tuple::<i32>().all(db).await);
    Ok(())
}

async fn aggregates<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let numbers = book::Entity::find()
        .select_only()
        .column_as(book::Column::Id.count(), "many")
        .column_as(book::Column::Pages.max(), "most")
        .column_as(book::Column::Pages.min(), "least");
    let numbers = numbers.into_tuple::<(i64, Option<i32>, Option<i32>)>();
    journal.note("count, max, min", &numbers.one(db).await);
    Ok(())
}

async fn groups<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let by_author = book::Entity::find()
        .select_only()
        .column(book::Column::AuthorId)
        .column_as(book::Column::Id.count(), "books")
        .group_by(book::Column::AuthorId)
        .having(book::Column::Pages.max().gt(100))
        .order_by_asc(book::Column::AuthorId);
    journal.note(
        "having",
        &by_author.into_tuple::<(i32, i64)>().all(db).await,
    );
    Ok(())
}

async fn tuples_and_json<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let two = || {
        author::Entity::find()
            .select_only()
            .columns([author::Column::Name, author::Column::Born])
            .order_by_asc(author::Column::Id)
    };
    journal.note(
        "tuples",
        &two().into_tuple::<(String, Option<i32>)>().all(db).await,
    );
    let json: Result<Vec<JsonValue>, _> = two().into_json().all(db).await;
    journal.note("json", &json);
    let wrong = two().into_tuple::<(i32, i32)>().all(db).await;
    journal.note("a wrong type", &wrong);
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Titled {
    title: String,
    #[sea_orm(from_alias = "half")]
    half_of_it: i32,
}

async fn models_of_ones_own<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let halves = book::Entity::find()
        .select_only()
        .column(book::Column::Title)
        .expr_as(
            Expr::col(book::Column::Pages).sub(Expr::col(book::Column::AuthorId)),
            "half",
        )
        .order_by_asc(book::Column::Id)
        .into_model::<Titled>();
    let found = halves.all(db).await;
    journal.note("model", &found);
    let first = found?
        .into_iter()
        .next()
        .map(|it| (it.title, it.half_of_it));
    journal.value("its fields", &first);
    let missing = book::Entity::find().into_model::<Titled>().one(db).await;
    journal.note("a missing column", &missing);
    Ok(())
}

async fn subqueries<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let prolific = Query::select()
        .column(book::Column::AuthorId)
        .from(book::Entity)
        .and_where(book::Column::Pages.gt(200))
        .to_owned();
    let authors = author::Entity::find()
        .filter(author::Column::Id.in_subquery(prolific))
        .order_by_asc(author::Column::Id);
    journal.note("in", &authors.all(db).await);
    let one = book::Entity::find_by_id(1).require_one(db).await?;
    journal.value("a column by name", &one.get(book::Column::Title));
    Ok(())
}

async fn counting<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("all", &book::Entity::find().count(db).await);
    let long = book::Entity::find().filter(book::Column::Pages.gt(200));
    journal.note("some", &long.clone().count(db).await);
    journal.note("exists", &long.exists(db).await);
    let none = book::Entity::find().filter(book::Column::Pages.gt(999));
    journal.note("does not exist", &none.exists(db).await);
    Ok(())
}

async fn locks<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let one = || book::Entity::find_by_id(1);
    journal.note("exclusive", &one().lock_exclusive().one(db).await);
    journal.note("shared", &one().lock_shared().one(db).await);
    Ok(())
}
