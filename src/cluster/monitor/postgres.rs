//! Asking a Postgres server what it is.

use sea_orm::DbBackend;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Row, raw_sql};

use super::observation::{Failure, Observation};
use crate::sql::Server;
use crate::topology::{Position, Role};

/// One question each. They are asked in one statement; those that a server or an account refuses are
/// left out, so that one refusal does not hide the rest.
///
/// The position of the next record alone would not do: on an idle server it can stand just past a page
/// header, which no replica ever reaches. With `synchronous_commit = off` a commit is not flushed when
/// it returns, and only the position of the next record is past it.
///
/// A standby says what it receives to members of `pg_monitor`. Its control file says the same to all,
/// but only once it has written it anew.
const QUESTIONS: [(&str, &str); 13] = [
    ("its role", "pg_is_in_recovery()"),
    (
        "what it has replayed",
        "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END",
    ),
    (
        "what it has flushed",
        "CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END",
    ),
    (
        "where its next record is",
        "CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END",
    ),
    (
        "whether commits are asynchronous",
        "current_setting('synchronous_commit') = 'off' OR EXISTS ( \
            SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting \
            WHERE lower(setting) IN ('synchronous_commit=off', 'synchronous_commit=false', \
                'synchronous_commit=no', 'synchronous_commit=0'))",
    ),
    (
        "when it started",
        "extract(epoch FROM pg_postmaster_start_time())::text || ' ' || current_setting('port')",
    ),
    ("its database", "current_database()"),
    ("its version", "current_setting('server_version_num')"),
    (
        "its timeline",
        "CASE WHEN NOT pg_is_in_recovery() THEN \
            ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END",
    ),
    (
        "the timeline that it receives",
        "CASE WHEN pg_is_in_recovery() THEN (SELECT received_tli FROM pg_stat_wal_receiver) END",
    ),
    (
        "the timeline of its last checkpoint",
        "CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint()) END",
    ),
    (
        "the timeline that it recovers",
        "CASE WHEN pg_is_in_recovery() THEN \
            (SELECT min_recovery_end_timeline FROM pg_control_recovery()) END",
    ),
    (
        "whether its connections only read",
        "current_setting('default_transaction_read_only') = 'on'",
    ),
];

/// The option of a connection that starts read-only.
const GUARD: &str = "default_transaction_read_only=on";

/// The identifier that a standby shares with its primary. Some accounts may not read it.
const WHICH_CLUSTER: &str = "SELECT system_identifier::text FROM pg_control_system()";

/// A connection to a Postgres server.
#[derive(Debug)]
pub(super) struct PostgresServer {
    connection: PgConnection,
    cluster: Option<Box<str>>,
    /// The questions that it answers.
    asks: String,
    /// Whether the connection was to start read-only.
    starts_guarded: bool,
}

impl PostgresServer {
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, Failure> {
        let connected = options.connect().await;
        let mut connection = connected.map_err(Failure::of_opening)?;
        let cluster = match one(&mut connection, WHICH_CLUSTER).await {
            Ok(row) => text(&row, 0),
            Err(Failure::Denied(_)) => None,
            Err(failure) => return Err(failure),
        };
        let asks = questions(&mut connection).await?;
        Ok(Self {
            connection,
            cluster,
            asks,
            starts_guarded: options.get_options().is_some_and(|it| it.contains(GUARD)),
        })
    }

    pub(super) async fn ask(&mut self, asynchronous: bool) -> Result<Observation, Failure> {
        let row = one(&mut self.connection, &self.asks).await?;
        let position = |column| Position::of(DbBackend::Postgres, &text(&row, column)?);
        let number = |column: usize| text(&row, column)?.parse::<u32>().ok();
        let cluster = self.cluster.clone();
        let server = text(&row, 5).map(|started| match &cluster {
            Some(cluster) => format!("{cluster} {started}").into(),
            None => started,
        });
        let is_replica = text(&row, 0).map(|recovers| &*recovers == "true");
        // Each number only grows, so that the highest is the newest.
        let timeline = match is_replica {
            Some(true) => (9..12).filter_map(number).max(),
            Some(false) | None => number(8),
        };
        let flushes = !asynchronous && text(&row, 4).as_deref() == Some("false");
        let written = Position::committed(position(2), position(3), flushes);
        let on_timeline = |position: Position| position.on_timeline(timeline);
        Ok(Observation {
            role: is_replica.map(|is_replica| match is_replica {
                true => Role::Replica,
                false => Role::Primary,
            }),
            software: text(&row, 7).as_deref().and_then(version),
            cluster,
            server,
            timeline,
            started: None,
            catalog: text(&row, 6),
            is_guarded: text(&row, 12)
                .filter(|_| self.starts_guarded)
                .map(|is_guarded| &*is_guarded == "true"),
            is_full: None,
            replayed: position(1).or_else(|| written.clone()).map(on_timeline),
            written: written.map(on_timeline),
        })
    }
}

/// The statement that asks what this server answers.
async fn questions(connection: &mut PgConnection) -> Result<String, Failure> {
    let all = statement(&[]);
    match one(connection, &all).await {
        Ok(_) => return Ok(all),
        Err(Failure::Denied(_)) => {}
        Err(failure) => return Err(failure),
    }
    let mut refused = Vec::new();
    for (what, question) in QUESTIONS {
        match one(connection, &format!("SELECT ({question})::text")).await {
            Ok(_) => {}
            Err(Failure::Denied(reason)) => {
                tracing::warn!(target: "sea_orm_routing", what, reason, "a server does not tell its monitor something");
                refused.push(what);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(statement(&refused))
}

/// With a NULL for each question that is refused.
fn statement(refused: &[&str]) -> String {
    let answers = QUESTIONS.map(|(what, question)| match refused.contains(&what) {
        true => "NULL::text".to_owned(),
        false => format!("({question})::text"),
    });
    format!("SELECT {}", answers.join(", "))
}

async fn one(connection: &mut PgConnection, sql: &str) -> Result<PgRow, Failure> {
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
