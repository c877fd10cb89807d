//! SeaORM's traits, one line each: everything happens in the dispatch.

/// Implements `ConnectionTrait` for something that dispatches.
///
/// Written out as `async_trait` would write it, but without its box: the dispatch returns one.
macro_rules! connection_trait {
    ($type:ty) => {
        impl sea_orm::ConnectionTrait for $type {
            fn get_database_backend(&self) -> sea_orm::DbBackend {
                self.scope().dialect
            }

            $crate::connection::raw_method!(execute_raw, Execute, sea_orm::ExecResult);
            $crate::connection::raw_method!(query_one_raw, QueryOne, Option<sea_orm::QueryResult>);
            $crate::connection::raw_method!(query_all_raw, QueryAll, Vec<sea_orm::QueryResult>);
            $crate::connection::built_method!(execute, Execute, sea_orm::ExecResult);
            $crate::connection::built_method!(query_one, QueryOne, Option<sea_orm::QueryResult>);
            $crate::connection::built_method!(query_all, QueryAll, Vec<sea_orm::QueryResult>);

            fn execute_unprepared<'a, 's, 'f>(
                &'a self,
                sql: &'s str,
            ) -> $crate::connection::Answer<'f, sea_orm::ExecResult>
            where
                'a: 'f,
                's: 'f,
                Self: 'f,
            {
                self.dispatch::<$crate::connection::Unprepared, _>($crate::connection::Text(sql))
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

/// A method of `ConnectionTrait` that takes a statement.
macro_rules! raw_method {
    ($method:ident, $action:ident, $output:ty) => {
        fn $method<'a, 'f>(
            &'a self,
            statement: sea_orm::Statement,
        ) -> $crate::connection::Answer<'f, $output>
        where
            'a: 'f,
            Self: 'f,
        {
            self.dispatch::<$crate::connection::$action, _>($crate::connection::Raw(Some(
                statement,
            )))
        }
    };
}

/// A method of `ConnectionTrait` that takes a builder.
macro_rules! built_method {
    ($method:ident, $action:ident, $output:ty) => {
        fn $method<'a, 's, 'f, S>(
            &'a self,
            statement: &'s S,
        ) -> $crate::connection::Answer<'f, $output>
        where
            'a: 'f,
            's: 'f,
            S: sea_orm::StatementBuilder + 'f,
            Self: 'f,
        {
            self.dispatch::<$crate::connection::$action, _>($crate::connection::Built(statement))
        }
    };
}

pub(crate) use {built_method, connection_trait, raw_method};

use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionTrait,
};

use super::core::Core;
use super::dispatch::{Action, Answer, Dispatch, Source};
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

    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output> {
        reads::autocommit::<A, S>(&self.core, &self.scope, source)
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
        begun
            .map_err(TransactionError::Connection)?
            .run(callback)
            .await
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
