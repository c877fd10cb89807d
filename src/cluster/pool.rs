//! The pool of one node, opened when it is first needed.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::OnceCell;

use super::open::Plan;
use crate::error::RoutingError;
use crate::name::NodeName;

/// What is called for each statement a node has run, beside SeaORM's own callback.
pub(crate) type NodeMetric = Arc<dyn Fn(&NodeName, &sea_orm::metric::Info<'_>) + Send + Sync>;

/// A node's pool. Cheap to clone; the clones share the connections.
#[derive(Clone)]
pub(crate) struct Pool {
    name: NodeName,
    connection: OnceCell<DatabaseConnection>,
    plan: Option<Arc<Plan>>,
    metric: Option<NodeMetric>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("open", &self.connection.initialized())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool to open as planned.
    pub(crate) fn planned(name: NodeName, plan: Plan) -> Self {
        Self {
            name,
            connection: OnceCell::new(),
            plan: Some(Arc::new(plan)),
            metric: None,
        }
    }

    /// A pool that is open.
    pub(crate) fn opened(name: NodeName, connection: DatabaseConnection) -> Self {
        Self {
            name,
            connection: OnceCell::new_with(Some(connection)),
            plan: None,
            metric: None,
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.name
    }

    /// The connection, if it is open.
    pub(crate) fn get(&self) -> Option<&DatabaseConnection> {
        self.connection.get()
    }

    /// The connection, opened if it is not.
    ///
    /// # Errors
    ///
    /// [`RoutingError::Connect`] when it does not open; the next call tries again.
    pub(crate) async fn open(&self) -> Result<&DatabaseConnection, RoutingError> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => self.open_now().await,
        }
    }

    /// Boxed: opening nests deep, and would make every statement's future as large.
    fn open_now(&self) -> BoxFuture<'_, Result<&DatabaseConnection, RoutingError>> {
        Box::pin(self.connection.get_or_try_init(|| async {
            let opened = match &self.plan {
                Some(plan) => plan.open().await,
                None => Err(DbErr::Custom("it was never opened".to_owned())),
            };
            let mut connection = opened.map_err(|source| RoutingError::Connect {
                node: self.name.clone(),
                source: Arc::new(source),
            })?;
            self.observe(&mut connection);
            Ok(connection)
        }))
    }

    /// The same pool, whose statements are reported to `metric`.
    pub(crate) fn with_metric(&self, metric: NodeMetric) -> Self {
        let mut pool = Self {
            metric: Some(metric),
            ..self.clone()
        };
        if let Some(mut connection) = self.connection.get().cloned() {
            pool.observe(&mut connection);
            pool.connection = OnceCell::new_with(Some(connection));
        }
        pool
    }

    /// What reports the statements of branches on this node.
    pub(crate) fn metric(&self) -> Option<&NodeMetric> {
        self.metric.as_ref()
    }

    fn observe(&self, connection: &mut DatabaseConnection) {
        if let Some(metric) = self.metric.clone() {
            let name = self.name.clone();
            connection.set_metric_callback(move |info| metric(&name, info));
        }
    }
}
