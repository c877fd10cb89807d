//! The pool of one node, opened when it is first needed.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "stream")]
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
#[cfg(feature = "stream")]
use futures_util::stream::Stream;
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr};
use tokio::sync::{Notify, OnceCell};

use super::open::Plan;
use crate::error::RoutingError;
use crate::name::NodeName;
use crate::topology::Role;

/// What is called for each statement a node has run, beside SeaORM's own callback.
pub(crate) type NodeMetric = Arc<dyn Fn(&NodeName, &sea_orm::metric::Info<'_>) + Send + Sync>;

/// A node's pool. Cheap to clone; the clones share the connections.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    measured: Option<Measured>,
}

struct Shared {
    name: NodeName,
    connection: OnceCell<DatabaseConnection>,
    plan: Option<Plan>,
    closed: AtomicBool,
    /// Rung when the node was found to be dead: nobody needs to wait for its answers.
    gone: Notify,
    /// It is the primary's no more: nobody waits for its answers again.
    given_up: AtomicBool,
    /// Held by what changes the schema of a database that no other process can reach.
    migrating: Arc<tokio::sync::Mutex<()>>,
}

/// The same connections, whose statements are reported.
#[derive(Clone)]
struct Measured {
    metric: NodeMetric,
    connection: OnceCell<DatabaseConnection>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.shared.name)
            .field("open", &self.shared.connection.initialized())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool to open as planned.
    pub(crate) fn planned(name: NodeName, plan: Plan) -> Self {
        Self::new(name, None, Some(plan))
    }

    /// A pool that is open.
    pub(crate) fn opened(name: NodeName, connection: DatabaseConnection) -> Self {
        Self::new(name, Some(connection), None)
    }

    /// Another pool of the same connections: who waits for the answers of one does not for those of
    /// the other.
    pub(super) fn renewed(&self) -> Self {
        let connection = self.shared.connection.get().cloned();
        Self::new(
            self.shared.name.clone(),
            connection,
            self.shared.plan.clone(),
        )
    }

    fn new(name: NodeName, connection: Option<DatabaseConnection>, plan: Option<Plan>) -> Self {
        Self {
            shared: Arc::new(Shared {
                name,
                connection: OnceCell::new_with(connection),
                plan,
                closed: AtomicBool::new(false),
                gone: Notify::new(),
                given_up: AtomicBool::new(false),
                migrating: Arc::default(),
            }),
            measured: None,
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.shared.name
    }

    /// How it is opened; nothing for one that was open when it came.
    pub(super) fn plan(&self) -> Option<&Plan> {
        self.shared.plan.as_ref()
    }

    /// Rung when the node was found to be dead.
    pub(crate) fn gone(&self) -> &Notify {
        &self.shared.gone
    }

    /// The answer of the node, or an error once it is known to be dead, or to be the primary no more:
    /// its connection may hang for as long as the network likes.
    pub(crate) async fn unless_gone<T>(
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
        let mut gone = pin!(self.gone().notified());
        // From here on the bell is heard; it may have rung for the last time before.
        gone.as_mut().enable();
        let for_good = self.shared.given_up.load(Ordering::Acquire);
        let given_up = || {
            let node = self.name().clone();
            Err(RoutingError::Gone { node, reason }.into())
        };
        if for_good {
            return given_up();
        }
        tokio::select! {
            biased;
            answer = answer => answer,
            () = gone => given_up(),
        }
    }

    /// Nobody waits for its answers any more.
    pub(super) fn give_up(&self) {
        self.shared.given_up.store(true, Ordering::Release);
        self.gone().notify_waiters();
    }

    /// Rows of the node, the last of them an error once it is known to be dead.
    #[cfg(feature = "stream")]
    pub(crate) fn rows_unless_gone<T: Send + 'static>(
        &self,
        role: Role,
        mut rows: impl Stream<Item = Result<T, DbErr>> + Send + Unpin + 'static,
    ) -> impl Stream<Item = Result<T, DbErr>> + Send + 'static {
        let pool = self.clone();
        async_stream::stream! {
            loop {
                let next = async { Ok(rows.next().await) };
                match pool.unless_gone(role, next).await {
                    Ok(Some(row)) => yield row,
                    Ok(None) => break,
                    Err(gone) => {
                        yield Err(gone);
                        break;
                    }
                }
            }
        }
    }

    /// The connection, if it is open.
    pub(crate) fn get(&self) -> Option<&DatabaseConnection> {
        match &self.measured {
            None => self.shared.connection.get(),
            Some(measured) => measured.connection.get(),
        }
    }

    /// The connection, opened if it is not.
    ///
    /// # Errors
    ///
    /// [`RoutingError::Connect`] when it does not open; the next call tries again.
    pub(crate) async fn open(&self) -> Result<&DatabaseConnection, RoutingError> {
        match self.get() {
            Some(connection) => Ok(connection),
            None => self.open_now().await,
        }
    }

    /// Boxed: opening nests deep, and would make every statement's future as large.
    fn open_now(&self) -> BoxFuture<'_, Result<&DatabaseConnection, RoutingError>> {
        Box::pin(async {
            let shared = &self.shared;
            let connection = shared.connection.get_or_try_init(|| shared.open()).await?;
            if let Some(plan) = &shared.plan {
                // They may have changed while it opened.
                plan.log_in(connection)
                    .await
                    .map_err(|source| shared.not_open(source))?;
            }
            if shared.closed.load(Ordering::Relaxed) {
                // It was closed while it opened.
                let _ = connection.close_by_ref().await;
            }
            match &self.measured {
                None => Ok(connection),
                Some(measured) => {
                    let measure = || async { measured.measure(&shared.name, connection) };
                    Ok(measured.connection.get_or_init(measure).await)
                }
            }
        })
    }

    /// Opens no more, without closing what is open.
    pub(super) fn refuse(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }

    /// Closes the connections, if there are any.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.refuse();
        match self.shared.connection.get() {
            Some(connection) => connection.close_by_ref().await,
            None => Ok(()),
        }
    }

    /// The same pool, whose statements are reported to `metric`.
    pub(crate) fn with_metric(&self, metric: NodeMetric) -> Self {
        let mut measured = Measured {
            metric,
            connection: OnceCell::new(),
        };
        if let Some(connection) = self.shared.connection.get() {
            let connection = measured.measure(&self.shared.name, connection);
            measured.connection = OnceCell::new_with(Some(connection));
        }
        Self {
            shared: Arc::clone(&self.shared),
            measured: Some(measured),
        }
    }

    /// Whether SeaORM's spans show the text of its statements.
    pub(crate) fn traces_texts(&self) -> bool {
        self.shared.plan.as_ref().is_none_or(Plan::traces_texts)
    }

    /// Held by what changes the schema of a database that no other process can reach.
    pub(crate) fn migrating(&self) -> &Arc<tokio::sync::Mutex<()>> {
        &self.shared.migrating
    }

    /// What reports the statements of branches on this node.
    pub(crate) fn metric(&self) -> Option<&NodeMetric> {
        self.measured.as_ref().map(|measured| &measured.metric)
    }
}

impl Shared {
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
        RoutingError::Connect {
            node: self.name.clone(),
            source: Arc::new(source),
        }
    }
}

impl Measured {
    fn measure(&self, name: &NodeName, connection: &DatabaseConnection) -> DatabaseConnection {
        let (name, metric) = (name.clone(), Arc::clone(&self.metric));
        let mut connection = connection.clone();
        connection.set_metric_callback(move |info| metric(&name, info));
        connection
    }
}
