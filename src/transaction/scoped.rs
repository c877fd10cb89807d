//! A view of a transaction that has fixed something.

use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionTrait,
};

use super::RoutingTransaction;
use crate::dispatch::{Action, Answer, Core, Dispatch, Source, connection_trait};
use crate::error::RoutingError;
use crate::scope::Scope;

/// A view of a transaction for one database: what `txn.using(..)` and `txn.for_entity(..)` return.
/// It runs in the same transaction.
#[derive(Debug)]
pub struct ScopedTransaction<'t> {
    transaction: &'t RoutingTransaction,
    scope: Scope,
}

impl<'t> ScopedTransaction<'t> {
    pub(super) fn new(
        transaction: &'t RoutingTransaction,
        scope: Scope,
    ) -> Result<Self, RoutingError> {
        Ok(Self { transaction, scope })
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn core(&self) -> &Core {
        self.transaction.core()
    }

    #[cfg(feature = "stream")]
    pub(super) fn whole(&self) -> &'t RoutingTransaction {
        self.transaction
    }

    pub(super) fn nested(&self, scope: Scope) -> Result<RoutingTransaction, DbErr> {
        self.transaction.nested(scope)
    }
}

connection_trait!(ScopedTransaction<'_>);

impl Dispatch for ScopedTransaction<'_> {
    fn core(&self) -> &Core {
        self.transaction.core()
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output> {
        Box::pin(self.transaction.send::<A, S>(&self.scope, source))
    }
}

/// Implements `TransactionTrait` for a transaction or a view of one: what begins in it is nested,
/// and has the options of the outermost.
macro_rules! transaction_trait {
    ($type:ty) => {
        #[async_trait::async_trait]
        impl TransactionTrait for $type {
            type Transaction = RoutingTransaction;

            async fn begin(&self) -> Result<RoutingTransaction, DbErr> {
                self.nested(self.scope().clone())
            }

            async fn begin_with_config(
                &self,
                _: Option<IsolationLevel>,
                _: Option<AccessMode>,
            ) -> Result<RoutingTransaction, DbErr> {
                self.begin().await
            }

            async fn begin_with_options(
                &self,
                _: TransactionOptions,
            ) -> Result<RoutingTransaction, DbErr> {
                self.begin().await
            }

            async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(
                        &'c RoutingTransaction,
                    )
                        -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
                    + Send,
                T: Send,
                E: std::fmt::Display + std::fmt::Debug + Send,
            {
                let nested = self.begin().await.map_err(TransactionError::Connection)?;
                nested.run(callback).await
            }

            async fn transaction_with_config<F, T, E>(
                &self,
                callback: F,
                _: Option<IsolationLevel>,
                _: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(
                        &'c RoutingTransaction,
                    )
                        -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
                    + Send,
                T: Send,
                E: std::fmt::Display + std::fmt::Debug + Send,
            {
                self.transaction(callback).await
            }
        }

        #[cfg(feature = "stream")]
        impl sea_orm::StreamTrait for $type {
            type Stream<'a>
                = crate::dispatch::RowStream<'a>
            where
                Self: 'a;

            fn get_database_backend(&self) -> sea_orm::DbBackend {
                self.scope().dialect
            }

            fn stream_raw<'a>(
                &'a self,
                statement: sea_orm::Statement,
            ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
                self.open_stream($crate::dispatch::Raw(Some(statement)))
            }

            fn stream<'a, S: sea_orm::StatementBuilder + Sync>(
                &'a self,
                statement: &S,
            ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
                self.open_stream($crate::dispatch::Built(statement))
            }
        }
    };
}

pub(super) use transaction_trait;

transaction_trait!(ScopedTransaction<'_>);
