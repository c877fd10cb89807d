//! Transactions around a callback: committed on `Ok`, rolled back on `Err`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionTrait,
};

use super::{RoutingTransaction, ScopedTransaction, options};

impl RoutingTransaction {
    pub(crate) async fn run<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let result = callback(&self).await;
        self.conclude(result).await
    }

    pub(crate) async fn run_async<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c Self) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let result = callback(&self).await;
        self.conclude(result).await
    }

    /// Commits after success, rolls back after an error, and returns the callback's error. If the
    /// rollback fails too, the connection is closed and the server rolls back.
    async fn conclude<T, E>(self, result: Result<T, E>) -> Result<T, TransactionError<E>>
    where
        E: fmt::Display + fmt::Debug,
    {
        match result {
            Ok(value) => {
                let committed = self.commit().await;
                committed.map_err(TransactionError::Connection)?;
                Ok(value)
            }
            Err(error) => {
                if let Err(error) = self.rollback().await {
                    tracing::warn!(target: "sea_orm_routing", %error, "a rollback failed");
                }
                Err(TransactionError::Transaction(error))
            }
        }
    }
}

/// Implements `TransactionTrait` for a transaction or a view of one, and the forms that take an
/// async closure. What begins in a transaction is nested.
macro_rules! transaction_trait {
    ($type:ty) => {
        impl $type {
            /// Runs an async closure in a nested transaction: commits on `Ok`, rolls back on `Err`.
            ///
            /// # Errors
            ///
            /// The closure's error, or the error of the transaction.
            pub async fn transaction_async<F, T, E>(
                &self,
                callback: F,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> AsyncFnOnce(&'c RoutingTransaction) -> Result<T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                self.transaction_with_config_async(callback, None, None)
                    .await
            }

            /// Like `transaction_async`, with isolation level and access mode. A nested transaction
            /// can only be read-only.
            ///
            /// # Errors
            ///
            /// The closure's error, or the error of the transaction.
            pub async fn transaction_with_config_async<F, T, E>(
                &self,
                callback: F,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> AsyncFnOnce(&'c RoutingTransaction) -> Result<T, E> + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                let nested = self.begin_with_config(isolation_level, access_mode).await;
                let nested = nested.map_err(TransactionError::Connection)?;
                nested.run_async(callback).await
            }
        }

        #[async_trait::async_trait]
        impl TransactionTrait for $type {
            type Transaction = RoutingTransaction;

            async fn begin(&self) -> Result<RoutingTransaction, DbErr> {
                self.begin_with_options(TransactionOptions::default()).await
            }

            async fn begin_with_config(
                &self,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<RoutingTransaction, DbErr> {
                self.begin_with_options(options(isolation_level, access_mode))
                    .await
            }

            async fn begin_with_options(
                &self,
                options: TransactionOptions,
            ) -> Result<RoutingTransaction, DbErr> {
                self.nested(self.scope().clone(), options)
            }

            async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(
                        &'c RoutingTransaction,
                    )
                        -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
                    + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                self.transaction_with_config(callback, None, None).await
            }

            async fn transaction_with_config<F, T, E>(
                &self,
                callback: F,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(
                        &'c RoutingTransaction,
                    )
                        -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
                    + Send,
                T: Send,
                E: fmt::Display + fmt::Debug + Send,
            {
                let nested = self.begin_with_config(isolation_level, access_mode).await;
                let nested = nested.map_err(TransactionError::Connection)?;
                nested.run(callback).await
            }
        }
    };
}

transaction_trait!(RoutingTransaction);
transaction_trait!(ScopedTransaction<'_>);
