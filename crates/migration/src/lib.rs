//! The schemas of the databases behind a `RoutingConnection` of
//! [`sea-orm-routing`](https://docs.rs/sea-orm-routing): migrations, entity-first sync, create-all.
//!
//! # Why
//!
//! Plain SeaORM migrates one connection, and would create every table where it points. Here each
//! database has a migrator of its own, SeaORM's `MigratorTrait`. It runs on the primary, on a
//! connection beside the application's pool, which holds a lock against a second migrator. A failure
//! names the database and the migration, leaves the other databases as they are, and the next run
//! goes on from there.
//!
//! # Example
//!
//! ```
//! use sea_orm_migration::{MigrationTrait, MigratorTrait};
//! use sea_orm_routing::RoutingConnection;
//! use sea_orm_routing_migration::{Migrations, SqlMigration, Steps};
//!
//! struct Warehouse;
//!
//! impl MigratorTrait for Warehouse {
//!     fn migrations() -> Vec<Box<dyn MigrationTrait>> {
//!         let up = "CREATE TABLE stock (sku TEXT)";
//!         vec![Box::new(SqlMigration::new("m1_stock", up).down("DROP TABLE stock"))]
//!     }
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let db = RoutingConnection::builder()
//!     .database("default", "sqlite::memory:")
//!     .database("warehouse", "sqlite::memory:")
//!     .connect()
//!     .await?;
//! let migrations = Migrations::new().database("warehouse", Warehouse);
//! assert!(migrations.status(&db).await?.is_pending());
//! migrations.up(&db, Steps::All).await?;
//! assert!(!migrations.status(&db).await?.is_pending());
//! migrations.only("warehouse")?.down(&db, Steps::Only(1)).await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```
//!
//! # The map
//!
//! | | |
//! |---|---|
//! | [`Migrations`] | up, down, status, fresh, refresh, reset, for one database or all |
//! | `cli` | the same as a command line, in the conventions of sea-orm-cli (feature `cli`) |
//! | [`SqlMigration`] | a migration that is SQL text |
//! | [`RoutingSchema`] | what a `RoutingConnection` can do with this crate: `create_all` creates the tables of an [`EntitySet`] in the order of their foreign keys, `sync_schema` is SeaORM's entity-first sync per database (feature `schema-sync`) |
//! | [`naming`] | one way to name indexes, keys and checks |
//!
//! Inside, `plan` checks what can be checked without a lock, `lock` takes it, `run` runs the
//! migrations of one database, and `guarded` is the connection of a migration on a database that
//! forbids tables.
//!
//! The ideas are Django's `migrate --database` and `allow_migrate`, SQLAlchemy's
//! `MetaData.create_all` and `naming_convention`.
//!
//! # Features
//!
//! None is on by default. The drivers and runtimes (`sqlx-sqlite`, `sqlx-postgres`, `sqlx-mysql`,
//! `runtime-tokio`, ...) have the names they have in `sea-orm-routing`.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(all(feature = "schema-sync", not(feature = "sqlx-dep")))]
compile_error!(
    "the feature `schema-sync` of sea-orm-routing-migration needs a driver: turn on `sqlx-sqlite`, \
     `sqlx-postgres` or `sqlx-mysql` of the same crate"
);

mod create_all;
mod error;
mod guarded;
mod identity;
mod lock;
mod migrations;
mod migrator;
pub mod naming;
mod own;
mod plan;
mod progress;
mod routing_schema;
mod run;
mod sql_migration;
mod status;
#[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
mod sync;

pub use create_all::EntitySet;
pub use error::MigrationError;
pub use migrations::{Migrations, Steps};
pub use progress::{Direction, MigrationEvent, MigrationReport};
pub use routing_schema::RoutingSchema;
pub use sql_migration::SqlMigration;
pub use status::{DatabaseStatus, MigrationsStatus};
