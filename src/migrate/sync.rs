//! SeaORM's entity-first sync, for each database its own entities.

use async_trait::async_trait;
use sea_orm::sea_query::SelectStatement;
use sea_orm::sqlx;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_schema::sqlx_types::SqlxRow;

use super::create_all::created_type;
use crate::bind::Bound;
use crate::connection::RoutingConnection;
use crate::error::RoutingError;
use crate::topology::DatabaseId;

impl RoutingConnection {
    /// Applies SeaORM's entity-first sync to every database, or to the one this handle has fixed: each gets the tables, columns, keys and
    /// indexes that the registered entities bound to it lack. `prefix` is the module path of the
    /// entities, as for [`get_schema_registry`](Self::get_schema_registry). Runs on primaries.
    ///
    /// SeaORM calls its sync experimental, and never alters or drops columns.
    ///
    /// # Errors
    ///
    /// [`BindingError::SeveralDatabases`](crate::error::BindingError::SeveralDatabases) for an
    /// entity with a foreign key into another database:
    /// SeaORM leaves it out when its relation says `skip_fk`. Then the server's error, which names
    /// the database.
    pub async fn sync_schema(&self, prefix: &str) -> Result<(), DbErr> {
        let topology = self.topology();
        let fixed = self
            .fixed_database()
            .map(|id| topology.database_by_id(id).name());
        for database in topology.databases() {
            if fixed.is_some_and(|fixed| fixed != database.name()) {
                continue;
            }
            let on = self.using(database.name().as_str())?;
            let only = Only {
                database: on.fixed_database(),
                types: std::sync::Mutex::default(),
                all: self,
                on: on.on_primary(),
            };
            let schema = on.get_schema_registry(prefix);
            schema.sync(&only).await.map_err(|source| {
                DbErr::from(RoutingError::sync_failed(database.name().clone(), source))
            })?;
        }
        Ok(())
    }
}

/// A database that takes only what belongs to its own tables.
struct Only<'a> {
    database: Option<DatabaseId>,
    /// Enums that were asked for, and not needed yet.
    types: std::sync::Mutex<Vec<Statement>>,
    /// Knows the bindings.
    all: &'a RoutingConnection,
    on: RoutingConnection,
}

impl Only<'_> {
    /// Whether a statement is about a table that is bound here.
    fn takes(&self, statement: &Statement) -> Result<bool, RoutingError> {
        let core = &self.all.core;
        let operation = &core.analyze(&statement.sql, statement.db_backend).operation;
        let dialect = statement.db_backend;
        let bindings = self.all.scope.bindings.as_deref();
        match bindings
            .unwrap_or(&core.shared.bindings)
            .bound(operation, dialect)
        {
            Bound::One { database, .. } => Ok(Some(database) == self.database),
            Bound::NoTable => Ok(true),
            Bound::Refused(table) => {
                let table = operation.tables()[table].clone();
                Err(RoutingError::unbound(table))
            }
            Bound::Several(tables) => match tables.first() {
                // The table itself comes first, then those it refers to.
                Some((_, database)) if Some(*database) != self.database => Ok(false),
                _ => {
                    let topology = core.cluster.topology();
                    let located = |(table, database): &(usize, DatabaseId)| {
                        let database = topology.database_by_id(*database).name().clone();
                        (operation.tables()[*table].clone(), database)
                    };
                    let tables = tables.iter().map(located).collect();
                    Err(RoutingError::several_databases(tables))
                }
            },
        }
    }

    /// The enums that a statement names, which are created before it.
    fn needed(&self, statement: &Statement) -> Vec<Statement> {
        let mut types = self
            .types
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let named = |created: &mut Statement| {
            let name = created_type(&created.sql);
            let bare = name.trim_matches('"');
            let words = statement
                .sql
                .split(|c: char| !c.is_alphanumeric() && c != '_');
            words.into_iter().any(|word| word == bare) || statement.sql.contains(name)
        };
        types.extract_if(.., named).collect()
    }
}

#[async_trait]
impl ConnectionTrait for Only<'_> {
    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.on)
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        if statement.sql.starts_with("CREATE TYPE ") {
            let types = self.types.lock();
            types
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(statement);
            return nothing(self.get_database_backend());
        }
        if !self.takes(&statement)? {
            return nothing(self.get_database_backend());
        }
        for created in self.needed(&statement) {
            self.on.execute_raw(created).await?;
        }
        self.on.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        self.execute_raw(statement).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.on.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.on.query_all_raw(statement).await
    }
}

#[async_trait]
impl sea_schema::Connection for Only<'_> {
    async fn query_all(&self, select: SelectStatement) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all(&self.on, select).await
    }

    async fn query_all_raw(&self, sql: String) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all_raw(&self.on, sql).await
    }
}

/// The result of a statement that was not for this database.
fn nothing(dialect: DbBackend) -> Result<ExecResult, DbErr> {
    match dialect {
        #[cfg(feature = "sqlx-postgres")]
        DbBackend::Postgres => Ok(sqlx::postgres::PgQueryResult::default().into()),
        #[cfg(feature = "sqlx-mysql")]
        DbBackend::MySql => Ok(sqlx::mysql::MySqlQueryResult::default().into()),
        #[cfg(feature = "sqlx-sqlite")]
        DbBackend::Sqlite => Ok(sqlx::sqlite::SqliteQueryResult::default().into()),
        #[allow(unreachable_patterns, reason = "some driver may be off")]
        other => Err(DbErr::BackendNotSupported {
            db: other.as_str(),
            ctx: "sync_schema",
        }),
    }
}
