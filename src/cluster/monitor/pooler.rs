//! What a pooler before a Postgres does with the connections of its clients.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{ConnectOptions, Connection, Error, Row, raw_sql};

/// How often the server process behind a connection is compared. On a busy pooler a client may get the same
/// process twice by chance.
const ROUNDS: u32 = 3;

/// Whether clients share the connections of the server, as behind a PgBouncer in transaction mode: what one sets
/// on its connection would then hold for others.
///
/// A process of the server that was seen behind one client is looked for behind another, while that one keeps it
/// in a transaction.
///
/// # Errors
///
/// The error of a connection, or that there is no answer in time.
pub(super) async fn shares_connections(
    options: &PgConnectOptions,
    timeout: Duration,
) -> Result<bool, String> {
    let connected = tokio::time::timeout(timeout, async {
        Ok::<_, Error>((options.connect().await?, options.connect().await?))
    });
    let (mut first, mut second) = match connected.await {
        Ok(connected) => connected.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("it does not answer in {timeout:?}")),
    };
    // The only connection of a small pooler is in the transaction, so that the other client waits for it.
    let moved = tokio::time::timeout(timeout, is_moved(&mut first, &mut second)).await;
    moved.unwrap_or(Ok(true)).map_err(|error| error.to_string())
}

async fn is_moved(first: &mut PgConnection, second: &mut PgConnection) -> Result<bool, Error> {
    for _ in 0..ROUNDS {
        let before = process(first).await?;
        let mut held = second.begin().await?;
        let other = process(&mut held).await?;
        let after = process(first).await?;
        held.rollback().await?;
        if other == before || after != before {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process of the server behind a connection.
async fn process(connection: &mut PgConnection) -> Result<String, Error> {
    let row = raw_sql("SELECT pg_backend_pid()::text")
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}
