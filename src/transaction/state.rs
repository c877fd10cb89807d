//! The state of a branch: its [phase](Phase) and, unless that is idle, its connection.

use std::pin::pin;

use sea_orm::{DbBackend, DbErr, Statement};

use super::abandon::abandon;
use super::connection::BranchConnection;
use super::control::Control;
use super::driver::ended;
use super::events::BranchEvents;
use super::levels::Level;
use super::phase::{ControlReply, Phase};
use super::report::StatementReport;
use crate::cluster::{FallbackPermit, HeldOnly, Pool};
use crate::dispatch::Action;
use crate::error::RoutingError;
use crate::name::DatabaseName;
use crate::observe::BranchOutcome;
use crate::topology::{NodeId, PoolId, Role};

#[derive(Debug)]
pub(super) struct BranchState {
    pub(super) database: DatabaseName,
    pub(super) dialect: DbBackend,
    pub(super) phase: Phase,
    /// `None` if and only if the phase is idle.
    pub(super) link: Option<Link>,
}

/// The connection of a branch, and its node.
#[derive(Debug)]
pub(super) struct Link {
    /// The pool has no other connection. Before that is returned, it is not held any more.
    pub(super) _only: Option<HeldOnly>,
    pub(super) connection: BranchConnection,
    pub(super) at: (NodeId, Role),
    /// The pool of the connection. The node may have another one by now.
    pub(super) pool: PoolId,
    pub(super) watch: NodeWatch,
    /// The permit for a read on the primary while no replica serves: held until the branch ends.
    pub(super) _permit: Option<FallbackPermit>,
    /// Tells the observers how the branch ends.
    pub(super) events: Option<BranchEvents>,
}

/// Ends what waits for a node once the node's monitor finds it dead.
#[derive(Debug)]
pub(super) struct NodeWatch {
    /// `None` if the node has no monitor.
    pub(super) pool: Option<Pool>,
    pub(super) role: Role,
}

impl NodeWatch {
    /// Returns the answer of the node, or an error once the node is dead. Pin a large `answer`
    /// first: then only its address is moved.
    pub(super) async fn until_lost<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        match &self.pool {
            Some(pool) => pool.unless_lost(self.role, answer).await,
            None => answer.await,
        }
    }
}

impl BranchState {
    pub(super) fn new(database: DatabaseName, dialect: DbBackend) -> Self {
        Self {
            database,
            dialect,
            phase: Phase::Idle,
            link: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.link.is_some()
    }

    /// The node it is open on. Returns `None` while it is idle.
    pub(super) fn at(&self) -> Option<(NodeId, Role)> {
        self.link.as_ref().map(|link| link.at)
    }

    pub(super) fn pool(&self) -> Option<PoolId> {
        self.link.as_ref().map(|link| link.pool)
    }

    pub(super) fn link_mut(&mut self) -> Result<&mut Link, DbErr> {
        self.link.as_mut().ok_or_else(|| ended().into())
    }

    /// Refuses a statement where none can run.
    pub(super) fn check(&self) -> Result<(), RoutingError> {
        self.phase.check(&self.database)
    }

    /// Whether a statement that may write was sent.
    pub(super) fn is_written(&self) -> bool {
        self.phase.active().is_some_and(|active| active.written)
    }

    /// Whether a failed commit may lose more than locks.
    pub(super) fn is_unproven(&self) -> bool {
        self.phase.active().is_some_and(|active| active.unproven)
    }

    /// Whether a statement was sent that may hold a lock which others wait for.
    pub(super) fn has_locks(&self) -> bool {
        self.phase.active().is_some_and(|active| active.locks)
    }

    /// The savepoints on the server, innermost last.
    pub(super) fn savepoints(&self) -> &[Level] {
        match self.phase.active() {
            Some(active) => &active.savepoints,
            None => &[],
        }
    }

    /// Whether it takes control statements as SQL.
    pub(super) fn takes_sql(&self) -> bool {
        let link = self.link.as_ref();
        self.phase.active().is_some() && link.is_some_and(|link| link.connection.speaks_sql())
    }

    /// Sends a statement of the user, and finds out what an error of it did to the transaction.
    pub(super) async fn statement<A: Action>(
        &mut self,
        statement: Statement,
        report: Option<StatementReport<'_>>,
    ) -> Result<A::Output, DbErr> {
        let result = {
            let Link {
                connection, watch, ..
            } = self.link_mut()?;
            let answer = pin!(connection.statement::<A>(statement));
            watch.until_lost(answer).await
        };
        let error = match result {
            Ok(output) => {
                if let Some(mut report) = report {
                    report.ended(None, A::rows(&output));
                }
                return Ok(output);
            }
            Err(error) => error,
        };
        let error = match report {
            Some(mut report) => {
                report.ended(Some(&error), None);
                report.named(error)
            }
            None => error,
        };
        Box::pin(self.statement_failed(&error)).await;
        Err(error)
    }

    /// Sends a control statement: without an answer, the branch is in doubt.
    pub(super) async fn control(&mut self, control: Control<'_>) -> Result<(), DbErr> {
        let span = control.span(self.dialect);
        let result = {
            let Link {
                connection, watch, ..
            } = self.link_mut()?;
            let answer = pin!(span.around(connection.control(control)));
            watch.until_lost(answer).await
        };
        let reply = ControlReply::of(&result);
        self.phase.control_ended(control.name(), reply);
        result
    }

    /// Takes note of what a dropped future left in flight. Returns whether the outcome of a statement
    /// was not seen. An opening that was cut off has changed nothing: the branch is idle again.
    pub(super) fn note_interruption(&mut self) -> bool {
        let Some(link) = &mut self.link else {
            return false;
        };
        let opening = matches!(self.phase, Phase::Opening);
        let in_flight = std::mem::take(&mut link.connection.in_flight);
        let unseen = self.phase.interrupted(in_flight, self.dialect);
        if opening {
            self.close();
        }
        unseen
    }

    /// Gives up the connection without waiting for it; the server rolls back. The branch is idle
    /// again.
    pub(super) fn close(&mut self) {
        let must_close = self.phase.must_close();
        if self.phase.may_be_committed() {
            self.set_outcome(BranchOutcome::Unknown);
        }
        if let Some(link) = self.link.take() {
            abandon(link.connection, must_close);
        }
        self.phase = Phase::Idle;
    }

    /// Sets what the observers are told once the branch has ended.
    pub(super) fn set_outcome(&mut self, outcome: BranchOutcome) {
        let events = self.link.as_mut().and_then(|link| link.events.as_mut());
        if let Some(events) = events {
            events.set_outcome(outcome);
        }
    }

    /// Returns the connection, on which nothing is open any more, to its pool. The branch is idle
    /// again.
    pub(super) fn release(&mut self) {
        self.link = None;
        self.phase = Phase::Idle;
    }
}

impl Drop for BranchState {
    /// A branch that was neither committed nor rolled back is rolled back.
    fn drop(&mut self) {
        self.note_interruption();
        self.close();
    }
}
