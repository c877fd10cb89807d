//! The warehouse: what is in stock, and what moved.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, integer_uniq, pk_auto, string};

/// The migrator of the database `warehouse`.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateWarehouse)]
    }
}

#[derive(Debug)]
struct CreateWarehouse;

impl MigrationName for CreateWarehouse {
    fn name(&self) -> &'static str {
        "m20260101_000001_create_warehouse"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateWarehouse {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let stock = Table::create()
            .table("stock")
            .col(pk_auto("id"))
            .col(integer_uniq("product_id"))
            .col(integer("quantity"))
            .to_owned();
        let movement = Table::create()
            .table("movement")
            .col(pk_auto("id"))
            .col(integer("stock_id"))
            .col(integer("change"))
            .col(string("reason"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_movement_stock_id_stock")
                    .from("movement", "stock_id")
                    .to("stock", "id"),
            )
            .to_owned();
        manager.create_table(stock).await?;
        manager.create_table(movement).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("movement").to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table("stock").to_owned())
            .await
    }
}
