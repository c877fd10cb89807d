//! Migrations and migrators that are assembled at run time.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sea_orm::{DbErr, DynIden};
use sea_orm_migration::sea_query::{Alias, IntoIden};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};
use sea_orm_routing_migration::SqlMigration;

/// A migrator with these migrations.
#[derive(Clone)]
pub(crate) struct Set {
    migration_table: &'static str,
    migrations: Vec<Arc<dyn MigrationTrait>>,
}

/// A migrator with a migration `m_<table>` for each of these tables.
pub(crate) fn creates(tables: &[&str]) -> Set {
    tables.iter().fold(Set::new(), |set, table| {
        let migration = SqlMigration::new(
            format!("m_{table}"),
            format!("CREATE TABLE {table} (id INTEGER)"),
        );
        set.with(migration.down(format!("DROP TABLE {table}")))
    })
}

impl Set {
    pub(crate) fn new() -> Self {
        Self {
            migration_table: "seaql_migrations",
            migrations: Vec::new(),
        }
    }

    /// One more migration.
    pub(crate) fn with(mut self, migration: impl MigrationTrait + 'static) -> Self {
        self.migrations.push(Arc::new(migration));
        self
    }

    /// One more migration that is SQL text.
    pub(crate) fn sql(self, name: &str, up: impl Into<String>) -> Self {
        self.with(SqlMigration::new(name, up))
    }

    /// The table that records which migrations were applied.
    pub(crate) fn migration_table(mut self, table: &'static str) -> Self {
        self.migration_table = table;
        self
    }
}

impl MigratorTraitSelf for Set {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let shared = self.migrations.iter().cloned();
        shared.map(|it| Box::new(Shared(it)) as _).collect()
    }

    fn migration_table_name(&self) -> DynIden {
        Alias::new(self.migration_table).into_iden()
    }
}

struct Shared(Arc<dyn MigrationTrait>);

impl MigrationName for Shared {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait]
impl MigrationTrait for Shared {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        self.0.use_transaction()
    }
}

type Work =
    dyn for<'m, 'c> Fn(&'m SchemaManager<'c>) -> BoxFuture<'m, Result<(), DbErr>> + Send + Sync;

/// A migration that is a closure.
pub(crate) struct Step {
    name: &'static str,
    work: Box<Work>,
    transaction: Option<bool>,
}

impl Step {
    pub(crate) fn new<F>(name: &'static str, work: F) -> Self
    where
        F: for<'m, 'c> Fn(&'m SchemaManager<'c>) -> BoxFuture<'m, Result<(), DbErr>>
            + Send
            + Sync
            + 'static,
    {
        Self {
            name,
            work: Box::new(work),
            transaction: None,
        }
    }

    /// Whether it runs inside a transaction.
    pub(crate) fn transaction(mut self, within: bool) -> Self {
        self.transaction = Some(within);
        self
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        (self.work)(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }
}
