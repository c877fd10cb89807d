//! Reading your own writes: a session for each request, and a token for the next one.
//!
//! The replica here is a copy of the database that never receives a write: the worst possible lag.
//!
//! Run with `cargo run --example sessions`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::time::Duration;

use sea_orm::{ActiveModelTrait, Database, DbErr, EntityTrait, PaginatorTrait, Set};
use sea_orm_routing::{Consistency, DatabaseOptions, RoutingConnection};

mod note {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "note")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) text: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A process of the application; all of them have the same key.
async fn process(primary: &str, replica: &str) -> Result<RoutingConnection, DbErr> {
    let connection = RoutingConnection::builder()
        .database("default", DatabaseOptions::new(primary).replica(replica))
        .consistency(Consistency::ReadYourWrites {
            window: Duration::from_secs(5),
        })
        .token_key(b"32 random bytes out of a secret!")
        .connect()
        .await?;
    Ok(connection)
}

#[tokio::main]
async fn main() -> Result<(), DbErr> {
    let directory = tempfile::tempdir().map_err(|error| DbErr::Custom(error.to_string()))?;
    let file = |name: &str| format!("sqlite:{}", directory.path().join(name).display());
    let (primary, replica) = (file("primary.db"), file("replica.db"));
    for url in [&primary, &replica] {
        let plain = Database::connect(format!("{url}?mode=rwc")).await?;
        let schema = plain.get_schema_builder().register(note::Entity);
        schema.apply(&plain).await?;
        plain.close().await?;
    }
    let db = process(&primary, &replica).await?;

    // A request: one session.
    let request = db.session();
    let text = Set("hello".to_owned());
    let note = note::ActiveModel {
        text,
        ..Default::default()
    };
    note.insert(&request).await?;
    assert_eq!(note::Entity::find().count(&request).await?, 1);
    println!("{}\n", request.explain(&note::Entity::find())?);

    // Without the session, a read may miss the row that was just written.
    assert_eq!(note::Entity::find().count(&db).await?, 0);
    println!("{}\n", db.explain(&note::Entity::find())?);

    // The next request of the same user is served by another process.
    let token = request.session_token().await?;
    println!("the token, for a cookie: {token}\n");
    let other = process(&primary, &replica).await?;
    let next = other.resume_session(&token)?;
    assert_eq!(note::Entity::find().count(&next).await?, 1);

    // A token cannot be forged.
    let mut forged = token;
    forged.replace_range(
        20..21,
        if forged.as_bytes()[20] == b'A' {
            "B"
        } else {
            "A"
        },
    );
    let refused = other.resume_session(&forged).expect_err("a forged token");
    println!("{refused}");
    Ok(())
}
