//! The pool of one node, opened at its first use.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[cfg(feature = "stream")]
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
#[cfg(feature = "stream")]
use futures_util::stream::Stream;
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr};
use tokio::sync::OnceCell;

use super::driver_kind::DriverKind;
use super::loss::LossSignal;
use super::only_connection::{HeldOnly, OnlyConnection};
use super::open::OpenPlan;
use crate::error::{AvailabilityError, RoutingError};
use crate::name::NodeName;
use crate::topology::Role;

/// A node's pool. Cheap to clone; the clones share the connections.
#[derive(Clone)]
pub(crate) struct Pool {
    inner: Arc<PoolInner>,
}

struct PoolInner {
    name: NodeName,
    connection: OnceCell<DatabaseConnection>,
    plan: Option<OpenPlan>,
    closed: AtomicBool,
    /// When the last attempt to open it has failed, and why.
    failed: Mutex<Option<(Instant, RoutingError)>>,
    /// Ends the waits for answers of the node.
    loss: LossSignal,
    /// Whether the pool belonged to a primary that lost the role: no statement waits for its answers.
    is_fenced: AtomicBool,
    only_connection: OnlyConnection,
    /// Held while the schema of a database that no other process can reach is changed.
    migrating: Arc<tokio::sync::Mutex<()>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.inner.name)
            .field("open", &self.inner.connection.initialized())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool that is opened by its plan.
    pub(crate) fn planned(name: NodeName, plan: OpenPlan) -> Self {
        Self::new(name, None, Some(plan))
    }

    /// A pool that is open already.
    pub(crate) fn opened(name: NodeName, connection: DatabaseConnection) -> Self {
        Self::new(name, Some(connection), None)
    }

    /// Another pool with the same connections, whose statements can be failed apart from those of this
    /// one.
    pub(super) fn renewed(&self) -> Self {
        let connection = self.inner.connection.get().cloned();
        Self::new(self.inner.name.clone(), connection, self.inner.plan.clone())
    }

    fn new(name: NodeName, connection: Option<DatabaseConnection>, plan: Option<OpenPlan>) -> Self {
        Self {
            inner: Arc::new(PoolInner {
                name,
                connection: OnceCell::new_with(connection),
                plan,
                closed: AtomicBool::new(false),
                failed: Mutex::default(),
                loss: LossSignal::default(),
                is_fenced: AtomicBool::new(false),
                only_connection: OnlyConnection::default(),
                migrating: Arc::default(),
            }),
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.inner.name
    }

    /// How it is opened. Returns `None` if it was given open.
    pub(super) fn plan(&self) -> Option<&OpenPlan> {
        self.inner.plan.as_ref()
    }

    /// Whether the server refuses writes on each of its connections.
    pub(crate) fn is_guarded(&self) -> bool {
        self.plan().is_some_and(OpenPlan::is_guarded)
    }

    /// Fails the statements in flight: the node is declared dead.
    pub(super) fn lose(&self) {
        self.inner.loss.notify_all();
    }

    /// Waits for an answer of the node. Fails as soon as the node is declared dead or loses the primary
    /// role, since its connection may hang for as long as the network allows.
    pub(crate) async fn unless_lost<T>(
        &self,
        role: Role,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let reason = match role {
            Role::Replica => "it was found to be down",
            Role::Primary => {
                "its server is dead, or another node is the primary now; whether the statement ran is \
                 not known"
            }
        };
        let mut lost = pin!(self.inner.loss.lost());
        // Notifications count from here on; the last one may have come before.
        lost.as_mut().enable();
        let is_fenced = self.inner.is_fenced.load(Ordering::Acquire);
        let node_lost = || {
            let node = self.name().clone();
            Err(RoutingError::Availability(AvailabilityError::NodeLost { node, reason }).into())
        };
        if is_fenced {
            return node_lost();
        }
        tokio::select! {
            biased;
            answer = answer => answer,
            () = lost => node_lost(),
        }
    }

    /// Fails the statements in flight, and all later ones.
    pub(super) fn fence(&self) {
        self.inner.is_fenced.store(true, Ordering::Release);
        self.lose();
    }

    /// The rows of the node, ended by an error if the node is declared dead.
    #[cfg(feature = "stream")]
    pub(crate) fn rows_unless_lost<T: Send + 'static>(
        &self,
        role: Role,
        mut rows: impl Stream<Item = Result<T, DbErr>> + Send + Unpin + 'static,
    ) -> impl Stream<Item = Result<T, DbErr>> + Send + 'static {
        let pool = self.clone();
        async_stream::stream! {
            loop {
                let next = async { Ok(rows.next().await) };
                match pool.unless_lost(role, next).await {
                    Ok(Some(row)) => yield row,
                    Ok(None) => break,
                    Err(lost) => {
                        yield Err(lost);
                        break;
                    }
                }
            }
        }
    }

    /// The connection. Returns `None` if it is not open.
    pub(crate) fn get(&self) -> Option<&DatabaseConnection> {
        self.inner.connection.get()
    }

    /// The connection, opened if necessary.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::Connect`] if it does not open. The next call tries again.
    pub(crate) async fn open(&self) -> Result<&DatabaseConnection, RoutingError> {
        match self.get() {
            Some(connection) => Ok(connection),
            None => self.open_now().await,
        }
    }

    /// Boxed, to keep the large future of opening out of the future of every statement.
    fn open_now(&self) -> BoxFuture<'_, Result<&DatabaseConnection, RoutingError>> {
        Box::pin(async {
            let (inner, began) = (&self.inner, Instant::now());
            let opened = inner.connection.get_or_try_init(|| inner.open_since(began));
            let connection = opened.await?;
            if let Some(plan) = &inner.plan {
                // The credentials may have been rotated while it opened.
                plan.log_in(connection)
                    .await
                    .map_err(|source| inner.not_open(source))?;
            }
            if inner.closed.load(Ordering::Relaxed) {
                // It was closed while it opened.
                let _ = connection.close_by_ref().await;
            }
            Ok(connection)
        })
    }

    /// Refuses to open from now on, and closes nothing.
    pub(super) fn refuse(&self) {
        self.inner.closed.store(true, Ordering::Relaxed);
    }

    /// Closes the connections: the idle ones at once, the others when they come back.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.refuse();
        let Some(connection) = self.inner.connection.get() else {
            return Ok(());
        };
        // sqlx waits for all connections before it closes one.
        let idle = DriverKind::of(connection).close_idle();
        let ((), closed) = futures_util::future::join(idle, connection.close_by_ref()).await;
        closed
    }

    /// Whether SeaORM's spans show the text of its statements.
    pub(crate) fn traces_texts(&self) -> bool {
        self.inner.plan.as_ref().is_none_or(OpenPlan::traces_texts)
    }

    /// Notes that the caller holds a connection. Returns `None` if the pool may have more than one.
    pub(crate) fn hold_only(&self) -> Option<HeldOnly> {
        let usage = self.get().map(DriverKind::of)?.usage()?;
        (usage.max == 1).then(|| self.inner.only_connection.hold())
    }

    /// Whether the caller holds the only connection.
    pub(crate) fn waits_for_itself(&self) -> bool {
        self.inner.only_connection.is_held_by_caller()
    }

    /// Says in the log that the caller holds the only connection, if it does: it may wait for itself.
    pub(crate) fn warn_of_itself(&self) {
        if self.waits_for_itself() {
            tracing::warn!(
                target: "sea_orm_routing",
                node = self.name().as_str(),
                "a statement waits for the only connection, which a transaction of the same task holds"
            );
        }
    }

    /// Held while the schema of a database that no other process can reach is changed.
    pub(crate) fn migrating(&self) -> &Arc<tokio::sync::Mutex<()>> {
        &self.inner.migrating
    }
}

impl PoolInner {
    /// Opens the pool for a caller that has waited since `began`. If an attempt has failed meanwhile, its error
    /// is theirs too: one after the other, they would wait for as many timeouts.
    async fn open_since(&self, began: Instant) -> Result<DatabaseConnection, RoutingError> {
        if let Some((ended, error)) = &*self.failed()
            && *ended >= began
        {
            return Err(error.clone());
        }
        let opened = self.open().await;
        if let Err(error) = &opened {
            *self.failed() = Some((Instant::now(), error.clone()));
        }
        opened
    }

    fn failed(&self) -> MutexGuard<'_, Option<(Instant, RoutingError)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<DatabaseConnection, RoutingError> {
        let opened = match &self.plan {
            _ if self.closed.load(Ordering::Relaxed) => {
                Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
            }
            Some(plan) => plan.open().await,
            None => Err(DbErr::Custom("it was never opened".to_owned())),
        };
        opened.map_err(|source| self.not_open(source))
    }

    fn not_open(&self, source: DbErr) -> RoutingError {
        RoutingError::Availability(AvailabilityError::Connect {
            node: self.name.clone(),
            source: Arc::new(source),
        })
    }
}
