//! Which physical database stands behind a name.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use crate::cluster::{sqlite_file, sqlite_name};

/// What two names of one physical database have in common: the server, the database on it and, in
/// Postgres, the schema new tables are created in. Nothing where that cannot be told.
pub(super) async fn identity(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), current_setting('port'), oid, \
             current_schema()) AS identity FROM pg_database WHERE datname = current_database()"
        }
        DbBackend::MySql => {
            "SELECT CONCAT_WS('/', @@hostname, @@port, @@datadir, DATABASE()) AS identity"
        }
        _ => return Ok(sqlite(db)),
    };
    let statement = Statement::from_string(db.get_database_backend(), sql);
    match db.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "identity"),
        None => Ok(None),
    }
}

fn sqlite(db: &DatabaseConnection) -> Option<String> {
    let name = match sqlite_file(db) {
        Some(file) => file.canonicalize().unwrap_or(file),
        None => sqlite_name(db)?,
    };
    Some(name.display().to_string())
}
