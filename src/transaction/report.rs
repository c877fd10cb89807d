//! What a statement of a branch reports when it ends: its time to observers, its error to the cluster.

use std::sync::Arc;

use sea_orm::{AccessMode, DbErr};

use super::RoutingTransaction;
use crate::dispatch::{Analysis, Core, Origin, Planned};
use crate::observe::AttemptTimer;
use crate::route::Decision;
use crate::topology::{Attempted, NodeId, PoolId, Role};

/// Held while a statement or its rows are in flight.
pub(super) struct StatementReport<'a> {
    core: &'a Core,
    attempted: Attempted,
    analysis: Arc<Analysis>,
    decision: Decision,
    timer: Option<Box<AttemptTimer>>,
}

impl RoutingTransaction {
    /// What is to be reported of a statement on a branch that was entered.
    pub(super) fn report(
        &self,
        branch: Option<((NodeId, Role), PoolId)>,
        planned: &Planned,
    ) -> Option<StatementReport<'_>> {
        let ((node, role), pool) = branch?;
        let core = self.core();
        let decision = Decision {
            node,
            role,
            pool,
            ..planned.decision
        };
        let statement = core.observed_statement(&planned.statement);
        Some(StatementReport {
            core,
            attempted: Attempted {
                may_write: self.access_mode() != Some(AccessMode::ReadOnly),
                ..decision.attempted()
            },
            analysis: Arc::clone(&planned.analysis),
            decision,
            timer: core.time_attempt(node, statement),
        })
    }
}

impl StatementReport<'_> {
    /// The server has replied, with an error or with so many rows.
    pub(super) fn ended(&mut self, error: Option<&DbErr>, rows: Option<u64>) {
        if let Some(mut timer) = self.timer.take() {
            timer.finished(error, rows);
        }
        if let Some(error) = error {
            self.core.cluster.report_failure(self.attempted, error);
        }
    }

    /// An error of the server, with where it came from.
    pub(super) fn named(&self, error: DbErr) -> DbErr {
        Origin::new(self.core, &self.analysis, self.decision).named(error)
    }
}

#[cfg(feature = "stream")]
impl crate::dispatch::Held for StatementReport<'_> {
    fn ended(&mut self, error: Option<&DbErr>, rows: u64) {
        Self::ended(self, error, Some(rows));
    }

    fn dropped(&mut self, rows: u64) {
        Self::ended(self, None, Some(rows));
    }

    fn named(&self, error: DbErr) -> DbErr {
        Self::named(self, error)
    }
}
