//! Which objects of a schema exist already.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_routing::{RoutingConnection, TableName};

/// An object of a schema.
#[derive(Clone, Copy)]
pub(super) enum SchemaObject<'a> {
    Table(&'a TableName),
    /// By the statement that creates it.
    Enum(&'a str),
    /// An index of a table, by its name.
    Index(&'a TableName, &'a str),
    /// A foreign key of a table, by its name.
    ForeignKey(&'a TableName, &'a str),
}

impl SchemaObject<'_> {
    pub(super) async fn exists(self, db: &RoutingConnection) -> Result<bool, DbErr> {
        match self {
            Self::Table(table) => table_exists(db, table).await,
            Self::Enum(sql) => enum_exists(db, sql).await,
            Self::Index(table, index) => index_exists(db, table, index).await,
            Self::ForeignKey(table, key) => foreign_key_exists(db, table, key).await,
        }
    }
}

async fn table_exists(db: &RoutingConnection, table: &TableName) -> Result<bool, DbErr> {
    let dialect = db.get_database_backend();
    let (name, schema) = (table.name().to_owned(), table.schema().map(str::to_owned));
    let statement = match dialect {
        DbBackend::Postgres => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'f') \
             AND n.nspname = COALESCE($2, current_schema())",
            [name.into(), schema.into()],
        ),
        DbBackend::MySql => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM information_schema.tables WHERE table_name = ? \
             AND table_schema = COALESCE(?, DATABASE())",
            [name.into(), schema.into()],
        ),
        _ => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)",
            [name.into()],
        ),
    };
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// The name in `CREATE TYPE "mood" AS ENUM ...`, quoted as it is there.
pub(crate) fn created_type(sql: &str) -> &str {
    let name = sql.trim_start_matches("CREATE TYPE ");
    name.split(" AS ").next().unwrap_or_default().trim()
}

/// Whether the type that a statement creates exists.
async fn enum_exists(db: &RoutingConnection, sql: &str) -> Result<bool, DbErr> {
    let name = created_type(sql);
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT 1 WHERE to_regtype($1) IS NOT NULL",
        [name.into()],
    );
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// Whether a table has a foreign key of that name.
async fn foreign_key_exists(
    db: &RoutingConnection,
    table: &TableName,
    key: &str,
) -> Result<bool, DbErr> {
    let dialect = db.get_database_backend();
    let (first, second, third, schema) = match dialect {
        DbBackend::Postgres => ("$1", "$2", "$3", "current_schema()"),
        _ => ("?", "?", "?", "DATABASE()"),
    };
    let sql = format!(
        "SELECT 1 FROM information_schema.table_constraints \
         WHERE constraint_type = 'FOREIGN KEY' AND table_name = {first} \
         AND constraint_name = {second} AND table_schema = COALESCE({third}, {schema})"
    );
    let values = [
        table.name().to_owned().into(),
        key.to_owned().into(),
        table.schema().map(str::to_owned).into(),
    ];
    let statement = Statement::from_sql_and_values(dialect, sql, values);
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// Whether a table has an index of that name.
async fn index_exists(
    db: &RoutingConnection,
    table: &TableName,
    index: &str,
) -> Result<bool, DbErr> {
    let dialect = db.get_database_backend();
    let (name, index) = (table.name().to_owned(), index.to_owned());
    let schema = table.schema().map(str::to_owned);
    let statement = match dialect {
        DbBackend::Postgres => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM pg_catalog.pg_indexes WHERE tablename = $1 AND indexname = $2 \
             AND schemaname = COALESCE($3, current_schema())",
            [name.into(), index.into(), schema.into()],
        ),
        DbBackend::MySql => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM information_schema.statistics WHERE table_name = ? \
             AND index_name = ? AND table_schema = COALESCE(?, DATABASE())",
            [name.into(), index.into(), schema.into()],
        ),
        _ => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM sqlite_master WHERE type = 'index' AND lower(tbl_name) = lower(?) \
             AND name = ?",
            [name.into(), index.into()],
        ),
    };
    Ok(db.query_one_raw(statement).await?.is_some())
}
