//! Changed rows.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, QueryOrder, Set,
};

use crate::db::Db;
use crate::entities::{author, book, country, shelfmark};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    one_row,
    nothing_set,
    by_its_entity,
    without_the_row,
    rows_that_are_not_there,
    many_rows,
    many_rows_returned,
    keys_that_are_text_or_pairs,
    json,
);

async fn one_row<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut book = book::Entity::find_by_id(1)
        .require_one(db)
        .await?
        .into_active_model();
    book.pages = Set(321);
    book.publisher_id = Set(None);
    journal.value("changed", &book.is_changed());
    journal.note("updated", &book.update(db).await);
    Ok(())
}

async fn nothing_set<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let book = book::Entity::find_by_id(2).require_one(db).await?;
    journal.note("there", &book.clone().into_active_model().update(db).await);
    let missing = book::ActiveModel {
        id: ActiveValue::Unchanged(777),
        ..book.clone().into_active_model()
    };
    journal.note("not there", &missing.update(db).await);
    let nothing = book::Entity::update_many().exec(db).await;
    journal.note("many", &nothing);
    let same = book.into_active_model().reset_all().update(db).await;
    journal.note("all columns", &same);
    Ok(())
}

async fn by_its_entity<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let change = |pages| book::ActiveModel {
        id: ActiveValue::Unchanged(3),
        pages: Set(pages),
        ..Default::default()
    };
    let update = book::Entity::update(change(211));
    journal.note("row", &update.exec(db).await);
    let filtered = book::Entity::update(change(212))
        .validate()?
        .filter(book::Column::Title.eq("Gardens"));
    journal.note("with a filter", &filtered.exec(db).await);
    let other = book::Entity::update(change(213))
        .validate()?
        .filter(book::Column::Title.eq("Rivers"));
    journal.note("another row's", &other.exec(db).await);
    let keyless = book::ActiveModel {
        pages: Set(1),
        ..Default::default()
    };
    journal.note("no key", &book::Entity::update(keyless).exec(db).await);
    Ok(())
}

async fn without_the_row<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let change = |id| book::ActiveModel {
        id: ActiveValue::Unchanged(id),
        pages: Set(99),
        ..Default::default()
    };
    let there = change(5).update_without_returning(db).await;
    journal.note("there", &there);
    let again = change(5).update_without_returning(db).await;
    journal.note("the same again", &again);
    let missing = change(555).update_without_returning(db).await;
    journal.note("not there", &missing);
    let by_entity = book::Entity::update(change(6))
        .exec_without_returning(db)
        .await;
    journal.note("by its entity", &by_entity);
    Ok(())
}

async fn rows_that_are_not_there<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let missing = author::ActiveModel {
        id: ActiveValue::Unchanged(99),
        name: Set("Nobody".to_owned()),
        ..Default::default()
    };
    journal.note("update", &missing.clone().update(db).await);
    journal.note("save", &missing.save(db).await);
    Ok(())
}

async fn many_rows<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let longer = book::Entity::update_many()
        .col_expr(book::Column::Pages, Expr::col(book::Column::Pages).add(10))
        .filter(book::Column::AuthorId.eq(2))
        .exec(db)
        .await;
    journal.note("by expression", &longer);
    let change = book::ActiveModel {
        publisher_id: Set(Some(2)),
        ..Default::default()
    };
    let moved = book::Entity::update_many()
        .set(change)
        .filter(book::Column::PublisherId.is_null())
        .exec(db)
        .await;
    journal.note("by model", &moved);
    let none = book::Entity::update_many()
        .col_expr(book::Column::Pages, Expr::value(0))
        .filter(book::Column::Id.eq(1_234))
        .exec(db)
        .await;
    journal.note("none", &none);
    journal.settled().await?;
    let after = book::Entity::find().order_by_asc(book::Column::Id);
    journal.note("after", &after.all(db).await);
    Ok(())
}

async fn many_rows_returned<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let returned = author::Entity::update_many()
        .col_expr(author::Column::Born, Expr::value(2_000))
        .filter(author::Column::Id.lte(2))
        .exec_with_returning(db)
        .await;
    journal.note("rows", &returned);
    let nothing = author::Entity::update_many().exec_with_returning(db).await;
    journal.note("nothing set", &nothing);
    Ok(())
}

async fn keys_that_are_text_or_pairs<C: Db>(
    db: &C,
    journal: &mut Journal<'_>,
) -> Result<(), DbErr> {
    let mut norway = country::Entity::find_by_id("NO")
        .require_one(db)
        .await?
        .into_active_model();
    norway.name = Set("Norge".to_owned());
    journal.note("text", &norway.update(db).await);
    let pair = shelfmark::ActiveModel {
        room: ActiveValue::Unchanged(1),
        slot: ActiveValue::Unchanged(2),
        note: Set("moved".to_owned()),
    };
    journal.note("a pair", &pair.update(db).await);
    Ok(())
}

async fn json<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let renamed = serde_json::json!({ "id": 3, "title": "Parks", "pages": 9 });
    let found = book::Entity::find_by_id(3).into_json().one(db).await;
    journal.note("before", &found);
    let mut book = book::Entity::find_by_id(3)
        .require_one(db)
        .await?
        .into_active_model();
    book.title = Set(renamed["title"].as_str().unwrap_or_default().to_owned());
    journal.note("after", &book.update(db).await);
    Ok(())
}
