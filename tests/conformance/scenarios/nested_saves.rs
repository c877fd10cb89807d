//! A row saved together with those that belong to it.

use sea_orm::{DbErr, EntityLoaderTrait, EntityTrait, ModelTrait, PaginatorTrait};

use crate::db::Db;
use crate::entities::topic;
use crate::entities::{
    author, biography, book, book_genre, follow, genre, loan, publisher, reader,
};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    with_one,
    with_many,
    many_to_many,
    belongs_to,
    changed,
    replaced,
    inserted_and_updated,
    followers,
    trees,
    deleted,
    failed,
);

async fn with_one<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let author = author::ActiveModel::builder()
        .set_name("Quentin")
        .set_biography(biography::ActiveModel::builder().set_summary("Wrote."))
        .save(db)
        .await;
    journal.note("saved", &author);
    Ok(())
}

async fn with_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let author = author::ActiveModel::builder()
        .set_name("Ruth")
        .add_book(book::ActiveModel::builder().set_title("One").set_pages(1))
        .add_book(book::ActiveModel::builder().set_title("Two").set_pages(2))
        .save(db)
        .await;
    journal.note("saved", &author);
    journal.settled().await?;
    journal.note("books", &book::Entity::find().count(db).await);
    Ok(())
}

async fn many_to_many<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let nature = genre::Entity::find_by_id(2).require_one(db).await?;
    let book = book::ActiveModel::builder()
        .set_title("Forests")
        .set_pages(3)
        .set_author_id(2)
        .add_genre(nature.into_ex())
        .add_genre(genre::ActiveModel::builder().set_name("essay"))
        .save(db)
        .await;
    journal.note("saved", &book);
    journal.settled().await?;
    let links = book_genre::Entity::find().order_by_id_asc();
    journal.note("links", &links.all(db).await);
    Ok(())
}

async fn belongs_to<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let book = book::ActiveModel::builder()
        .set_title("Letters")
        .set_pages(4)
        .set_author(author::ActiveModel::builder().set_name("Sam"))
        .set_publisher(publisher::ActiveModel::builder().set_name("East"))
        .save(db)
        .await;
    journal.note("saved", &book);
    Ok(())
}

async fn changed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let ada = author::Entity::load()
        .with(book::Entity)
        .filter_by_id(1)
        .one(db)
        .await?;
    let ada = ada.ok_or_else(|| DbErr::RecordNotFound("Ada".to_owned()))?;
    let ada: author::ActiveModelEx = ada.into();
    let ada = ada
        .set_name("Augusta")
        .add_book(book::ActiveModel::builder().set_title("More").set_pages(5))
        .save(db)
        .await;
    journal.note("saved", &ada);
    Ok(())
}

async fn replaced<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let book = book::Entity::load()
        .with(genre::Entity)
        .filter_by_id(4)
        .one(db)
        .await?;
    let book = book.ok_or_else(|| DbErr::RecordNotFound("Rivers".to_owned()))?;
    let mut book: book::ActiveModelEx = book.into();
    let dance = genre::Entity::find_by_id(1).require_one(db).await?;
    book.genres.replace_all([dance.into_ex().into()]);
    journal.note("saved", &book.save(db).await);
    journal.settled().await?;
    let links = book_genre::Entity::find().order_by_id_asc();
    journal.note("links", &links.all(db).await);
    Ok(())
}

async fn inserted_and_updated<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let inserted = publisher::ActiveModel::builder().set_name("West");
    let inserted = inserted.insert(db).await;
    journal.note("inserted", &inserted);
    let west: publisher::ActiveModelEx = inserted?.into();
    journal.note("updated", &west.set_name("Far West").update(db).await);
    Ok(())
}

async fn followers<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let eve = reader::ActiveModel::builder()
        .set_name("eve")
        .set_email("eve@example.org")
        .add_follower(
            reader::ActiveModel::builder()
                .set_name("fay")
                .set_email("fay@example.org"),
        )
        .add_loan(loan::ActiveModel::builder().set_book_id(3).set_days(5))
        .save(db)
        .await;
    journal.note("saved", &eve);
    journal.settled().await?;
    let follows = follow::Entity::find().order_by_id_asc();
    journal.note("follows", &follows.all(db).await);
    Ok(())
}

async fn trees<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let leaf = topic::ActiveModel::builder()
        .set_name("leaf")
        .set_parent(topic::ActiveModel::builder().set_name("root"))
        .save(db)
        .await;
    journal.note("saved", &leaf);
    Ok(())
}

async fn deleted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let ann = reader::Entity::find_by_id(1).require_one(db).await?;
    journal.note("with its children", &ann.into_ex().delete(db).await);
    let link = follow::Entity::find_by_id((2, 3)).require_one(db).await?;
    journal.note("alone", &link.delete(db).await);
    journal.settled().await?;
    journal.note("readers", &reader::Entity::find().count(db).await);
    journal.note("loans", &loan::Entity::find().count(db).await);
    journal.note("follows", &follow::Entity::find().count(db).await);
    Ok(())
}

/// The second row violates a constraint, so the first is not saved either.
async fn failed<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let book = book::ActiveModel::builder()
        .set_title("Nothing")
        .set_pages(6)
        .set_author_id(1)
        .set_publisher(publisher::ActiveModel::builder().set_name("North"))
        .save(db)
        .await;
    journal.note("a publisher that is there", &book);
    let author = author::ActiveModel::builder()
        .set_name("Tom")
        .add_book(book::ActiveModel::builder().set_title("No pages"))
        .save(db)
        .await;
    journal.note("a book without pages", &author);
    Ok(())
}
