//! Admission: what has to happen between a decision and its statement, and deciding again once
//! replicas have caught up.

use std::time::Duration;

use sea_orm::DbErr;

use super::core::Core;
use super::decide::Retried;
use crate::cluster::FallbackPermit;
use crate::error::{AvailabilityError, RoutingError};
use crate::observe::{Event, EventKind};
use crate::route::{Admission, Decision};
use crate::session::{Consistency, OnTimeout, ReadRequirement, Session};
use crate::topology::{DatabaseId, NodeId, Role, Topology};

/// A decision that may be sent now, and the permit it needs while it is in flight.
pub(crate) struct Admitted {
    pub(crate) decision: Decision,
    pub(crate) permit: Option<FallbackPermit>,
}

impl Core {
    /// Does what a decision needs before its statement is sent: waits for a replica to catch up,
    /// starts a half-open trial, takes a fallback permit.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::NotCaughtUp`]; [`AvailabilityError::FallbackLimit`].
    pub(crate) async fn admit(
        &self,
        retried: Retried<'_>,
        failed: &[NodeId],
    ) -> Result<Admitted, DbErr> {
        let decision = match retried.before.admission {
            Admission::AwaitCatchUp => self.await_catch_up(retried, failed).await?,
            Admission::Now | Admission::HalfOpenTrial | Admission::FallbackPermit => retried.before,
        };
        if decision.samples_primary {
            self.cluster.probe_primary_now(decision.database);
        }
        let permit = match decision.admission {
            // The wait is over, so there is nothing left to wait for.
            Admission::Now | Admission::AwaitCatchUp => None,
            Admission::HalfOpenTrial => {
                self.cluster.report_trial(decision.node);
                None
            }
            Admission::FallbackPermit => {
                self.cluster.take_fallback_permit(decision.database).await?
            }
        };
        Ok(Admitted { decision, permit })
    }

    /// The decision once a replica has caught up with the session, or the wait has timed out,
    /// without the nodes that failed.
    async fn await_catch_up(
        &self,
        retried: Retried<'_>,
        failed: &[NodeId],
    ) -> Result<Decision, DbErr> {
        let id = retried.before.database;
        let Some((session, max_wait, _)) = causal(retried) else {
            return Ok(retried.before);
        };
        let clock = self.cluster.clock();
        let now = clock.now();
        let requirement = session.history(id).requirement(session.consistency(), now);
        if !max_wait.is_zero() && requirement != ReadRequirement::Unprovable {
            let has_caught_up =
                |topology: &Topology| self.caught_up(topology, retried, failed).is_some();
            let caught_up = self.cluster.catch_up(id, max_wait, has_caught_up).await;
            self.tell_wait(id, clock.now() - now, caught_up);
        }
        self.after_wait(&self.cluster.snapshot(), retried, failed)
    }

    /// The decision, with what a wait for replicas would end in if nothing changed meanwhile. For explaining:
    /// nothing is waited for.
    pub(crate) fn foreseen(
        &self,
        topology: &Topology,
        retried: Retried<'_>,
    ) -> Result<Decision, DbErr> {
        match retried.before.admission {
            Admission::AwaitCatchUp => self.after_wait(topology, retried, &[]),
            Admission::Now | Admission::HalfOpenTrial | Admission::FallbackPermit => {
                Ok(retried.before)
            }
        }
    }

    /// The decision once the wait for replicas is over: one that has caught up, or the primary, if the session
    /// lets it serve.
    fn after_wait(
        &self,
        topology: &Topology,
        retried: Retried<'_>,
        failed: &[NodeId],
    ) -> Result<Decision, DbErr> {
        let id = retried.before.database;
        let Some((_, max_wait, on_timeout)) = causal(retried) else {
            return Ok(retried.before);
        };
        if let Some(decision) = self.caught_up(topology, retried, failed) {
            return Ok(decision);
        }
        match on_timeout {
            OnTimeout::Primary if self.cluster.balancing(id).may_fall_back() => {
                let primary = self.redecide(topology, retried, Role::Primary, failed)?;
                Ok(primary.after_wait(max_wait))
            }
            OnTimeout::Primary | OnTimeout::Error => {
                Err(RoutingError::Availability(AvailabilityError::NotCaughtUp {
                    database: topology.database_by_id(id).name.clone(),
                    waited: max_wait,
                    considered: topology.describe_lag(id),
                })
                .into())
            }
        }
    }

    /// The decision for a replica that has what the session needs.
    fn caught_up(
        &self,
        topology: &Topology,
        retried: Retried<'_>,
        failed: &[NodeId],
    ) -> Option<Decision> {
        let decision = self.redecide(topology, retried, Role::Replica, failed).ok();
        decision.filter(|decision| decision.role == Role::Replica)
    }

    fn tell_wait(&self, id: DatabaseId, waited: Duration, caught_up: bool) {
        let observers = &self.observers;
        if observers.want(EventKind::CatchUpWaited) {
            let topology = self.cluster.snapshot();
            observers.tell(&Event::CatchUpWaited {
                database: &topology.database_by_id(id).name,
                waited,
                caught_up,
            });
        }
    }
}

/// How a causal session waits. Returns `None` for any other.
fn causal(retried: Retried<'_>) -> Option<(&Session, Duration, OnTimeout)> {
    let session = retried.session?;
    match session.consistency() {
        Consistency::Causal {
            max_wait,
            on_timeout,
        } => Some((session, max_wait, on_timeout)),
        Consistency::Eventual | Consistency::ReadYourWrites { .. } => None,
    }
}
