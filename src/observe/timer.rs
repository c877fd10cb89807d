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
    is_over: bool,
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
            is_over: false,
        }
    }

    /// The attempt ended with this error, or with so many rows.
    pub(crate) fn finished(&mut self, error: Option<&DbErr>, rows: Option<u64>) {
        self.is_over = true;
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

impl Drop for AttemptTimer {
    /// Dropped before its end, the attempt was cancelled.
    fn drop(&mut self) {
        if !self.is_over {
            self.observers.tell(&Event::Cancelled {
                database: &self.database,
                node: &self.node,
                waited: self.started.elapsed(),
            });
        }
    }
}
