//! SeaORM's entity-first sync, for each database its own entities.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sea_orm::sea_query::SelectStatement;
use sea_orm::sqlx;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, SchemaBuilder,
    Statement,
};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::schema::SchemaTarget;
use sea_schema::sqlx_types::SqlxRow;

use crate::MigrationError;
use crate::create_all::created_type;

/// Syncs every database, or the one that the handle has fixed, with the entities bound to it.
pub(crate) async fn sync_schema(
    db: &RoutingConnection,
    prefix: &str,
) -> Result<(), MigrationError> {
    let targets = match SchemaTarget::fixed(db) {
        Some(fixed) => vec![fixed],
        None => SchemaTarget::all(db),
    };
    for target in targets {
        let connection = SyncConnection::open(&target, Entities::OfBindings)?;
        let schema = connection.handle.get_schema_registry(prefix);
        sync(&target, schema, &connection).await?;
    }
    Ok(())
}

/// Syncs the database that the handle has fixed, or the only one, with a builder's entities.
pub(crate) async fn sync_with(
    db: &RoutingConnection,
    schema: SchemaBuilder,
) -> Result<(), MigrationError> {
    let mut targets = SchemaTarget::all(db);
    let target = match (SchemaTarget::fixed(db), targets.pop()) {
        (Some(fixed), _) => fixed,
        (None, Some(only)) if targets.is_empty() => only,
        (None, _) => return Err(MigrationError::WhichDatabase),
    };
    let connection = SyncConnection::open(&target, Entities::All)?;
    sync(&target, schema, &connection).await
}

async fn sync(
    target: &SchemaTarget,
    schema: SchemaBuilder,
    connection: &SyncConnection<'_>,
) -> Result<(), MigrationError> {
    let synced = schema.sync(connection).await;
    synced.map_err(|source| MigrationError::Sync {
        database: target.name().clone(),
        source: Box::new(source),
    })
}

/// Which entities a database is synced with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entities {
    All,
    OfBindings,
}

/// A database as SeaORM's sync sees it. It skips the statements of entities that belong elsewhere.
struct SyncConnection<'a> {
    target: &'a SchemaTarget,
    entities: Entities,
    /// Sends the statements, through the router and its checks.
    handle: RoutingConnection,
    /// Reads the schema.
    primary: DatabaseConnection,
    /// `CREATE TYPE` statements of enums that no table has needed so far.
    types: Mutex<Vec<Statement>>,
}

impl<'a> SyncConnection<'a> {
    fn open(target: &'a SchemaTarget, entities: Entities) -> Result<Self, MigrationError> {
        Ok(Self {
            target,
            entities,
            handle: target.handle()?,
            primary: target.primary()?,
            types: Mutex::default(),
        })
    }

    /// Keeps a `CREATE TYPE` until a table of this database needs it.
    fn defer_type(&self, statement: Statement) {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        types.push(statement);
    }

    /// The deferred types that a statement names.
    fn needed_types(&self, statement: &Statement) -> Vec<Statement> {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let is_named = |created: &mut Statement| {
            let name = created_type(&created.sql);
            let bare = name.trim_matches('"');
            let is_boundary = |c: char| !c.is_alphanumeric() && c != '_';
            let mut words = statement.sql.split(is_boundary);
            words.any(|word| word == bare) || statement.sql.contains(name)
        };
        types.extract_if(.., is_named).collect()
    }
}

#[async_trait]
impl ConnectionTrait for SyncConnection<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.handle.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        if self.entities == Entities::All {
            return self.handle.execute_raw(statement).await;
        }
        if statement.sql.starts_with("CREATE TYPE ") {
            self.defer_type(statement);
            return skipped(self.get_database_backend());
        }
        if !self.target.holds(&statement)? {
            return skipped(self.get_database_backend());
        }
        for created in self.needed_types(&statement) {
            self.handle.execute_raw(created).await?;
        }
        self.handle.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        self.execute_raw(statement).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.handle.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.handle.query_all_raw(statement).await
    }
}

#[async_trait]
impl sea_schema::Connection for SyncConnection<'_> {
    async fn query_all(&self, select: SelectStatement) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all(&self.primary, select).await
    }

    async fn query_all_raw(&self, sql: String) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all_raw(&self.primary, sql).await
    }
}

/// The result of a statement that was not sent.
fn skipped(dialect: DbBackend) -> Result<ExecResult, DbErr> {
    match dialect {
        #[cfg(feature = "sqlx-postgres")]
        DbBackend::Postgres => Ok(sqlx::postgres::PgQueryResult::default().into()),
        #[cfg(feature = "sqlx-mysql")]
        DbBackend::MySql => Ok(sqlx::mysql::MySqlQueryResult::default().into()),
        #[cfg(feature = "sqlx-sqlite")]
        DbBackend::Sqlite => Ok(sqlx::sqlite::SqliteQueryResult::default().into()),
        #[allow(unreachable_patterns, reason = "a driver may be off")]
        other => Err(DbErr::BackendNotSupported {
            db: other.as_str(),
            ctx: "sync_schema",
        }),
    }
}
