//! The rows of a statement of a transaction, one by one. The stream holds the branch until it is
//! dropped.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use sea_orm::{DbBackend, DbErr, Statement, StatementBuilder, StreamTrait};
use tokio::sync::OwnedMutexGuard;

use super::connection::BranchConnection;
use super::driver::{Driver, innermost, on_driver};
#[cfg(feature = "sqlx-dep")]
use super::driver::{query, query_error};
use super::in_flight::InFlight;
use super::state::BranchState;
use super::{RoutingTransaction, ScopedTransaction};
use crate::dispatch::{Built, Raw, RowStream, Source};

type StreamFuture<'a> = Pin<Box<dyn Future<Output = Result<RowStream<'a>, DbErr>> + 'a + Send>>;

/// Implements `StreamTrait` for a transaction or a view of one.
macro_rules! stream_trait {
    ($type:ty) => {
        impl $type {
            fn open_stream<'a, S: Source>(&'a self, mut source: S) -> StreamFuture<'a> {
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

            fn stream_raw<'a>(&'a self, statement: Statement) -> StreamFuture<'a> {
                self.open_stream(Raw(Some(statement)))
            }

            fn stream<'a, S: StatementBuilder + Sync>(&'a self, statement: &S) -> StreamFuture<'a> {
                self.open_stream(Built(statement))
            }
        }
    };
}

stream_trait!(RoutingTransaction);
stream_trait!(ScopedTransaction<'_>);

/// An owner of a connection that a stream reads from.
pub(super) trait Holder: Send {
    fn connection(&mut self) -> Result<&mut BranchConnection, DbErr>;

    /// The stream ended with this error.
    fn failed(&mut self, error: &DbErr) -> impl Future<Output = ()> + Send;
}

impl Holder for OwnedMutexGuard<BranchState> {
    fn connection(&mut self) -> Result<&mut BranchConnection, DbErr> {
        Ok(&mut self.link_mut()?.connection)
    }

    async fn failed(&mut self, error: &DbErr) {
        self.statement_failed(error).await;
    }
}

/// The rows of a statement on a branch that was entered, or on a lease.
pub(super) fn rows<'t>(mut holder: impl Holder + 't, statement: Statement) -> RowStream<'t> {
    RowStream::new(async_stream::stream! {
        let connection = match holder.connection() {
            Ok(connection) => connection,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let BranchConnection { driver, in_flight, .. } = connection;
        let mut failure = None;
        *in_flight = InFlight::Statement;
        on_driver!(
            *driver,
            |connection| {
                let mut rows = query(&statement).fetch(&mut **connection);
                loop {
                    // Dropped while it waits for a row, the driver may stop in the middle of one;
                    // dropped between two rows, it finishes by itself.
                    *in_flight = InFlight::Statement;
                    let row = rows.next().await;
                    *in_flight = InFlight::Rows;
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
            |levels| match innermost(levels) {
                Ok(transaction) => match transaction.stream_raw(statement.clone()).await {
                    Ok(mut rows) => {
                        while let Some(row) = rows.next().await {
                            yield row;
                        }
                    }
                    Err(error) => failure = Some(error),
                },
                Err(error) => failure = Some(error),
            }
        );
        *in_flight = InFlight::Nothing;
        if let Some(error) = failure {
            holder.failed(&error).await;
            yield Err(error);
        }
    })
}
