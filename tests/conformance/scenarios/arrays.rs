//! Arrays, which only Postgres has.

use sea_orm::prelude::{Date, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    Set,
};

use crate::db::Db;
use crate::entities::collection;
use crate::entities::specimens::Habitat;
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(inserted, empty, changed, contained);

fn three() -> collection::ActiveModel {
    collection::ActiveModel {
        numbers: Set(vec![3, 1, 2]),
        words: Set(Some(vec!["a".to_owned(), "b, {\"c\"}".to_owned()])),
        habitats: Set(vec![Habitat::Forest, Habitat::Sea]),
        serials: Set(vec![Uuid::nil(), Uuid::max()]),
        ratios: Set(vec![0.5, -2.25]),
        days: Set(vec![Date::from_ymd_opt(2024, 2, 29).expect("a day")]),
        ..Default::default()
    }
}

async fn inserted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("one", &three().insert(db).await);
    let many = collection::Entity::insert_many([three(), three()]);
    journal.note("many", &many.exec_with_returning(db).await);
    journal.settled().await?;
    let all = collection::Entity::find().order_by_id_asc();
    journal.note("found", &all.all(db).await);
    Ok(())
}

async fn empty<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let empty = collection::ActiveModel {
        numbers: Set(vec![]),
        words: Set(None),
        habitats: Set(vec![]),
        serials: Set(vec![]),
        ratios: Set(vec![]),
        days: Set(vec![]),
        ..Default::default()
    };
    journal.note("inserted", &empty.insert(db).await);
    Ok(())
}

async fn changed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut row = three().insert(db).await?.into_active_model();
    row.numbers = Set(vec![9]);
    row.habitats = Set(vec![Habitat::Sea, Habitat::Sea]);
    journal.note("updated", &row.update(db).await);
    Ok(())
}

async fn contained<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    three().insert(db).await?;
    journal.settled().await?;
    let with_two = collection::Entity::find()
        .filter(Expr::col(collection::Column::Numbers).contains(vec![2]))
        .order_by_id_asc();
    journal.note("contains", &with_two.all(db).await);
    let words = collection::Entity::find()
        .select_only()
        .column(collection::Column::Words)
        .filter(collection::Column::Words.is_not_null())
        .order_by_id_asc()
        .into_tuple::<Option<Vec<String>>>();
    journal.note("one column", &words.all(db).await);
    Ok(())
}
