//! Inserted rows.

use sea_orm::{
    ActiveModelTrait, ActiveValue, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder,
    Set, TryIntoModel,
};

use crate::db::Db;
use crate::entities::{author, book, country, genre, shelfmark};
use crate::journal::Journal;
use crate::seed::{author_named, book_titled, country_named, genre_named};
use crate::suite::scenarios;

scenarios!(
    a_row_of_its_own,
    a_row_by_its_entity,
    rows_with_their_keys,
    many_rows,
    many_rows_returned,
    no_rows,
    a_row_that_is_saved,
    keys_that_are_given,
    read_back,
);

async fn a_row_of_its_own<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note(
        "inserted",
        &author_named("Eve", Some(1900)).insert(db).await,
    );
    journal.note("a null", &author_named("Fay", None).insert(db).await);
    let partial = author::ActiveModel {
        name: Set("Gil".to_owned()),
        ..Default::default()
    };
    journal.note("a column left out", &partial.insert(db).await);
    Ok(())
}

async fn a_row_by_its_entity<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let insert = || author::Entity::insert(author_named("Hal", None));
    journal.note("the key", &insert().exec(db).await);
    journal.note("the count", &insert().exec_without_returning(db).await);
    journal.note("the row", &insert().exec_with_returning(db).await);
    Ok(())
}

async fn rows_with_their_keys<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let insert = || author::Entity::insert(author_named("Ida", None));
    journal.note("keys", &insert().exec_with_returning_keys(db).await);
    journal.note("rows", &insert().exec_with_returning_many(db).await);
    let shelfmark = shelfmark::Model {
        room: 7,
        slot: 7,
        note: "seven".to_owned(),
    };
    let insert = shelfmark::Entity::insert(shelfmark.into_active_model());
    journal.note("a pair", &insert.exec(db).await);
    Ok(())
}

async fn many_rows<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let books = ["x", "y", "z"].map(|title| book_titled(title, 1, 1, None));
    journal.note(
        "the last key",
        &book::Entity::insert_many(books).exec(db).await,
    );
    let genres = ["u", "v"].map(genre_named);
    let insert = genre::Entity::insert_many(genres);
    journal.note("the count", &insert.exec_without_returning(db).await);
    let uneven = [
        author_named("Jo", Some(1)),
        author::ActiveModel {
            name: Set("Kim".to_owned()),
            ..Default::default()
        },
    ];
    let insert = author::Entity::insert_many(uneven);
    journal.note("columns left out", &insert.exec(db).await);
    Ok(())
}

async fn many_rows_returned<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let insert = || author::Entity::insert_many(["Lou", "Max"].map(|it| author_named(it, None)));
    journal.note("rows", &insert().exec_with_returning(db).await);
    journal.note("keys", &insert().exec_with_returning_keys(db).await);
    journal.settled().await?;
    let after = author::Entity::find().order_by_asc(author::Column::Id);
    journal.note("after", &after.all(db).await);
    Ok(())
}

async fn no_rows<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let none = || author::Entity::insert_many::<author::ActiveModel, _>([]);
    journal.note("exec", &none().exec(db).await);
    journal.note("counted", &none().exec_without_returning(db).await);
    journal.note("returned", &none().exec_with_returning(db).await);
    let nothing = none().on_conflict_do_nothing().exec(db).await;
    journal.note("do nothing", &nothing);
    Ok(())
}

async fn a_row_that_is_saved<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let saved = author_named("Ned", None).save(db).await;
    journal.note("new", &saved);
    let mut again = saved?;
    again.born = Set(Some(1984));
    let again = again.save(db).await;
    journal.note("changed", &again);
    let mut lost = again?;
    lost.id = ActiveValue::Unchanged(12_345);
    lost.name = Set("Nobody".to_owned());
    journal.note("not there", &lost.save(db).await);
    Ok(())
}

async fn keys_that_are_given<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let france = country_named("FR", "France").insert(db).await;
    journal.note("text", &france);
    let insert = country::Entity::insert(country_named("SE", "Sweden"));
    journal.note("its key", &insert.exec(db).await);
    let mut numbered = author_named("Ola", None);
    numbered.id = Set(500);
    journal.note("a number", &numbered.clone().insert(db).await);
    journal.note("into a model", &numbered.try_into_model());
    Ok(())
}

/// The very next statement finds what was written, on servers without RETURNING too.
async fn read_back<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut ids = Vec::new();
    for number in 0..10 {
        let inserted = author_named(&format!("number {number}"), Some(number));
        ids.push(inserted.insert(db).await?.id);
    }
    journal.value("keys", &ids);
    for id in ids {
        let mut changed = author::ActiveModel {
            id: ActiveValue::Unchanged(id),
            ..Default::default()
        };
        changed.name = Set(format!("changed {id}"));
        journal.note("changed", &changed.update(db).await);
    }
    journal.settled().await?;
    journal.note("how many", &author::Entity::find().count(db).await);
    journal.note(
        "the last",
        &author::Entity::find().order_by_id_desc().one(db).await,
    );
    Ok(())
}
