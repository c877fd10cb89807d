//! What a statement of a branch reports when it ends: its time to observers, its error to the cluster.

use std::sync::Arc;

use sea_orm::DbErr;

use crate::dispatch::{Analysis, Core, Origin};
use crate::observe::AttemptTimer;
use crate::route::Decision;
use crate::topology::Attempted;

/// Held while a statement or its rows are in flight.
pub(super) struct StatementReport<'a> {
    pub(super) core: &'a Core,
    pub(super) attempted: Attempted,
    pub(super) analysis: Arc<Analysis>,
    pub(super) decision: Decision,
    pub(super) timer: Option<Box<AttemptTimer>>,
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
