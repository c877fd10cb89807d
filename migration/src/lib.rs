//! The migrations of the examples' shop, one module per database.
//!
//! Each database has its own migrator, which runs on its primary:
//!
//! ```text
//! migration::default::Migrator::up(&db.primary("default")?, None).await?;
//! migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await?;
//! ```

pub mod default;
pub mod warehouse;

pub use sea_orm_migration::MigratorTrait;
