//! Asking a MariaDB or MySQL server what it is.

use std::time::{Duration, Instant};

use sea_orm::DbBackend;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Row, raw_sql};

use super::observation::{Failure, Observation};
use crate::clock::Clock;
use crate::sql::Server;
use crate::topology::{Position, Role};

const VERSION: &str = "SELECT VERSION()";

/// For how many seconds it has run.
const UPTIME_OF_MARIADB: &str = "\
SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME'";
const UPTIME_OF_MYSQL: &str = "\
SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'UPTIME'";

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
    /// The latest moment at which it can have started. `None` if it does not say.
    started: Option<Instant>,
}

impl MySqlServer {
    pub(super) async fn open(options: &MySqlConnectOptions, clock: Clock) -> Result<Self, Failure> {
        let connected = options.connect().await;
        let mut connection = connected.map_err(Failure::of_opening)?;
        let version = text(&one(&mut connection, VERSION).await?, 0);
        let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
        let uptime = match is_mariadb {
            true => UPTIME_OF_MARIADB,
            false => UPTIME_OF_MYSQL,
        };
        let seconds = match one(&mut connection, uptime).await {
            Ok(row) => text(&row, 0).and_then(|seconds| seconds.parse().ok()),
            Err(Failure::Error(_) | Failure::Denied(_)) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Self {
            connection,
            is_mariadb,
            started: seconds.and_then(|it| clock.now().checked_sub(Duration::from_secs(it))),
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
            timeline: None,
            started: self.started,
            catalog: text(&row, 4),
            is_guarded: None,
            is_full: None,
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
