//! The handle.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryTrait, Schema, SchemaBuilder,
    Statement, TransactionError, TransactionTrait,
};

use super::core::Core;
use super::dispatch::{Explained, Raw, Source, plan};
use super::scopes::Scopes;
use super::{RoutingBuilder, options};
use crate::cluster::{NodeMetric, Pool};
use crate::error::RoutingError;
use crate::name::{NodeName, TableName};
use crate::observe::Recording;
use crate::route::Route;
use crate::scope::Scope;
use crate::session::{Consistency, Session};
use crate::topology::{Role, Topology};
use crate::transaction::RoutingTransaction;

/// A connection to several databases that looks like one to SeaORM.
///
/// It takes the place of `DatabaseConnection`: it implements `ConnectionTrait`, `TransactionTrait`
/// and `StreamTrait`, and sends each statement to the right node of the right database. Every
/// scope (`using`, `for_entity`, ...) is a `RoutingConnection` too, and clones are cheap.
///
/// ```
/// use sea_orm::entity::prelude::*;
/// use sea_orm_routing::RoutingConnection;
/// # mod cake {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "cake")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # async fn run() -> Result<(), DbErr> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .database("bakery", "sqlite::memory:")
///     .bind(cake::Entity, "bakery")
///     .connect()
///     .await?;
///
/// let route = db.explain(&cake::Entity::find())?;
/// assert_eq!(route.database().as_str(), "bakery");
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Clone)]
pub struct RoutingConnection {
    pub(crate) core: Arc<Core>,
    pub(crate) scope: Scope,
}

impl fmt::Debug for RoutingConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.core.cluster.topology();
        let nodes: Vec<_> = topology.node_names().collect();
        f.debug_struct("RoutingConnection")
            .field("nodes", &nodes)
            .field("scope", &self.scope)
            .finish()
    }
}

impl From<DatabaseConnection> for RoutingConnection {
    /// One database, `default`, with no replicas and no bindings: everything goes there.
    fn from(connection: DatabaseConnection) -> Self {
        Self::single(connection)
    }
}

/// Scopes: handles that have fixed something. Each can be narrowed further.
impl RoutingConnection {
    /// A handle for one database, or for one node, by name. It beats bindings and policies, and
    /// speaks the dialect of that database.
    ///
    /// # Errors
    ///
    /// [`RoutingError::UnknownNode`], with the names there are.
    pub fn using(&self, name: &str) -> Result<Self, RoutingError> {
        self.scopes().using(name).map(|scope| self.scoped(scope))
    }

    /// A handle for the database an entity lives in, which speaks its dialect.
    ///
    /// # Errors
    ///
    /// [`RoutingError::Unbound`] when the entity has no binding and unbound tables are refused.
    pub fn for_entity<E: EntityTrait>(&self, entity: E) -> Result<Self, RoutingError> {
        self.scopes()
            .for_entity(entity)
            .map(|scope| self.scoped(scope))
    }

    /// A handle that sends everything to primaries.
    #[must_use]
    pub fn on_primary(&self) -> Self {
        self.with_role(Role::Primary)
    }

    /// A handle that sends everything to replicas, also what is not proven to be a read (the server
    /// then decides). What is known to write or lock is refused.
    #[must_use]
    pub fn on_replica(&self) -> Self {
        self.with_role(Role::Replica)
    }

    /// A handle that refuses everything but proven reads.
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.scoped(Scope {
            read_only: true,
            ..self.scope.clone()
        })
    }

    /// A handle with other bindings on top of those there are: rebinding at run time, without a
    /// change to any other handle.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// let archive = db.with_bindings([("orders", "archive"), ("reporting.sales", "archive")])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RoutingError::BindingToNothing`] for a database that is not declared.
    pub fn with_bindings<I, T, D>(&self, bindings: I) -> Result<Self, RoutingError>
    where
        I: IntoIterator<Item = (T, D)>,
        T: Into<TableName>,
        D: AsRef<str>,
    {
        self.scopes()
            .with_bindings(bindings)
            .map(|scope| self.scoped(scope))
    }

    /// A handle for one unit of work: a request, a job.
    #[must_use]
    pub fn session(&self) -> Self {
        self.scoped(Scope {
            session: Some(Session::new(Consistency::default())),
            ..self.scope.clone()
        })
    }

    fn with_role(&self, role: Role) -> Self {
        self.scoped(Scope {
            role: Some(role),
            ..self.scope.clone()
        })
    }

    fn scoped(&self, scope: Scope) -> Self {
        Self {
            core: Arc::clone(&self.core),
            scope,
        }
    }

    fn scopes(&self) -> Scopes<'_> {
        Scopes {
            core: &self.core,
            scope: &self.scope,
        }
    }
}

