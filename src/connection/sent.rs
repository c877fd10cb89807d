//! A statement on a pool.
//!
//! SeaORM's own executors send it, and its future is theirs. Not so on MySQL, where a statement that
//! is cut off [must not return its connection](crate::transaction).

use sea_orm::{DatabaseConnection, DbErr, Statement};

use crate::cluster::Pool;
use crate::dispatch::{Action, Answer};

/// Sends a statement to a pool that is `open`.
pub(super) fn send<'a, A: Action>(
    pool: &'a Pool,
    open: &'a DatabaseConnection,
    statement: Statement,
) -> Answer<'a, A::Output> {
    #[cfg(feature = "sqlx-mysql")]
    if statement.db_backend == sea_orm::DbBackend::MySql {
        return Box::pin(async move {
            match crate::transaction::Lease::take(pool).await? {
                Some(lease) => lease.run::<A>(statement).await,
                None => A::on_pool(open, statement).await,
            }
        });
    }
    let _ = pool;
    A::on_pool(open, statement)
}

/// Asks a node for a sign of life. On MySQL, sqlx's own would leave its answer to somebody else when it
/// is cut off.
pub(super) async fn ping(pool: &Pool, open: &DatabaseConnection) -> Result<(), DbErr> {
    #[cfg(feature = "sqlx-mysql")]
    if let crate::cluster::DriverKind::MySql(_) = crate::cluster::DriverKind::of(open)
        && let Some(lease) = crate::transaction::Lease::take(pool).await?
    {
        let statement = Statement::from_string(sea_orm::DbBackend::MySql, "SELECT 1");
        return lease
            .run::<crate::dispatch::Unprepared>(statement)
            .await
            .map(drop);
    }
    let _ = pool;
    open.ping().await
}

/// The rows of a statement on a pool, one by one.
#[cfg(feature = "stream")]
pub(super) async fn stream(
    pool: &Pool,
    statement: Statement,
) -> Result<crate::dispatch::RowStream<'static>, DbErr> {
    use sea_orm::StreamTrait;

    use crate::dispatch::RowStream;

    let open = pool.open().await?;
    #[cfg(feature = "sqlx-mysql")]
    if statement.db_backend == sea_orm::DbBackend::MySql
        && let Some(lease) = crate::transaction::Lease::take(pool).await?
    {
        return Ok(lease.rows(statement));
    }
    Ok(RowStream::new(open.stream_raw(statement).await?))
}
