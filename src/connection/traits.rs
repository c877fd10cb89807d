//! SeaORM's traits, one line each: everything happens in the dispatch.

/// Implements `ConnectionTrait` for something that dispatches.
macro_rules! connection_trait {
    ($type:ty) => {
        #[async_trait::async_trait]
        impl sea_orm::ConnectionTrait for $type {
            fn get_database_backend(&self) -> sea_orm::DbBackend {
                self.scope().dialect
            }

            async fn execute_raw(
                &self,
                statement: sea_orm::Statement,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::Execute, _>($crate::connection::Raw(Some(statement)))
                    .await
            }

            async fn execute<S: sea_orm::StatementBuilder>(
                &self,
                statement: &S,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::Execute, _>($crate::connection::Built(statement))
                    .await
            }

            async fn execute_unprepared(
                &self,
                sql: &str,
            ) -> Result<sea_orm::ExecResult, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::Unprepared, _>($crate::connection::Text(sql))
                    .await
            }

            async fn query_one_raw(
                &self,
                statement: sea_orm::Statement,
            ) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::QueryOne, _>($crate::connection::Raw(Some(statement)))
                    .await
            }

            async fn query_one<S: sea_orm::StatementBuilder>(
                &self,
                statement: &S,
            ) -> Result<Option<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::QueryOne, _>($crate::connection::Built(statement))
                    .await
            }

            async fn query_all_raw(
                &self,
                statement: sea_orm::Statement,
            ) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::QueryAll, _>($crate::connection::Raw(Some(statement)))
                    .await
            }

            async fn query_all<S: sea_orm::StatementBuilder>(
                &self,
                statement: &S,
            ) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
                self.dispatch::<$crate::connection::QueryAll, _>($crate::connection::Built(statement))
                    .await
            }

            /// sea-query renders no RETURNING for MySQL, whatever SeaORM's feature says.
            fn support_returning(&self) -> bool {
                let dialect = self.scope().dialect;
                dialect != sea_orm::DbBackend::MySql && dialect.support_returning()
            }

            fn is_mock_connection(&self) -> bool {
                self.core().is_mock()
            }
        }
    };
}

pub(crate) use connection_trait;

use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionTrait,
};

use super::core::Core;
use super::dispatch::{Action, Dispatch, Source};
#[cfg(feature = "stream")]
use super::dispatch::{Built, Raw};
use super::handle::RoutingConnection;
use super::reads;
use crate::scope::Scope;
use crate::transaction::RoutingTransaction;

connection_trait!(RoutingConnection);

impl Dispatch for RoutingConnection {
    fn core(&self) -> &Core {
        &self.core
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    async fn dispatch<A: Action, S: Source>(&self, source: S) -> Result<A::Output, DbErr> {
        reads::autocommit::<A, S>(&self.core, &self.scope, source).await
    }
}

#[cfg(feature = "stream")]
impl sea_orm::StreamTrait for RoutingConnection {
    type Stream<'a> = sea_orm::QueryStream;

    fn get_database_backend(&self) -> sea_orm::DbBackend {
        self.scope.dialect
    }

    fn stream_raw<'a>(
        &'a self,
        statement: sea_orm::Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        let planned = reads::plan_on_pool(&self.core, &self.scope, &mut Raw(Some(statement)));
        Box::pin(reads::stream(&self.core, &self.scope, planned))
    }

    fn stream<'a, S: sea_orm::StatementBuilder + Sync>(
        &'a self,
        statement: &S,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        // The future may not borrow the builder, so it is rendered here.
        let planned = reads::plan_on_pool(&self.core, &self.scope, &mut Built(statement));
        Box::pin(reads::stream(&self.core, &self.scope, planned))
    }
}

#[async_trait::async_trait]
impl TransactionTrait for RoutingConnection {
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
        Ok(RoutingTransaction::new(
            self.core.clone(),
            self.scope.clone(),
            options,
        ))
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c RoutingTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
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
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let begun = self.begin_with_config(isolation_level, access_mode).await;
        begun.map_err(TransactionError::Connection)?.run(callback).await
    }
}

pub(crate) fn options(
    isolation_level: Option<IsolationLevel>,
    access_mode: Option<AccessMode>,
) -> TransactionOptions {
    TransactionOptions {
        isolation_level,
        access_mode,
        sqlite_transaction_mode: None,
    }
}