/// Plain connections, for what takes only a `DatabaseConnection`.
impl RoutingConnection {
    /// The plain connection of a database's primary: for migrators, seaography, advisory locks,
    /// `LISTEN`, temporary tables.
    ///
    /// # Errors
    ///
    /// [`RoutingError::UnknownDatabase`], with the names there are.
    pub fn primary(&self, database: &str) -> Result<DatabaseConnection, RoutingError> {
        let topology = self.core.cluster.topology();
        let id = topology
            .find_database(database)
            .ok_or_else(|| RoutingError::unknown_database(database, topology.database_names()))?;
        open(self.core.cluster.pool(topology.database(id).primary))
    }

    /// The plain connection of one node.
    ///
    /// # Errors
    ///
    /// [`RoutingError::UnknownNode`], with the names there are; [`RoutingError::NotOpen`] for an
    /// SQLite replica whose file could not be opened yet.
    pub fn node(&self, name: &str) -> Result<DatabaseConnection, RoutingError> {
        let topology = self.core.cluster.topology();
        let id = topology
            .find_node(name)
            .ok_or_else(|| RoutingError::unknown_node(name, topology.node_names()))?;
        open(self.core.cluster.pool(id))
    }
}

fn open(pool: &Pool) -> Result<DatabaseConnection, RoutingError> {
    pool.get().cloned().ok_or_else(|| RoutingError::NotOpen {
        node: pool.name().clone(),
    })
}

/// What is there, and where things would go.
impl RoutingConnection {
    /// Starts the declaration of databases and bindings.
    pub fn builder() -> RoutingBuilder {
        RoutingBuilder::default()
    }

    /// The databases and nodes now; prints as a table.
    pub fn topology(&self) -> Arc<Topology> {
        self.core.cluster.snapshot()
    }

    /// The session of this handle, if it has one.
    pub fn current_session(&self) -> Option<&Session> {
        self.scope.session.as_ref()
    }

    /// Where a query would go on this handle, and why. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    pub fn explain<Q: QueryTrait + Sync>(&self, query: &Q) -> Result<Route, DbErr> {
        self.explain_source(Explained(query))
    }

    /// Where a text would go on this handle, and why.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    pub fn explain_sql(&self, sql: &str) -> Result<Route, DbErr> {
        let statement = Statement::from_string(self.scope.dialect, sql);
        self.explain_source(Raw(Some(statement)))
    }

    pub(crate) fn decide_only(&self, statement: &Statement) -> Result<bool, DbErr> {
        let dialect = statement.db_backend;
        let known = self.core.know(&statement.sql, dialect);
        let mark = self.core.take_mark();
        if let Some(settled) = self.core.settled(&self.scope, &known) {
            return Ok(settled.decision.role == Role::Replica);
        }
        let topology = self.core.cluster.topology();
        self.core
            .decide(&topology, &self.scope, &known, dialect, &[], mark)
            .map(|decision| decision.role == Role::Replica)
    }

    fn explain_source<S: Source>(&self, mut source: S) -> Result<Route, DbErr> {
        let core = &self.core;
        let planned = plan(
            core,
            &self.scope,
            &mut source,
            |_| None,
            |topology, known, dialect| {
                core.decide(topology, &self.scope, known, dialect, &[], None)
            },
        )?;
        Ok(core.route(&planned.known, planned.decision))
    }

    /// Records the route of every statement sent from now on, on every handle of this connection,
    /// until the recording is dropped.
    pub fn record(&self) -> Recording {
        self.core.shared.recorders.start()
    }

    /// How often a replica refused a statement as a write, which then ran on the primary. Each is a
    /// text that looks like a read and is none; see the warning in the log for it.
    pub fn refusals(&self) -> u64 {
        self.core.shared.refusals.load(Ordering::Relaxed)
    }
}

/// The inherent methods of `DatabaseConnection`.
impl RoutingConnection {
    /// The dialect this handle speaks: that of the default database, or of what it has fixed.
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
    /// [`RoutingError::Connect`], naming the first node that does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        let topology = self.core.cluster.snapshot();
        for database in topology.databases() {
            let pool = self.core.cluster.pool(database.primary);
            let answer = pool.open().await?.ping().await;
            answer.map_err(|source| RoutingError::Connect {
                node: pool.name().clone(),
                source: Arc::new(source),
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
        let mut result = Ok(());
        for pool in self.core.cluster.pools() {
            if let Some(connection) = pool.get() {
                result = result.and(connection.close_by_ref().await);
            }
        }
        result
    }

    /// Calls `callback` after each statement that this handle, and what is made from it, has run.
    pub fn set_metric_callback<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    {
        self.set_node_metric_callback(move |_, info| callback(info));
    }

    /// Like [`set_metric_callback`](Self::set_metric_callback), with the node that ran it.
    pub fn set_node_metric_callback<F>(&mut self, callback: F)
    where
        F: Fn(&NodeName, &sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    {
        let metric: NodeMetric = Arc::new(callback);
        self.core = Arc::new(Core {
            cluster: self.core.cluster.with_metric(&metric),
            shared: Arc::clone(&self.core.shared),
        });
    }

    /// Runs an async closure in a transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// # Errors
    ///
    /// The closure's error, or that of the transaction.
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
    /// The closure's error, or that of the transaction.
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
