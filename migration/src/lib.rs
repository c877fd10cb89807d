//! The migrations of the examples' shop, one module per database.
//!
//! Each database has its own migrator, which runs on its primary. From the command line:
//!
//! ```text
//! cargo run -p migration -- up --database warehouse
//! ```
//!
//! In a program:
//!
//! ```text
//! migration::migrations().up(&db, Steps::All).await?;
//! ```

pub mod default;
pub mod warehouse;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_routing_migration::Migrations;

/// The migrators of all databases.
pub fn migrations() -> Migrations {
    Migrations::new()
        .database("default", default::Migrator)
        .database("warehouse", warehouse::Migrator)
}
