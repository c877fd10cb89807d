//! SeaORM's migrators as objects, one migration at a time.

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, DynIden, FromQueryResult};
use sea_orm_migration::sea_query::Query;
use sea_orm_migration::{
    Migration, MigrationStatus, MigrationTrait, MigratorTraitSelf, seaql_migrations,
};

/// A SeaORM migrator of any type.
#[async_trait]
pub(crate) trait Migrator: Send + Sync {
    /// The table that records which migrations are applied.
    fn migration_table(&self) -> String;

    /// A name that two of its migrations share.
    fn duplicate_name(&self) -> Option<String>;

    /// Whether a migration runs in a transaction that undoes all of it.
    fn is_transactional(&self, name: &str, dialect: DbBackend) -> bool;

    /// The pending migrations in order. Creates the migration table.
    async fn pending(&self, db: &DatabaseConnection) -> Result<Vec<String>, DbErr>;

    /// The applied migrations, the last first. Creates the migration table.
    async fn applied(&self, db: &DatabaseConnection) -> Result<Vec<String>, DbErr>;

    /// Every migration, and when it was applied in seconds since 1970. Writes nothing.
    async fn status(&self, db: &DatabaseConnection) -> Result<Vec<(String, Option<i64>)>, DbErr>;

    /// Applies the next migration.
    async fn up(&self, db: &DatabaseConnection) -> Result<(), DbErr>;

    /// Reverts the last migration.
    async fn down(&self, db: &DatabaseConnection) -> Result<(), DbErr>;

    /// Drops every table of the database, also those that no migration created.
    async fn drop_all_tables(&self, db: &DatabaseConnection) -> Result<(), DbErr>;

    /// Drops the migration table.
    async fn drop_migration_table(&self, db: &DatabaseConnection) -> Result<(), DbErr>;
}

/// A migrator of SeaORM's.
pub(crate) struct SeaOrmMigrator<M>(pub(crate) M);

#[async_trait]
impl<M: MigratorTraitSelf> Migrator for SeaOrmMigrator<M> {
    fn migration_table(&self) -> String {
        self.0.migration_table_name().to_string()
    }

    fn duplicate_name(&self) -> Option<String> {
        let mut seen = HashSet::new();
        let names = self.0.get_migration_files().into_iter();
        names
            .map(|migration| migration.name().to_owned())
            .find(|name| !seen.insert(name.clone()))
    }

    fn is_transactional(&self, name: &str, dialect: DbBackend) -> bool {
        let migrations = self.0.migrations().into_iter();
        let mut found = migrations.filter(|migration| migration.name() == name);
        let wanted = found
            .next()
            .and_then(|migration| migration.use_transaction());
        // MySQL commits with every change of the schema.
        dialect != DbBackend::MySql && wanted.unwrap_or(dialect == DbBackend::Postgres)
    }

    async fn pending(&self, db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
        Ok(names(&self.0.get_pending_migrations(db).await?))
    }

    async fn applied(&self, db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
        let mut names = names(&self.0.get_applied_migrations(db).await?);
        names.reverse();
        Ok(names)
    }

    async fn status(&self, db: &DatabaseConnection) -> Result<Vec<(String, Option<i64>)>, DbErr> {
        let migrations = self.0.get_migration_with_status_read_only(db).await?;
        let is_applied = |migration: &Migration| migration.status() == MigrationStatus::Applied;
        let times = match migrations.iter().any(is_applied) {
            true => times(db, self.0.migration_table_name()).await?,
            false => Vec::new(),
        };
        let time_of = |name: &str| {
            let found = times.iter().find(|applied| applied.version == name);
            found.map(|applied| applied.applied_at)
        };
        let with_time = |migration: &Migration| {
            let name = migration.name();
            let time = is_applied(migration).then(|| time_of(name).unwrap_or_default());
            (name.to_owned(), time)
        };
        Ok(migrations.iter().map(with_time).collect())
    }

    async fn up(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.0.up(db, Some(1)).await
    }

    async fn down(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.0.down(db, Some(1)).await
    }

    async fn drop_all_tables(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        EmptyMigrator(self.0.migration_table_name()).fresh(db).await
    }

    async fn drop_migration_table(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.0.uninstall(db).await
    }
}

/// A migrator without migrations: its `fresh` only drops.
struct EmptyMigrator(DynIden);

impl MigratorTraitSelf for EmptyMigrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }

    fn migration_table_name(&self) -> DynIden {
        self.0.clone()
    }
}

fn names(migrations: &[Migration]) -> Vec<String> {
    let names = migrations
        .iter()
        .map(|migration| migration.name().to_owned());
    names.collect()
}

/// When each migration was applied.
async fn times(
    db: &DatabaseConnection,
    table: DynIden,
) -> Result<Vec<seaql_migrations::Model>, DbErr> {
    use seaql_migrations::Column::{AppliedAt, Version};

    let mut query = Query::select();
    query.columns([Version, AppliedAt]).from(table);
    let rows = db.query_all(&query).await?;
    let models = rows
        .iter()
        .map(|row| FromQueryResult::from_query_result(row, ""));
    models.collect()
}
