//! Inserts that conflict with an existing row.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder, Set,
};

use crate::db::Db;
use crate::entities::{country, genre, reader, shelfmark};
use crate::journal::Journal;
use crate::seed::{country_named, genre_named, reader_named};
use crate::suite::scenarios;

scenarios!(
    replaced,
    replaced_among_many,
    ignored,
    ignored_by_its_key,
    tried,
    computed,
    pairs,
);

fn taking_the_new_name() -> OnConflict {
    OnConflict::column(country::Column::Code)
        .update_column(country::Column::Name)
        .to_owned()
}

async fn replaced<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let upsert = |code, name| {
        let insert = country::Entity::insert(country_named(code, name));
        insert.on_conflict(taking_the_new_name())
    };
    journal.note("met", &upsert("NO", "Norge").exec(db).await);
    journal.note("new", &upsert("DK", "Danmark").exec(db).await);
    let counted = upsert("NO", "Noreg").exec_without_returning(db).await;
    journal.note("counted", &counted);
    let same = upsert("NO", "Noreg").exec_without_returning(db).await;
    journal.note("the same again", &same);
    let row = upsert("NO", "Norway").exec_with_returning(db).await;
    journal.note("returned", &row);
    Ok(())
}

async fn replaced_among_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let countries = [("VA", "Vaticano"), ("ES", "España")];
    let countries = countries.map(|(code, name)| country_named(code, name));
    let upsert = country::Entity::insert_many(countries).on_conflict(taking_the_new_name());
    journal.note("counted", &upsert.exec_without_returning(db).await);
    journal.settled().await?;
    journal.note("how many", &country::Entity::find().count(db).await);
    let after = country::Entity::find().order_by_asc(country::Column::Code);
    journal.note("after", &after.all(db).await);
    Ok(())
}

async fn ignored<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let upsert = |name| {
        let nothing = OnConflict::column(genre::Column::Name)
            .do_nothing_on([genre::Column::Id])
            .to_owned();
        genre::Entity::insert(genre_named(name)).on_conflict(nothing)
    };
    journal.note("met", &upsert("nature").exec(db).await);
    journal.note("met, tried", &upsert("nature").try_insert().exec(db).await);
    journal.note("new, tried", &upsert("poetry").try_insert().exec(db).await);
    let counted = upsert("poetry").exec_without_returning(db).await;
    journal.note("counted", &counted);
    Ok(())
}

async fn ignored_by_its_key<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let many = |names: &[(&str, &str)]| {
        let countries: Vec<_> = names
            .iter()
            .map(|(code, name)| country_named(code, name))
            .collect();
        country::Entity::insert_many(countries).on_conflict_do_nothing()
    };
    let met = many(&[("NO", "x"), ("PT", "y")]);
    journal.note("all met", &met.exec_without_returning(db).await);
    let some = many(&[("NO", "x"), ("IT", "Italia")]);
    journal.note("some met", &some.exec_without_returning(db).await);
    journal.note("none", &many(&[]).exec(db).await);
    let on = country::Entity::insert(country_named("IT", "z"));
    let on = on.on_conflict_do_nothing_on([country::Column::Code]);
    journal.note("on a column", &on.exec(db).await);
    Ok(())
}

async fn tried<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let insert = || genre::Entity::insert(genre_named("drama"));
    let new = insert().on_conflict_do_nothing().exec(db).await;
    journal.note("new", &new);
    let empty: [genre::ActiveModel; 0] = [];
    let empty = genre::Entity::insert_many(empty).on_conflict_do_nothing();
    journal.note("empty", &empty.exec_with_returning(db).await);
    Ok(())
}

async fn computed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut ann = reader_named("ann");
    ann.name = Set("Annabel".to_owned());
    let conflict = OnConflict::column(reader::Column::Email)
        .value(reader::Column::Name, Expr::val("met again"))
        .to_owned();
    let upsert = reader::Entity::insert(ann).on_conflict(conflict);
    journal.note("counted", &upsert.exec_without_returning(db).await);
    journal.settled().await?;
    let after = reader::Entity::find().order_by_asc(reader::Column::Id);
    journal.note("after", &after.all(db).await);
    Ok(())
}

async fn pairs<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let shelfmark = shelfmark::Model {
        room: 1,
        slot: 1,
        note: "the same place".to_owned(),
    };
    let conflict = OnConflict::columns([shelfmark::Column::Room, shelfmark::Column::Slot])
        .update_column(shelfmark::Column::Note)
        .to_owned();
    let upsert = shelfmark::Entity::insert(shelfmark.clone().into_active_model());
    let upsert = upsert.on_conflict(conflict);
    journal.note("its key", &upsert.exec(db).await);
    journal.note("without", &shelfmark.into_active_model().insert(db).await);
    Ok(())
}
