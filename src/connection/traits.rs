//! SeaORM's traits on the handle.

use std::future::Future;
use std::pin::Pin;

use sea_orm::{
    AccessMode, DbErr, IsolationLevel, TransactionError, TransactionOptions, TransactionTrait,
};

use super::RoutingConnection;
use super::autocommit;
#[cfg(feature = "stream")]
use super::send::Rows;
use crate::dispatch::{Action, Answer, Core, Dispatch, Source, connection_trait};
#[cfg(feature = "stream")]
use crate::dispatch::{Built, Raw, RowStream};
use crate::scope::Scope;
use crate::topology::Role;
use crate::transaction::{RoutingTransaction, options};

connection_trait!(RoutingConnection);

impl Dispatch for RoutingConnection {
    fn core(&self) -> &Core {
        &self.core
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output> {
        autocommit::autocommit::<A, S>(&self.core, &self.scope, source)
    }
}

#[cfg(feature = "stream")]
impl sea_orm::StreamTrait for RoutingConnection {
    type Stream<'a> = RowStream<'static>;

    fn get_database_backend(&self) -> sea_orm::DbBackend {
        self.scope.dialect
    }

    fn stream_raw<'a>(
        &'a self,
        statement: sea_orm::Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        autocommit::autocommit::<Rows, _>(&self.core, &self.scope, Raw(Some(statement)))
    }

    fn stream<'a, S: sea_orm::StatementBuilder + Sync>(
        &'a self,
        statement: &S,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        // The future must not borrow the builder, so a retry repeats the rendered statement.
        let planned = autocommit::plan(&self.core, &self.scope, &mut Built(statement));
        autocommit::deliver::<Rows, _>(&self.core, &self.scope, Raw(None), planned)
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
        mut options: TransactionOptions,
    ) -> Result<RoutingTransaction, DbErr> {
        // On a replica nothing else is possible.
        let on_replica = self.scope.role == Some(Role::Replica) && options.access_mode.is_none();
        if self.scope.read_only || on_replica {
            options.access_mode = Some(AccessMode::ReadOnly);
        }
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
