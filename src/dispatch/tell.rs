//! What the observers are told of a statement.

use sea_orm::{DbErr, Statement};

use super::analysis::Analysis;
use super::core::Core;
use crate::error::RoutingError;
use crate::observe::{AttemptTimer, Event, EventKind};
use crate::route::{Decision, Route};
use crate::topology::NodeId;

impl Core {
    /// A decision with its names.
    pub(crate) fn route(&self, analysis: &Analysis, decision: Decision) -> Route {
        Route::new(
            analysis.operation.clone(),
            decision,
            self.cluster.snapshot(),
            self.cluster.balancing(decision.database).policy.name(),
        )
    }

    /// Tells the observers where a statement goes: first when that is decided, then with each attempt.
    pub(crate) fn tell_route(&self, kind: EventKind, analysis: &Analysis, decision: Decision) {
        if self.observers.want(kind) {
            self.tell_route_now(kind, analysis, decision);
        }
    }

    #[cold]
    fn tell_route_now(&self, kind: EventKind, analysis: &Analysis, decision: Decision) {
        let route = &self.route(analysis, decision);
        self.observers.tell(&match kind {
            EventKind::Decided => Event::Decided { route },
            _ => Event::Attempted { route },
        });
    }

    /// Tells the observers that a statement was refused, if it was, and not failed by a server.
    pub(crate) fn tell_refusal(&self, error: &DbErr) {
        let observers = &self.observers;
        if observers.want(EventKind::Refused)
            && let Some(error) = RoutingError::of(error)
            && error.is_refusal()
        {
            observers.tell(&Event::Refused { error });
        }
    }

    /// Whether an observer asks for the end of attempts.
    pub(crate) fn times_attempts(&self) -> bool {
        self.observers.want(EventKind::Finished) || self.observers.want(EventKind::Cancelled)
    }

    /// A copy of a statement for the observers of its end. Returns `None` if none asks for it.
    pub(crate) fn observed_statement(&self, statement: &Statement) -> Option<Box<Statement>> {
        let wanted = self.observers.want_statements();
        wanted.then(|| Box::new(statement.clone()))
    }

    /// Starts the timer of an attempt. Returns `None` if no observer asks for its end.
    pub(crate) fn time_attempt(
        &self,
        node: NodeId,
        statement: Option<Box<Statement>>,
    ) -> Option<Box<AttemptTimer>> {
        let observers = &self.observers;
        self.times_attempts().then(|| {
            let topology = self.cluster.topology();
            let node = topology.node(node);
            let database = &topology.database_by_id(node.database).name;
            let statement = statement.map(|statement| *statement);
            let timer = AttemptTimer::start(observers, database, &node.name, statement);
            Box::new(timer)
        })
    }
}
