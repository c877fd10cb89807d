//! A migration that is SQL text.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// A migration that is SQL text, in the dialect of its database. It can have several statements.
///
/// ```
/// use sea_orm_migration::{MigrationTrait, MigratorTrait};
/// use sea_orm_routing_migration::SqlMigration;
///
/// struct Migrator;
///
/// impl MigratorTrait for Migrator {
///     fn migrations() -> Vec<Box<dyn MigrationTrait>> {
///         vec![Box::new(
///             SqlMigration::new("m20260101_000001_create_stock", "CREATE TABLE stock (sku TEXT)")
///                 .down("DROP TABLE stock"),
///         )]
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SqlMigration {
    name: String,
    up: String,
    down: Option<String>,
    transaction: Option<bool>,
}

impl SqlMigration {
    /// A migration with this name, which runs `up`.
    pub fn new(name: impl Into<String>, up: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            up: up.into(),
            down: None,
            transaction: None,
        }
    }

    /// The SQL that reverts it. Without it, reverting fails.
    #[must_use]
    pub fn down(mut self, down: impl Into<String>) -> Self {
        self.down = Some(down.into());
        self
    }

    /// Whether it runs in a transaction, so that a failure undoes all of it. Defaults to SeaORM's
    /// choice: only on Postgres. MySQL has no such transactions.
    #[must_use]
    pub fn in_transaction(mut self, transaction: bool) -> Self {
        self.transaction = Some(transaction);
        self
    }
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlMigration {
    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(&self.up).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let Some(down) = &self.down else {
            let name = &self.name;
            return Err(DbErr::Migration(format!(
                "{name} cannot be reverted; say how with SqlMigration::down(..)"
            )));
        };
        let db = manager.get_connection();
        db.execute_unprepared(down).await.map(drop)
    }
}
