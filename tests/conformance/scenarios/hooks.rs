//! Active models that write through the connection they receive while they are saved.

use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, Set, TransactionSession,
};

use crate::db::Db;
use crate::entities::{audit, parcel};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    inserted,
    updated,
    deleted,
    without_hooks,
    refused,
    in_a_transaction
);

fn parcel(id: u128, contents: &str) -> parcel::ActiveModel {
    parcel::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        contents: Set(contents.to_owned()),
    }
}

async fn audited(db: &impl Db, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.settled().await?;
    let entries = audit::Entity::find().order_by_id_asc().all(db).await?;
    let actions: Vec<_> = entries.into_iter().map(|entry| entry.action).collect();
    journal.value("audited", &actions);
    Ok(())
}

async fn inserted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("inserted", &parcel(1, "tea").insert(db).await);
    audited(db, journal).await
}

async fn updated<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let mut parcel = parcel(2, "books").insert(db).await?.into_active_model();
    parcel.contents = Set("maps".to_owned());
    let saved = parcel.save(db).await;
    journal.note("saved", &saved);
    let counted = parcel::ActiveModel {
        contents: Set("atlases".to_owned()),
        ..saved?
    };
    journal.note("counted", &counted.update_without_returning(db).await);
    audited(db, journal).await
}

async fn deleted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let parcel = parcel(3, "salt").insert(db).await?;
    journal.note("deleted", &parcel.delete(db).await);
    audited(db, journal).await
}

async fn without_hooks<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let many = parcel::Entity::insert_many([parcel(4, "ink"), parcel(5, "paper")]);
    journal.note("inserted", &many.exec_without_returning(db).await);
    let key = parcel::Entity::insert(parcel(6, "glue")).exec(db).await;
    journal.note("one", &key);
    audited(db, journal).await
}

async fn refused<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    journal.note("empty", &parcel(7, "").insert(db).await);
    audited(db, journal).await
}

async fn in_a_transaction<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let txn = db.begun().await?;
    journal.note("inserted", &parcel(8, "wax").insert(&txn).await);
    audited(&txn, journal).await?;
    txn.rollback().await?;
    audited(db, journal).await
}
