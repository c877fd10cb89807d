//! The classic session of SQLAlchemy's guide: `master`, `other`, `slave1`, `slave2`, and a
//! hand-written `get_bind`.
//!
//! Run with `cargo run --example routing_session`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, DbErr, EntityTrait, Set};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{
    Bind, BindRequest, DatabaseOptions, ReplicaOptions, RoutingConnection, RoutingPolicy,
};

mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "event")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) what: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Debug)]
struct RoutingSession;

impl RoutingPolicy for RoutingSession {
    fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        Ok(Some(match request.access() {
            _ if request.names(event::Entity) => Bind::node("other"),
            Access::Read if request.random.is_multiple_of(2) => Bind::node("slave1"),
            Access::Read => Bind::node("slave2"),
            _ => Bind::node("master"),
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let users = dir.path().join("users.db").display().to_string();
    let master = Database::connect(format!("sqlite://{users}?mode=rwc")).await?;
    master
        .execute_unprepared("PRAGMA journal_mode = WAL")
        .await?;
    let slave = || ReplicaOptions::new(format!("sqlite://{users}"));

    let db = RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(master)
                .name("master")
                .replica(slave().name("slave1"))
                .replica(slave().name("slave2")),
        )
        .database(
            "events",
            DatabaseOptions::new("sqlite::memory:").name("other"),
        )
        .policy(RoutingSession)
        .seed(7)
        .connect()
        .await?;

    for (node, builder) in [
        ("master", db.get_schema_builder().register(user::Entity)),
        ("other", db.get_schema_builder().register(event::Entity)),
    ] {
        builder.apply(&db.node(node)?).await?;
    }

    let routes = db.record();
    let ada = user::ActiveModel {
        name: Set("Ada".to_owned()),
        ..Default::default()
    };
    let ada = ada.insert(&db).await?;
    let signed_up = event::ActiveModel {
        what: Set(format!("{} signed up", ada.name)),
        ..Default::default()
    };
    signed_up.insert(&db).await?;
    for _ in 0..20 {
        let found = user::Entity::find_by_id(ada.id).one(&db).await?;
        assert_eq!(found.as_ref(), Some(&ada));
    }
    assert_eq!(event::Entity::find().all(&db).await?.len(), 1);

    let count = |node: &str| {
        routes
            .routes()
            .iter()
            .filter(|route| *route.node() == node)
            .count()
    };
    let nodes = ["master", "other", "slave1", "slave2"].map(|node| (node, count(node)));
    println!("statements per node: {nodes:?}");
    assert_eq!(count("master"), 1);
    assert_eq!(count("other"), 2);
    assert_eq!(count("slave1") + count("slave2"), 20);
    assert!(count("slave1") > 0 && count("slave2") > 0);
    Ok(())
}
