//! Asking a MariaDB or MySQL server what it is.

use sea_orm::DbBackend;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Row, raw_sql};

use super::observation::{Failure, Observation};
use crate::sql::Server;
use crate::topology::{Position, Role};

const VERSION: &str = "SELECT VERSION()";

/// Whether it is read-only; what it has committed; what it has replayed; its identity; the database of
/// the URL.
///
/// A promoted MariaDB that did not log what it replicated (`log_slave_updates`, off by default) has that
/// in its current position only; one that did, and was reset as a replica, in the position of its log.
const ASK_MARIADB: &str = "\
SELECT CAST(@@global.read_only AS CHAR), \
    CONCAT_WS(',', NULLIF(CAST(@@global.gtid_binlog_pos AS CHAR), ''), \
        NULLIF(CAST(@@global.gtid_current_pos AS CHAR), '')), \
    CAST(@@global.gtid_slave_pos AS CHAR), CONCAT_WS(' ', @@hostname, @@port, @@server_id), \
    DATABASE()";

const ASK_MYSQL: &str = "\
SELECT CAST(@@global.read_only AS CHAR), @@global.gtid_executed, @@global.gtid_executed, \
    @@server_uuid, DATABASE()";

/// A connection to a server.
#[derive(Debug)]
pub(super) struct MySqlServer {
    connection: MySqlConnection,
    is_mariadb: bool,
}

impl MySqlServer {
    pub(super) async fn open(options: &MySqlConnectOptions) -> Result<Self, Failure> {
        let connected = options.connect().await;
        let mut connection = connected.map_err(Failure::of_opening)?;
        let version = text(&one(&mut connection, VERSION).await?, 0);
        let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
        Ok(Self {
            connection,
            is_mariadb,
        })
    }

    pub(super) async fn ask(&mut self) -> Result<Observation, Failure> {
        let sql = match self.is_mariadb {
            true => ASK_MARIADB,
            false => ASK_MYSQL,
        };
        let row = one(&mut self.connection, sql).await?;
        let read_only = text(&row, 0);
        let role = match read_only.as_deref() {
            Some("0" | "OFF") => Some(Role::Primary),
            Some(_) => Some(Role::Replica),
            None => None,
        };
        Ok(Observation {
            role,
            software: Some(match self.is_mariadb {
                true => Server::MariaDb,
                false => Server::MySql,
            }),
            cluster: None,
            server: text(&row, 3),
            catalog: text(&row, 4),
            written: position(&row, 1),
            replayed: position(&row, 2),
        })
    }
}

/// A server that keeps no log has an empty position, which proves nothing.
fn position(row: &MySqlRow, column: usize) -> Option<Position> {
    let position = text(row, column).filter(|position| !position.trim().is_empty())?;
    Position::of(DbBackend::MySql, &position)
}

async fn one(connection: &mut MySqlConnection, sql: &'static str) -> Result<MySqlRow, Failure> {
    let row = raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await;
    row.map_err(Failure::of_asking)
}

fn text(row: &MySqlRow, column: usize) -> Option<Box<str>> {
    let text: Option<String> = row.try_get(column).ok()?;
    text.map(Into::into)
}
