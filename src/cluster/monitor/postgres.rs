//! Asking a Postgres server what it is.

use sea_orm::DbBackend;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Row, raw_sql};

use super::observation::{Failure, Observation};
use crate::sql::Server;
use crate::topology::{Position, Role};

/// Whether it replays the log of another server; the position it has replayed or flushed; the position
/// of the next record; whether a role or the server commits asynchronously; its start time; the
/// database of the URL; its version.
///
/// The position of the next record alone would not do: on an idle server it can stand just past a page
/// header, which no replica ever reaches. With `synchronous_commit = off` a commit is not flushed when
/// it returns, and only the position of the next record is past it.
const ASK: &str = "\
SELECT pg_is_in_recovery()::text, \
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
         ELSE pg_current_wal_flush_lsn() END::text, \
    CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_insert_lsn() END::text, \
    (current_setting('synchronous_commit') = 'off' OR EXISTS ( \
        SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting \
        WHERE lower(setting) IN ('synchronous_commit=off', 'synchronous_commit=false', \
            'synchronous_commit=no', 'synchronous_commit=0')))::text, \
    extract(epoch FROM pg_postmaster_start_time())::text || ' ' || current_setting('port'), \
    current_database()::text, current_setting('server_version_num')";

/// The identifier that a standby shares with its primary. Reading it needs a privilege.
const WHICH_CLUSTER: &str = "SELECT system_identifier::text FROM pg_control_system()";

/// A connection to a Postgres server.
#[derive(Debug)]
pub(super) struct PostgresServer {
    connection: PgConnection,
    cluster: Option<Box<str>>,
}

impl PostgresServer {
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, Failure> {
        let connected = options.connect().await;
        let mut connection = connected.map_err(Failure::of_opening)?;
        let cluster = match one(&mut connection, WHICH_CLUSTER).await {
            Ok(row) => text(&row, 0),
            Err(Failure::Error(_)) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Self {
            connection,
            cluster,
        })
    }

    pub(super) async fn ask(&mut self, asynchronous: bool) -> Result<Observation, Failure> {
        let row = one(&mut self.connection, ASK).await?;
        let replays = text(&row, 0).as_deref() == Some("true");
        let reached = text(&row, 1).and_then(|lsn| Position::of(DbBackend::Postgres, &lsn));
        let next = text(&row, 2).and_then(|lsn| Position::of(DbBackend::Postgres, &lsn));
        let flushes = !asynchronous && text(&row, 3).as_deref() == Some("false");
        let started = text(&row, 4);
        let cluster = self.cluster.clone();
        let server = started.map(|started| match &cluster {
            Some(cluster) => format!("{cluster} {started}").into(),
            None => started,
        });
        let (role, written) = match replays {
            true => (Role::Replica, None),
            false => (
                Role::Primary,
                Position::committed(reached.clone(), next, flushes),
            ),
        };
        Ok(Observation {
            role: Some(role),
            software: text(&row, 6).as_deref().and_then(version),
            cluster,
            server,
            catalog: text(&row, 5),
            written,
            replayed: reached,
        })
    }
}

async fn one(connection: &mut PgConnection, sql: &'static str) -> Result<PgRow, Failure> {
    let row = raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await;
    row.map_err(Failure::of_asking)
}

/// From the number of a version, such as 170002.
fn version(number: &str) -> Option<Server> {
    let number: u32 = number.parse().ok()?;
    u16::try_from(number / 10_000).ok().map(Server::Postgres)
}

fn text(row: &PgRow, column: usize) -> Option<Box<str>> {
    let text: Option<String> = row.try_get(column).ok()?;
    text.map(Into::into)
}
