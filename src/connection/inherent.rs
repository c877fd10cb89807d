//! The inherent methods of `DatabaseConnection`, and the plain connections behind the handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DbBackend, DbErr, Schema, SchemaBuilder, TransactionError,
    TransactionTrait,
};

use super::RoutingConnection;
use crate::cluster::Pool;
use crate::dispatch::Core;
use crate::error::{AvailabilityError, RoutingError};
use crate::name::NodeName;
use crate::observe::{MetricCallback, Observers};
use crate::transaction::{RoutingTransaction, options};

/// Plain connections, for code that only takes a `DatabaseConnection`.
impl RoutingConnection {
    /// The plain connection of a database's primary: for migrators, seaography, advisory locks,
    /// `LISTEN`, temporary tables.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase), which
    /// lists the declared names.
    pub fn primary(&self, database: &str) -> Result<DatabaseConnection, RoutingError> {
        let topology = self.core.cluster.topology();
        let id = topology.require_database(database)?;
        open(
            self.core
                .cluster
                .pool_of(topology.database_by_id(id).primary),
        )
    }

    /// The plain connection of one node.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode), which lists the
    /// declared names; [`AvailabilityError::NotOpen`] for an SQLite replica whose file could not be
    /// opened yet.
    pub fn node(&self, name: &str) -> Result<DatabaseConnection, RoutingError> {
        let topology = self.core.cluster.topology();
        let id = topology.require_node(name)?;
        open(self.core.cluster.pool_of(id))
    }
}

fn open(pool: &Pool) -> Result<DatabaseConnection, RoutingError> {
    pool.get().cloned().ok_or_else(|| {
        RoutingError::Availability(AvailabilityError::NotOpen {
            node: pool.name().clone(),
        })
    })
}

/// The inherent methods of `DatabaseConnection`.
impl RoutingConnection {
    /// The dialect this handle speaks: the default database's, or the one of the database it has
    /// fixed.
    pub fn get_database_backend(&self) -> DbBackend {
        self.scope.dialect
    }

    /// A schema builder for the dialect of this handle.
    pub fn get_schema_builder(&self) -> SchemaBuilder {
        Schema::new(self.scope.dialect).builder()
    }

    /// A schema builder with every registered entity below a module path.
    #[cfg(feature = "entity-registry")]
    pub fn get_schema_registry(&self, prefix: &str) -> SchemaBuilder {
        let schema = Schema::new(self.scope.dialect);
        sea_orm::EntityRegistry::build_schema(schema, prefix)
    }

    /// Checks that the primary of every database answers.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::Connect`], naming the first node that does not. After [`close`](Self::close),
    /// SeaORM's own error of a closed pool.
    pub async fn ping(&self) -> Result<(), DbErr> {
        let topology = self.core.cluster.snapshot();
        for id in topology.database_ids() {
            let primary = topology.database_by_id(id).primary;
            let pool = self.core.cluster.pool_of(primary);
            let open = pool.open().await?;
            super::send::ping(pool, open)
                .await
                .map_err(|error| match error {
                    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => error,
                    source => RoutingError::Availability(AvailabilityError::Connect {
                        node: pool.name().clone(),
                        source: Arc::new(source),
                    })
                    .into(),
                })?;
        }
        Ok(())
    }

    /// Closes every pool; on every handle, statements fail from then on.
    ///
    /// # Errors
    ///
    /// The first error of a pool; the others are closed all the same.
    pub async fn close(self) -> Result<(), DbErr> {
        self.close_by_ref().await
    }

    /// Closes every pool; on every handle, statements fail from then on.
    ///
    /// # Errors
    ///
    /// The first error of a pool; the others are closed all the same.
    pub async fn close_by_ref(&self) -> Result<(), DbErr> {
        self.core.cluster.close().await
    }

    /// Closes every pool, and waits up to `timeout` for running statements and transactions: for rolling
    /// restarts. New statements fail from the call on.
    ///
    /// # Errors
    ///
    /// [`TopologyError::StillOpen`](crate::error::TopologyError::StillOpen) with the nodes that
    /// were still in use after `timeout`; the first error of a pool.
    pub async fn close_with(&self, timeout: Duration) -> Result<(), DbErr> {
        self.core.cluster.close_with(timeout).await
    }

    /// Calls `callback` after each statement that ran on this handle or on a handle made from it, in place
    /// of a callback that was set before. A statement is copied for it; an
    /// [`Observer`](crate::observe::Observer) is cheaper.
    pub fn set_metric_callback<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    {
        self.set_node_metric_callback(move |_, info| callback(info));
    }

    /// Like [`set_metric_callback`](Self::set_metric_callback); the callback also receives the
    /// node.
    pub fn set_node_metric_callback<F>(&mut self, callback: F)
    where
        F: Fn(&NodeName, &sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    {
        let core = &self.core;
        let callback = Arc::new(MetricCallback(callback));
        self.core = Arc::new(Core {
            cluster: core.cluster.clone(),
            shared: Arc::clone(&core.shared),
            observers: Arc::new(Observers::of_handle(&core.observers, callback)),
        });
    }

    /// Runs an async closure in a transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// # Errors
    ///
    /// The closure's error, or the error of the transaction.
    pub async fn transaction_async<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c RoutingTransaction) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        self.transaction_with_config_async(callback, None, None)
            .await
    }

    /// Like [`transaction_async`](Self::transaction_async), with isolation level and access mode.
    ///
    /// # Errors
    ///
    /// The closure's error, or the error of the transaction.
    pub async fn transaction_with_config_async<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<sea_orm::IsolationLevel>,
        access_mode: Option<sea_orm::AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c RoutingTransaction) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let options = options(isolation_level, access_mode);
        let begun = self.begin_with_options(options).await;
        let transaction = begun.map_err(TransactionError::Connection)?;
        transaction.run_async(callback).await
    }
}
