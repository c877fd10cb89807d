//! Named connections, and entities that name their own database: no list to forget an entity in.
//!
//! Run with `cargo run --example warehouse`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, Set};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError};

mod product {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "product")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod transaction {
    use sea_orm::entity::prelude::*;
    use sea_orm_routing::DeriveBinding;

    /// Lives in the warehouse, and declares it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, DeriveBinding)]
    #[sea_orm(table_name = "transaction")]
    #[binding(database = "warehouse")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) cents: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("warehouse", "sqlite::memory:")
        .connect()
        .await?;
    let builder = db.get_schema_builder().register(product::Entity);
    builder.apply(&db.primary("default")?).await?;
    let builder = db.get_schema_builder().register(transaction::Entity);
    builder.apply(&db.primary("warehouse")?).await?;

    let tea = product::ActiveModel {
        name: Set("Tea".to_owned()),
        ..Default::default()
    };
    tea.insert(&db).await?;
    let sale = transaction::ActiveModel {
        cents: Set(550),
        ..Default::default()
    };
    sale.insert(&db).await?;

    // The helper that finds the connection of an entity, and the connections by name.
    let warehouse = db.for_entity(transaction::Entity)?;
    assert_eq!(transaction::Entity::find().count(&warehouse).await?, 1);
    assert_eq!(
        transaction::Entity::find()
            .count(&db.using("warehouse")?)
            .await?,
        1
    );
    println!("{}", db.explain(&transaction::Entity::find())?);

    // A program that does not declare the database fails at startup.
    let forgotten = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .connect()
        .await;
    let error = forgotten.expect_err("no warehouse");
    assert!(matches!(
        error,
        RoutingError::Binding(BindingError::UnknownBindingTarget { .. })
    ));
    println!("\n{error}");
    Ok(())
}
