//! Sending a statement on a pool.
//!
//! SeaORM's own executors send the statement, and the future is theirs. MySQL is the exception: a
//! statement that is cancelled there [must not return its connection](crate::transaction).

use sea_orm::{DatabaseConnection, DbErr, Statement};

use super::pending_reply::Delivered;
use crate::cluster::{FallbackPermit, Pool};
use crate::dispatch::{Action, Answer, Origin};
use crate::route::Decision;
use crate::scope::Scope;
use crate::transaction::ReadOnlyLease;

/// What a statement outside a transaction delivers: the result of an [`Action`], or a stream of
/// rows.
pub(crate) trait Deliver: Send + 'static {
    type Output: Send + 'static;

    /// Sends a statement to a pool that is `open`.
    fn send<'a>(
        on: OpenPool<'a>,
        statement: Statement,
        decision: Decision,
    ) -> Answer<'a, Self::Output>;

    /// Whether the output proves that the node has answered.
    fn proves_answer(decision: Decision) -> bool;

    /// Called when the node has replied. What the reply still holds ends now, or with the last row.
    fn delivered(output: Self::Output, delivered: Delivered<'_>) -> Self::Output;

    /// Keeps where the output came from, if more of it is to come.
    fn keep_origin(output: Self::Output, origin: impl FnOnce() -> Origin) -> Self::Output;
}

/// The pool that a statement is sent on, which is open.
#[derive(Clone, Copy)]
pub(crate) struct OpenPool<'a> {
    pub(super) pool: &'a Pool,
    pub(super) open: &'a DatabaseConnection,
    /// The server must refuse writes: the handle is `read_only()`, and the pool has no guard.
    pub(super) read_only: bool,
}

impl<'a> OpenPool<'a> {
    pub(super) fn new(scope: &Scope, pool: &'a Pool, open: &'a DatabaseConnection) -> Self {
        Self {
            pool,
            open,
            read_only: scope.read_only && !pool.is_guarded(),
        }
    }
}

/// The reply of a node to one attempt.
pub(super) struct Reply<'a, T> {
    pub(super) answer: Answer<'a, T>,
    /// Held by the attempt until the reply.
    pub(super) permit: Option<FallbackPermit>,
    /// What was sent, if observers ask for it.
    pub(super) statement: Option<Box<Statement>>,
}

impl<A: Action> Deliver for A {
    type Output = A::Output;

    fn send<'a>(on: OpenPool<'a>, statement: Statement, _: Decision) -> Answer<'a, A::Output> {
        let OpenPool { pool, open, .. } = on;
        if on.read_only {
            return Box::pin(async move {
                match ReadOnlyLease::begin(pool, statement.db_backend).await? {
                    Some(lease) => lease.run::<A>(statement).await,
                    None => A::on_pool(open, statement).await,
                }
            });
        }
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

    fn proves_answer(_: Decision) -> bool {
        true
    }

    fn delivered(output: A::Output, mut delivered: Delivered<'_>) -> A::Output {
        delivered.pending.ended(None, A::rows(&output));
        output
    }

    fn keep_origin(output: A::Output, _: impl FnOnce() -> Origin) -> A::Output {
        output
    }
}

/// A stream of rows.
#[cfg(feature = "stream")]
pub(crate) struct Rows;

#[cfg(feature = "stream")]
impl Deliver for Rows {
    type Output = crate::dispatch::RowStream<'static>;

    /// If the read may be retried elsewhere, this waits for the first row: from then on the stream
    /// stays on its node.
    fn send<'a>(
        on: OpenPool<'a>,
        statement: Statement,
        decision: Decision,
    ) -> Answer<'a, Self::Output> {
        use futures_util::{StreamExt, stream};

        use crate::dispatch::RowStream;

        Box::pin(async move {
            let mut rows = open_stream(on, statement).await?;
            if !decision.may_retry_elsewhere {
                return Ok(rows);
            }
            Ok(match rows.next().await.transpose()? {
                Some(first) => RowStream::new(stream::iter([Ok(first)]).chain(rows)),
                None => RowStream::new(stream::empty()),
            })
        })
    }

    /// Without its first row, a stream has only got a connection.
    fn proves_answer(decision: Decision) -> bool {
        decision.may_retry_elsewhere
    }

    fn delivered(rows: Self::Output, delivered: Delivered<'_>) -> Self::Output {
        let rows = match delivered.monitored {
            Some(pool) => {
                let rows = pool.rows_unless_lost(delivered.pending.role(), rows);
                crate::dispatch::RowStream::new(rows)
            }
            None => rows,
        };
        rows.holding(delivered.until_last_row())
    }

    fn keep_origin(rows: Self::Output, origin: impl FnOnce() -> Origin) -> Self::Output {
        rows.holding(Some(origin()))
    }
}

#[cfg(feature = "stream")]
async fn open_stream(
    on: OpenPool<'_>,
    statement: Statement,
) -> Result<crate::dispatch::RowStream<'static>, DbErr> {
    use sea_orm::StreamTrait;

    let OpenPool { pool, open, .. } = on;
    if on.read_only
        && let Some(lease) = ReadOnlyLease::begin(pool, statement.db_backend).await?
    {
        return Ok(lease.rows(statement));
    }
    #[cfg(feature = "sqlx-mysql")]
    if statement.db_backend == sea_orm::DbBackend::MySql
        && let Some(lease) = crate::transaction::Lease::take(pool).await?
    {
        return Ok(lease.rows(statement));
    }
    let _ = pool;
    let rows = open.stream_raw(statement).await?;
    Ok(crate::dispatch::RowStream::new(rows))
}

/// Pings a node. On MySQL, sqlx's own ping would leave its reply to the next statement if it is
/// cancelled.
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
