//! The time of one attempt, for observers of its end.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{DbErr, Statement};

use super::{Event, Observers};
use crate::name::{DatabaseName, NodeName};

/// An attempt whose end is observed.
#[derive(Debug)]
pub(crate) struct AttemptTimer {
    observers: Arc<Observers>,
    database: DatabaseName,
    node: NodeName,
    statement: Option<Statement>,
    started: Instant,
}

impl AttemptTimer {
    pub(crate) fn start(
        observers: &Arc<Observers>,
        database: &DatabaseName,
        node: &NodeName,
        statement: Option<Statement>,
    ) -> Self {
        Self {
            observers: Arc::clone(observers),
            database: database.clone(),
            node: node.clone(),
            statement,
            started: Instant::now(),
        }
    }

    /// The attempt ended with this error, or with so many rows.
    pub(crate) fn finished(&self, error: Option<&DbErr>, rows: Option<u64>) {
        self.observers.tell(&Event::Finished {
            database: &self.database,
            node: &self.node,
            statement: self.statement.as_ref(),
            latency: self.started.elapsed(),
            rows,
            error,
        });
    }
}
