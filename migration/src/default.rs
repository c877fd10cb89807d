//! The shop itself: customers, products, orders.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, pk_auto, string, string_uniq};

/// The migrator of the database `default`.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateShop)]
    }
}

#[derive(Debug)]
struct CreateShop;

impl MigrationName for CreateShop {
    fn name(&self) -> &'static str {
        "m20260101_000001_create_shop"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateShop {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "product_tag",
            "order_line",
            "order",
            "tag",
            "product",
            "category",
            "customer",
        ] {
            let drop = Table::drop().table(table).to_owned();
            manager.drop_table(drop).await?;
        }
        Ok(())
    }
}

/// In the order of their foreign keys.
fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("customer")
            .col(pk_auto("id"))
            .col(string("name"))
            .col(string_uniq("email"))
            .to_owned(),
        table("category")
            .col(pk_auto("id"))
            .col(string("name"))
            .to_owned(),
        table("product")
            .col(pk_auto("id"))
            .col(string("name"))
            .col(integer("cents"))
            .col(integer("category_id"))
            .foreign_key(&mut key("product", "category_id", "category"))
            .to_owned(),
        table("tag")
            .col(pk_auto("id"))
            .col(string("name"))
            .to_owned(),
        table("product_tag")
            .col(integer("product_id"))
            .col(integer("tag_id"))
            .primary_key(Index::create().col("product_id").col("tag_id"))
            .foreign_key(&mut key("product_tag", "product_id", "product"))
            .foreign_key(&mut key("product_tag", "tag_id", "tag"))
            .to_owned(),
        table("order")
            .col(pk_auto("id"))
            .col(integer("customer_id"))
            .col(string("state"))
            .foreign_key(&mut key("order", "customer_id", "customer"))
            .to_owned(),
        table("order_line")
            .col(pk_auto("id"))
            .col(integer("order_id"))
            .col(integer("product_id"))
            .col(integer("quantity"))
            .foreign_key(&mut key("order_line", "order_id", "order"))
            .foreign_key(&mut key("order_line", "product_id", "product"))
            .to_owned(),
    ]
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

fn key(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{from}_{column}_{to}"))
        .from(from, column)
        .to(to, "id")
        .to_owned()
}
