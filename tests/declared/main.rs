//! Entities that name their own database. A binary of its own: what they register is global to it.

mod readme;
mod readme_derive;

use sea_orm::EntityTrait;
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError};

mod stock {
    use sea_orm::entity::prelude::*;
    use sea_orm_routing::DeriveBinding;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, DeriveBinding)]
    #[sea_orm(table_name = "stock")]
    #[binding(database = "warehouse")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// SeaORM's second format copies the derives of `Model` to a second struct.
mod movement {
    use sea_orm::entity::prelude::*;
    use sea_orm_routing::DeriveBinding;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, DeriveBinding)]
    #[sea_orm(table_name = "movement")]
    #[binding(database = "warehouse")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod cake {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cake")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn database_of<E: EntityTrait>(db: &RoutingConnection, _: E) -> String {
    let route = db.explain(&E::find()).expect("a route");
    route.database().to_string()
}

#[tokio::test]
async fn a_declared_entity_is_bound_without_being_listed() {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("warehouse", "sqlite::memory:")
        .connect()
        .await
        .expect("a connection");
    assert_eq!(database_of(&db, stock::Entity), "warehouse");
    assert_eq!(database_of(&db, movement::Entity), "warehouse");
    assert_eq!(database_of(&db, cake::Entity), "default");
}

#[tokio::test]
async fn the_builder_has_the_last_word() {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("warehouse", "sqlite::memory:")
        .bind(stock::Entity, "default")
        .connect()
        .await
        .expect("a connection");
    assert_eq!(database_of(&db, stock::Entity), "default");
    assert_eq!(database_of(&db, movement::Entity), "warehouse");
}

#[tokio::test]
async fn a_declared_database_that_is_missing_stops_the_start() {
    let error = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .connect()
        .await
        .expect_err("no warehouse");
    assert!(matches!(
        error,
        RoutingError::Binding(BindingError::UnknownBindingTarget { .. })
    ));
    let message = error.to_string();
    assert!(
        message.contains("declared::"),
        "names the entity: {message}"
    );
    assert!(message.contains("\"warehouse\""), "{message}");
}

#[tokio::test]
async fn a_connection_that_knows_some_databases_can_ignore_declarations() {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .declared_bindings(false)
        .connect()
        .await
        .expect("a connection");
    assert_eq!(database_of(&db, stock::Entity), "default");
}
