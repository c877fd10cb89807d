//! Some columns of some entities.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, DbErr, DerivePartialModel, EntityTrait, ExprTrait, IntoActiveModel, JoinType,
    QueryOrder, QuerySelect, RelationTrait,
};

use crate::db::Db;
use crate::entities::{author, book, publisher};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(some_columns, expressions, nested, two_of_them, written_back);

#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "book::Entity", into_active_model)]
struct Spine {
    id: i32,
    title: String,
}

#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "book::Entity")]
#[expect(dead_code, reason = "printed")]
struct Measured {
    #[sea_orm(from_col = "title")]
    name: String,
    #[sea_orm(from_expr = "Expr::col(book::Column::Pages).mul(2)")]
    sides: i32,
}

#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "publisher::Entity")]
#[expect(dead_code, reason = "printed")]
struct House {
    name: String,
}

#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "book::Entity")]
#[expect(dead_code, reason = "printed")]
struct Printed {
    id: i32,
    #[sea_orm(nested)]
    author: author::Model,
    #[sea_orm(nested)]
    publisher: Option<House>,
    #[sea_orm(skip)]
    nothing: Option<String>,
}

async fn some_columns<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let spines = || {
        book::Entity::find()
            .order_by_asc(book::Column::Id)
            .into_partial_model::<Spine>()
    };
    journal.note("all", &spines().all(db).await);
    journal.note("one", &spines().one(db).await);
    Ok(())
}

async fn expressions<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let measured = book::Entity::find()
        .order_by_asc(book::Column::Id)
        .into_partial_model::<Measured>();
    journal.note("all", &measured.all(db).await);
    Ok(())
}

async fn nested<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let printed = book::Entity::find()
        .join(JoinType::InnerJoin, book::Relation::Author.def())
        .left_join(publisher::Entity)
        .order_by_asc(book::Column::Id)
        .into_partial_model::<Printed>();
    journal.note("all", &printed.all(db).await);
    Ok(())
}

async fn two_of_them<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let pairs = book::Entity::find()
        .find_also_related(publisher::Entity)
        .order_by_asc(book::Column::Id)
        .into_partial_model::<Spine, House>();
    journal.note("all", &pairs.all(db).await);
    Ok(())
}

async fn written_back<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let spine = Spine {
        id: 2,
        title: "Second notes".to_owned(),
    };
    journal.note("update", &spine.into_active_model().update(db).await);
    Ok(())
}
