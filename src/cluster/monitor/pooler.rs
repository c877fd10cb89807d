//! What a pooler before a Postgres does with the connections of its clients.

use std::pin::pin;
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
        Err(_) => return Err(no_answer(timeout)),
    };
    for _ in 0..ROUNDS {
        match tokio::time::timeout(timeout * 3, is_moved(&mut first, &mut second, timeout)).await {
            Ok(Ok(true)) => return Ok(true),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(no_answer(timeout)),
        }
    }
    Ok(false)
}

fn no_answer(timeout: Duration) -> String {
    format!("it does not answer in {timeout:?}")
}

async fn is_moved(
    first: &mut PgConnection,
    second: &mut PgConnection,
    timeout: Duration,
) -> Result<bool, Error> {
    let before = process(first).await?;
    let mut held = match second.begin().await {
        Ok(held) => held,
        // A pooler of single statements allows no transaction.
        Err(Error::Database(_)) => return Ok(true),
        Err(error) => return Err(error),
    };
    let other = process(&mut held).await?;
    let mut after = pin!(process(first));
    let after = match tokio::time::timeout(timeout, after.as_mut()).await {
        Ok(after) => after?,
        Err(_) => {
            // It waited for the transaction of the other client, if it is answered now.
            held.rollback().await?;
            after.await?;
            return Ok(true);
        }
    };
    held.rollback().await?;
    Ok(other == before || after != before)
}

/// The process of the server behind a connection.
async fn process(connection: &mut PgConnection) -> Result<String, Error> {
    let row = raw_sql("SELECT pg_backend_pid()::text")
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}
