//! Rows with the rows that belong to them, joined.

use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, JoinType, JsonValue, ModelTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait, SelectExt,
};

use crate::db::Db;
use crate::entities::{author, biography, book, city, country, genre, loan, publisher, reader};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    of_a_row,
    one_to_one,
    belongs_to,
    has_many,
    many_to_many,
    three_and_four,
    required,
    joins,
    has_related,
    written_by_hand,
    lending,
);

async fn of_a_row<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let ada = author::Entity::find_by_id(1).require_one(db).await?;
    let books = ada
        .find_related(book::Entity)
        .order_by_asc(book::Column::Id);
    journal.note("has many", &books.clone().all(db).await);
    journal.note("counted", &books.count(db).await);
    journal.note(
        "has one",
        &ada.find_related(biography::Entity).one(db).await,
    );
    let rivers = book::Entity::find_by_id(4).require_one(db).await?;
    journal.note(
        "belongs to",
        &rivers.find_related(author::Entity).one(db).await,
    );
    let publisher = rivers.find_related(publisher::Entity).one(db).await;
    journal.note("optional", &publisher);
    let genres = rivers
        .find_related(genre::Entity)
        .order_by_asc(genre::Column::Id);
    journal.note("many to many", &genres.all(db).await);
    Ok(())
}

async fn one_to_one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors = author::Entity::find().order_by_asc(author::Column::Id);
    let also = authors.find_also_related(biography::Entity);
    journal.note("all", &also.clone().all(db).await);
    journal.note("one", &also.clone().one(db).await);
    let json: Result<Vec<(JsonValue, Option<JsonValue>)>, _> = also.into_json().all(db).await;
    journal.note("json", &json);
    Ok(())
}

async fn belongs_to<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let also = book::Entity::find()
        .order_by_asc(book::Column::Id)
        .find_also_related(publisher::Entity);
    journal.note("all", &also.clone().all(db).await);
    let north = also.filter(publisher::Column::Name.eq("North"));
    journal.note("filtered", &north.clone().all(db).await);
    journal.note("counted", &north.clone().count(db).await);
    journal.note("exists", &north.exists(db).await);
    let with = book::Entity::find()
        .order_by_asc(book::Column::Id)
        .find_with_related(author::Entity)
        .all(db)
        .await;
    journal.note("with", &with);
    Ok(())
}

async fn has_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let with = publisher::Entity::find()
        .find_with_related(book::Entity)
        .order_by_asc(publisher::Column::Id)
        .order_by_asc(book::Column::Id)
        .all(db)
        .await;
    journal.note("with", &with);
    Ok(())
}

async fn many_to_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let with = book::Entity::find()
        .find_with_related(genre::Entity)
        .order_by_asc(book::Column::Id)
        .order_by_asc(genre::Column::Id)
        .all(db)
        .await;
    journal.note("with", &with);
    let also = genre::Entity::find()
        .find_also_related(book::Entity)
        .order_by_asc(genre::Column::Id)
        .order_by_asc(book::Column::Id)
        .all(db)
        .await;
    journal.note("also", &also);
    Ok(())
}

async fn three_and_four<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let three = book::Entity::find()
        .order_by_asc(book::Column::Id)
        .find_also_related(author::Entity)
        .find_also_related(publisher::Entity);
    journal.note("star", &three.clone().all(db).await);
    journal.note("one", &three.one(db).await);
    let chain = book::Entity::find()
        .order_by_asc(book::Column::Id)
        .find_also_related(author::Entity)
        .and_also_related(biography::Entity)
        .all(db)
        .await;
    journal.note("chain", &chain);
    let consolidated = author::Entity::find()
        .order_by_asc(author::Column::Id)
        .find_also_related(book::Entity)
        .order_by_asc(book::Column::Id)
        .find_also_related(biography::Entity)
        .consolidate()
        .all(db)
        .await;
    journal.note("consolidated", &consolidated);
    Ok(())
}

async fn required<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let both = book::Entity::find()
        .find_both_related(publisher::Entity)
        .order_by_asc(book::Column::Id);
    journal.note("all", &both.clone().all(db).await);
    journal.note("one", &both.one(db).await);
    let pairs = author::Entity::find_by_id(2).find_both_related(biography::Entity);
    journal.note("none", &pairs.require_one(db).await);
    Ok(())
}

async fn joins<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let inner = book::Entity::find()
        .inner_join(publisher::Entity)
        .filter(publisher::Column::Name.eq("South"))
        .order_by_asc(book::Column::Id);
    journal.note("inner", &inner.all(db).await);
    let left = author::Entity::find()
        .left_join(biography::Entity)
        .filter(biography::Column::Id.is_null());
    journal.note("left", &left.all(db).await);
    let joined = book::Entity::find()
        .join(JoinType::InnerJoin, book::Relation::Author.def())
        .filter(author::Column::Name.eq("Ada"))
        .order_by_asc(book::Column::Id);
    journal.note("by relation", &joined.all(db).await);
    let reverse = author::Entity::find()
        .reverse_join(book::Entity)
        .filter(book::Column::Title.eq("Notes"));
    journal.note("reverse", &reverse.all(db).await);
    let aliased = book::Entity::find()
        .join_as(JoinType::InnerJoin, book::Relation::Author.def(), "writer")
        .order_by_asc(book::Column::Id)
        .limit(1);
    journal.note("aliased", &aliased.all(db).await);
    Ok(())
}

async fn has_related<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let authors = author::Entity::find()
        .has_related(book::Entity, book::Column::Pages.gt(200))
        .order_by_asc(author::Column::Id);
    journal.note("has many", &authors.all(db).await);
    let books = book::Entity::find()
        .has_related(genre::Entity, genre::Column::Name.eq("science"))
        .order_by_asc(book::Column::Id);
    journal.note("many to many", &books.all(db).await);
    Ok(())
}

async fn written_by_hand<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let with = country::Entity::find()
        .find_with_related(city::Entity)
        .order_by_asc(country::Column::Code)
        .order_by_asc(city::Column::Id)
        .all(db)
        .await;
    journal.note("with", &with);
    let big = country::Entity::find()
        .join(JoinType::InnerJoin, country::Relation::BigCity.def())
        .order_by_asc(country::Column::Code)
        .all(db)
        .await;
    journal.note("on a condition", &big);
    Ok(())
}

async fn lending<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let with = reader::Entity::find()
        .find_with_related(loan::Entity)
        .order_by_asc(reader::Column::Id)
        .order_by_asc(loan::Column::Id)
        .all(db)
        .await;
    journal.note("with", &with);
    let also = loan::Entity::find()
        .find_also_related(reader::Entity)
        .order_by_asc(loan::Column::Id)
        .all(db)
        .await;
    journal.note("also", &also);
    Ok(())
}
