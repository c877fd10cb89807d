//! Which physical database is behind a name.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_routing::schema::SchemaTarget;

/// A text that two names of one physical database have in common: the server, the database on it
/// and, in Postgres, the schema in which new tables are created. Returns `None` if it is unknown.
pub(crate) async fn identity(
    target: &SchemaTarget,
    db: &DatabaseConnection,
) -> Result<Option<String>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), current_setting('port'), oid, \
             current_schema()) AS identity FROM pg_database WHERE datname = current_database()"
        }
        DbBackend::MySql => {
            "SELECT CONCAT_WS('/', @@hostname, @@port, @@datadir, DATABASE()) AS identity"
        }
        _ => return sqlite(target),
    };
    let statement = Statement::from_string(db.get_database_backend(), sql);
    match db.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "identity"),
        None => Ok(None),
    }
}

fn sqlite(target: &SchemaTarget) -> Result<Option<String>, DbErr> {
    let name = match target.sqlite_file()? {
        Some(file) => Some(file.canonicalize().unwrap_or(file)),
        None => target.sqlite_name()?,
    };
    Ok(name.map(|name| name.display().to_string()))
}
