//! Rows of a transaction, one by one. The branch is held until the stream is dropped.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use sea_orm::{DbBackend, DbErr, Statement, StatementBuilder, StreamTrait};
use tokio::sync::OwnedMutexGuard;

use super::metric::StreamTimer;
use super::open::{Driver, Open, innermost, on_driver};
#[cfg(feature = "sqlx-dep")]
use super::open::{query, query_error};
use super::state::State;
use super::{RoutingTransaction, ScopedTransaction};
use crate::dispatch::{Built, Raw, RowStream, Source};

type Opening<'a> = Pin<Box<dyn Future<Output = Result<RowStream<'a>, DbErr>> + 'a + Send>>;

/// Implements `StreamTrait` for a transaction or a view of one.
macro_rules! stream_trait {
    ($type:ty) => {
        impl $type {
            fn open_stream<'a, S: Source>(&'a self, mut source: S) -> Opening<'a> {
                // The future may not borrow the builder, so it is rendered here.
                let planned = self.whole().plan(self.scope(), &mut source);
                Box::pin(self.whole().stream(planned))
            }
        }

        impl StreamTrait for $type {
            type Stream<'a>
                = RowStream<'a>
            where
                Self: 'a;

            fn get_database_backend(&self) -> DbBackend {
                self.scope().dialect
            }

            fn stream_raw<'a>(&'a self, statement: Statement) -> Opening<'a> {
                self.open_stream(Raw(Some(statement)))
            }

            fn stream<'a, S: StatementBuilder + Sync>(&'a self, statement: &S) -> Opening<'a> {
                self.open_stream(Built(statement))
            }
        }
    };
}

stream_trait!(RoutingTransaction);
stream_trait!(ScopedTransaction<'_>);

/// What holds the connection of a stream.
pub(super) trait Holder: Send {
    /// The connection, and what tells that a statement is under way.
    fn open_and_running(&mut self) -> Result<(&mut Open, &mut bool), DbErr>;

    /// The statement is sent next.
    fn begins(&mut self);

    /// The last row was taken, or this error.
    fn ended(&mut self, error: Option<&DbErr>) -> impl Future<Output = ()> + Send;
}

impl Holder for OwnedMutexGuard<State> {
    fn open_and_running(&mut self) -> Result<(&mut Open, &mut bool), DbErr> {
        State::open_and_running(self)
    }

    fn begins(&mut self) {
        self.streaming();
    }

    async fn ended(&mut self, error: Option<&DbErr>) {
        self.answered();
        match error {
            None => self.streamed(),
            Some(error) => self.failed(error).await,
        }
    }
}

/// The rows of a statement on a branch that was entered, or on a connection of its own.
pub(super) fn rows<'t>(mut holder: impl Holder + 't, statement: Statement) -> RowStream<'t> {
    RowStream::new(async_stream::stream! {
        holder.begins();
        let (open, running) = match holder.open_and_running() {
            Ok(open) => open,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let mut failure = None;
        *running = true;
        let mut timer = StreamTimer::start(open.metric.as_deref(), &statement);
        on_driver!(
            open,
            |connection| {
                let mut rows = query(&statement).fetch(&mut **connection);
                loop {
                    // Dropped while it waits for a row, it may stop in the middle of one; dropped
                    // between two, sqlx finishes by itself.
                    *running = true;
                    let row = rows.next().await;
                    *running = false;
                    match row {
                        Some(Ok(row)) => yield Ok(sea_orm::QueryResult::from(row)),
                        Some(Err(error)) => {
                            failure = Some(query_error(error));
                            break;
                        }
                        None => break,
                    }
                }
            },
            |levels| {
                let transaction = match innermost(levels) {
                    Ok(transaction) => transaction,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                };
                match transaction.stream_raw(statement.clone()).await {
                    Ok(mut rows) => {
                        while let Some(row) = rows.next().await {
                            yield row;
                        }
                    }
                    Err(error) => failure = Some(error),
                }
            }
        );
        timer.failed = failure.is_some();
        drop(timer);
        holder.ended(failure.as_ref()).await;
        if let Some(error) = failure {
            yield Err(error);
        }
    })
}
