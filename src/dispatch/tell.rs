//! What the observers are told of a statement.

use sea_orm::DbErr;

use super::analysis::Analysis;
use super::core::Core;
use crate::error::RoutingError;
use crate::observe::{AttemptTimer, Event, EventKind};
use crate::route::{Decision, Route};

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
        if self.shared.observers.want(kind) {
            self.tell_route_now(kind, analysis, decision);
        }
    }

    #[cold]
    fn tell_route_now(&self, kind: EventKind, analysis: &Analysis, decision: Decision) {
        let route = &self.route(analysis, decision);
        self.shared.observers.tell(&match kind {
            EventKind::Decided => Event::Decided { route },
            _ => Event::Attempted { route },
        });
    }

    /// Tells the observers that a statement was refused, if it was, and not failed by a server.
    pub(crate) fn tell_refusal(&self, error: &DbErr) {
        let observers = &self.shared.observers;
        if observers.want(EventKind::Refused)
            && let Some(error) = RoutingError::of(error)
        {
            observers.tell(&Event::Refused { error });
        }
    }

    /// Starts the timer of an attempt. Returns `None` if no observer asks for its end.
    pub(crate) fn time_attempt(&self, decision: Decision) -> Option<Box<AttemptTimer>> {
        let observers = &self.shared.observers;
        observers.want(EventKind::Finished).then(|| {
            let topology = self.cluster.topology();
            let database = &topology.database_by_id(decision.database).name;
            let node = &topology.node(decision.node).name;
            Box::new(AttemptTimer::start(observers, database, node))
        })
    }
}
