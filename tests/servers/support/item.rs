//! A table of two columns.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Schema, Set};
use sea_orm_routing::RoutingConnection;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i32,
    #[sea_orm(unique)]
    pub(crate) name: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// Creates the table on the primary of `default`.
pub(crate) async fn create(db: &RoutingConnection) {
    create_in(db, "default").await;
}

/// Creates the table on the primary of a database.
pub(crate) async fn create_in(db: &RoutingConnection, database: &str) {
    create_on(&db.primary(database).expect("declared")).await;
}

pub(crate) async fn create_on(db: &impl ConnectionTrait) {
    let schema = Schema::new(db.get_database_backend());
    let table = schema.create_table_from_entity(Entity);
    db.execute(&table).await.expect("the table item");
}

pub(crate) fn named(name: impl Into<String>) -> ActiveModel {
    ActiveModel {
        name: Set(name.into()),
        ..Default::default()
    }
}

pub(crate) async fn insert(db: &impl ConnectionTrait, name: &str) -> Result<Model, DbErr> {
    named(name).insert(db).await
}

/// The names in the table, as a handle reads them.
pub(crate) async fn named_ones(db: &impl ConnectionTrait) -> Vec<String> {
    let items = Entity::find().all(db).await.expect("items");
    items.into_iter().map(|item| item.name).collect()
}

/// The names in the table, sorted, as the primary has them.
pub(crate) async fn names(db: &RoutingConnection) -> Vec<String> {
    let mut names = named_ones(&db.on_primary()).await;
    names.sort();
    names
}
