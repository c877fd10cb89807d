//! The rows every scenario finds.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Set};

use crate::entities::{
    author, biography, book, book_genre, city, country, follow, genre, loan, publisher, reader,
    shelfmark, topic,
};

/// Fills the tables of both parts.
pub(crate) async fn seed(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    library(db).await?;
    lending(db).await?;
    gazetteer(db).await
}

async fn library(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for name in ["North", "South"] {
        let publisher = publisher::ActiveModel {
            name: Set(name.to_owned()),
            ..Default::default()
        };
        publisher.insert(db).await?;
    }
    for (name, born) in [("Ada", Some(1815)), ("Bo", None), ("Cyd", Some(1960))] {
        author_named(name, born).insert(db).await?;
    }
    for (author_id, summary) in [(1, "Counted."), (3, "Danced.")] {
        let biography = biography::ActiveModel {
            author_id: Set(author_id),
            summary: Set(summary.to_owned()),
            ..Default::default()
        };
        biography.insert(db).await?;
    }
    let books = [
        ("Engines", 320, 1, Some(1)),
        ("Notes", 66, 1, None),
        ("Gardens", 210, 2, Some(2)),
        ("Rivers", 150, 2, Some(2)),
        ("Steps", 98, 3, Some(1)),
        ("Turns", 98, 3, None),
    ];
    let books =
        books.map(|(title, pages, author, publisher)| book_titled(title, pages, author, publisher));
    book::Entity::insert_many(books).exec(db).await?;
    let genres = ["dance", "nature", "science"].map(genre_named);
    genre::Entity::insert_many(genres).exec(db).await?;
    let pairs = [(1, 3), (2, 3), (3, 2), (4, 2), (4, 3), (5, 1)];
    let pairs = pairs
        .map(|(book_id, genre_id)| book_genre::Model { book_id, genre_id }.into_active_model());
    book_genre::Entity::insert_many(pairs)
        .exec_without_returning(db)
        .await?;
    let topics = [
        ("all", None),
        ("art", Some(1)),
        ("craft", Some(1)),
        ("dance", Some(2)),
        ("music", Some(2)),
        ("tap", Some(4)),
    ];
    for (name, parent_id) in topics {
        topic_named(name, parent_id).insert(db).await?;
    }
    Ok(())
}

async fn lending(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for name in ["ann", "ben", "cat", "dan"] {
        reader_named(name).insert(db).await?;
    }
    let follows = [(1, 2), (1, 3), (2, 3), (4, 1)];
    let follows = follows.map(|(reader_id, follower_id)| {
        let follow = follow::Model {
            reader_id,
            follower_id,
        };
        follow.into_active_model()
    });
    follow::Entity::insert_many(follows)
        .exec_without_returning(db)
        .await?;
    let loans = [(1, 1, 14), (1, 3, 7), (2, 1, 28), (3, 6, 14), (3, 99, 1)];
    let loans = loans.map(|(reader, book, days)| loan_of(reader, book, days));
    loan::Entity::insert_many(loans).exec(db).await?;
    Ok(())
}

async fn gazetteer(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for (code, name) in [("NO", "Norway"), ("PT", "Portugal"), ("VA", "Vatican")] {
        country_named(code, name).insert(db).await?;
    }
    let cities = [
        ("Bergen", "NO", Some(290_000)),
        ("Oslo", "NO", Some(1_100_000)),
        ("Lisbon", "PT", Some(2_900_000)),
        ("Porto", "PT", None),
    ];
    for (name, code, population) in cities {
        city_named(name, code, population).insert(db).await?;
    }
    for (room, slot) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)] {
        let shelfmark = shelfmark::Model {
            room,
            slot,
            note: format!("room {room}"),
        };
        shelfmark.into_active_model().insert(db).await?;
    }
    Ok(())
}

pub(crate) fn author_named(name: &str, born: Option<i32>) -> author::ActiveModel {
    author::ActiveModel {
        name: Set(name.to_owned()),
        born: Set(born),
        ..Default::default()
    }
}

pub(crate) fn book_titled(
    title: &str,
    pages: i32,
    author_id: i32,
    publisher_id: Option<i32>,
) -> book::ActiveModel {
    book::ActiveModel {
        title: Set(title.to_owned()),
        pages: Set(pages),
        author_id: Set(author_id),
        publisher_id: Set(publisher_id),
        ..Default::default()
    }
}

pub(crate) fn genre_named(name: &str) -> genre::ActiveModel {
    genre::ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

pub(crate) fn topic_named(name: &str, parent_id: Option<i32>) -> topic::ActiveModel {
    topic::ActiveModel {
        name: Set(name.to_owned()),
        parent_id: Set(parent_id),
        ..Default::default()
    }
}

pub(crate) fn reader_named(name: &str) -> reader::ActiveModel {
    reader::ActiveModel {
        name: Set(name.to_owned()),
        email: Set(format!("{name}@example.org")),
        ..Default::default()
    }
}

pub(crate) fn loan_of(reader_id: i32, book_id: i32, days: i32) -> loan::ActiveModel {
    loan::ActiveModel {
        reader_id: Set(reader_id),
        book_id: Set(book_id),
        days: Set(days),
        ..Default::default()
    }
}

pub(crate) fn country_named(code: &str, name: &str) -> country::ActiveModel {
    country::ActiveModel {
        code: Set(code.to_owned()),
        name: Set(name.to_owned()),
    }
}

pub(crate) fn city_named(name: &str, code: &str, population: Option<i64>) -> city::ActiveModel {
    city::ActiveModel {
        name: Set(name.to_owned()),
        country_code: Set(code.to_owned()),
        population: Set(population),
        ..Default::default()
    }
}
