//! The schema of each database: migrations, entity-first sync, create-all, names of constraints.
//!
//! A migration belongs to one database and runs on its primary. Plain SeaORM would create every
//! table where its one connection points; here each database has a migrator of its own, which runs
//! on a connection of its own, which holds a lock against a second one. What fails names the database,
//! leaves the others as they are, and goes on where it stopped when it is run again.
//!
//! | | |
//! |---|---|
//! | [`Migrations`] | up, down, status, fresh, refresh, reset, for one database or all |
//! | [`cli`] | the same as a command line, in the conventions of sea-orm-cli |
//! | [`SqlMigration`] | a migration that is SQL text |
//! | [`RoutingConnection::sync_schema`](crate::RoutingConnection) | entity-first, for each database its own entities |
//! | [`CreateAll`] | the tables of some entities on any database, in the order of their foreign keys |
//! | [`naming`] | one way to name indexes, keys and checks |
//!
//! The ideas are Django's `migrate --database` and `allow_migrate`, SQLAlchemy's
//! `MetaData.create_all` and `naming_convention`.

#[cfg(feature = "cli")]
pub mod cli;
mod create_all;
#[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
mod discovery;
#[cfg(feature = "migrate")]
mod error;
#[cfg(feature = "migrate")]
mod guarded;
#[cfg(feature = "migrate")]
mod identity;
#[cfg(feature = "migrate")]
mod lock;
#[cfg(feature = "migrate")]
mod migrations;
#[cfg(feature = "migrate")]
mod migrator;
pub mod naming;
#[cfg(feature = "migrate")]
mod own;
#[cfg(feature = "migrate")]
mod plan;
#[cfg(feature = "migrate")]
mod progress;
#[cfg(feature = "migrate")]
mod run;
#[cfg(feature = "migrate")]
mod sql_migration;
#[cfg(feature = "migrate")]
mod status;
#[cfg(all(
    feature = "schema-sync",
    feature = "entity-registry",
    feature = "sqlx-dep"
))]
mod sync;

pub use create_all::CreateAll;
#[cfg(feature = "migrate")]
pub use error::MigrationError;
#[cfg(feature = "migrate")]
pub use migrations::{Migrations, Steps};
#[cfg(feature = "migrate")]
pub use progress::{Direction, MigrationEvent, MigrationReport};
#[cfg(feature = "migrate")]
pub use sql_migration::SqlMigration;
#[cfg(feature = "migrate")]
pub use status::{DatabaseStatus, MigrationsStatus};
