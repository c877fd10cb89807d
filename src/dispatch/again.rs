//! Deciding once more: on another node than those that failed, or when replicas have got further.

use std::time::Instant;

use sea_orm::DbErr;

use super::core::{Core, Known};
use super::plan::Planned;
use crate::cluster::FallbackPermit;
use crate::error::RoutingError;
use crate::route::{Decision, WhyNode};
use crate::scope::{Chosen, Place, Scope};
use crate::session::{Consistency, Need, OnTimeout};
use crate::topology::{NodeId, Role, Topology};

impl Core {
    /// The decision on a statement in the same database, without the nodes that failed. The policies
    /// are not asked again.
    pub(crate) fn decide_again(
        &self,
        topology: &Topology,
        scope: &Scope,
        known: &Known,
        before: Decision,
        role: Role,
        failed: &[NodeId],
    ) -> Result<Decision, DbErr> {
        let scope = Scope {
            place: Place::Database(before.database, Chosen::Using),
            role: Some(role),
            ..scope.clone()
        };
        let dialect = topology.database_by_id(before.database).dialect;
        let decision = self.decide(topology, &scope, known, dialect, failed, None)?;
        Ok(Decision {
            why_database: before.why_database,
            why_role: before.why_role,
            ..decision
        })
    }

    /// A causal read for which no replica is known to have caught up waits until one has, or does
    /// what its session says.
    pub(crate) async fn caught_up(
        &self,
        scope: &Scope,
        planned: Planned,
    ) -> Result<Planned, DbErr> {
        if planned.decision.why_node != WhyNode::NotCaughtUp {
            return Ok(planned);
        }
        let decision = self.wait_for_replica(scope, &planned.known, planned.decision, &[]);
        Ok(Planned {
            decision: decision.await?,
            ..planned
        })
    }

    /// What a node is told before a statement comes, and leave to come.
    pub(crate) async fn leave(
        &self,
        scope: &Scope,
        decision: Decision,
    ) -> Result<Option<FallbackPermit>, DbErr> {
        match decision.why_node {
            WhyNode::Trial => {
                self.cluster.report_trial(decision.node);
                Ok(None)
            }
            WhyNode::NotCaughtUp => {
                // For the reads that come next.
                self.cluster.look_at_primary(decision.database);
                match is_causal(scope) {
                    true => Ok(None),
                    false => self.cluster.admit(decision.database).await,
                }
            }
            WhyNode::NoneServes => self.cluster.admit(decision.database).await,
            WhyNode::Chosen
            | WhyNode::Primary
            | WhyNode::Replica { .. }
            | WhyNode::Same
            | WhyNode::LastResort
            | WhyNode::NoReplicas => Ok(None),
        }
    }

    /// The decision once a replica has caught up with the session, or its time is over; without the
    /// nodes that failed.
    pub(crate) async fn wait_for_replica(
        &self,
        scope: &Scope,
        known: &Known,
        before: Decision,
        failed: &[NodeId],
    ) -> Result<Decision, DbErr> {
        let Some(session) = &scope.session else {
            return Ok(before);
        };
        let consistency = session.consistency();
        let Consistency::Causal {
            max_wait,
            on_timeout,
        } = consistency
        else {
            return Ok(before);
        };
        let again = |topology: &Topology, role| {
            self.decide_again(topology, scope, known, before, role, failed)
        };
        let replica = |topology: &Topology| {
            let decision = again(topology, Role::Replica).ok();
            decision.filter(|decision| decision.role == Role::Replica)
        };
        let id = before.database;
        let need = session.past(id).need(consistency, Instant::now);
        if !max_wait.is_zero() && need != Need::Proof {
            let caught_up = |topology: &Topology| replica(topology).is_some();
            self.cluster.catch_up(id, max_wait, caught_up).await;
        }
        let topology = self.cluster.snapshot();
        if let Some(decision) = replica(&topology) {
            return Ok(decision);
        }
        let balancing = self.shared.balancing.get(id.index());
        let spared = balancing.is_some_and(|balancing| !balancing.falls_back());
        match on_timeout {
            OnTimeout::Primary if !spared => Ok(Decision {
                why_node: WhyNode::NotCaughtUp,
                ..again(&topology, Role::Primary)?
            }),
            OnTimeout::Primary | OnTimeout::Error => Err(RoutingError::NotCaughtUp {
                database: topology.database_by_id(id).name.clone(),
                waited: max_wait,
                considered: topology.describe_lag(id),
            }
            .into()),
        }
    }
}

/// Whether the primary is where its session belongs until a replica has caught up.
fn is_causal(scope: &Scope) -> bool {
    let session = scope.session.as_ref();
    session.is_some_and(|session| matches!(session.consistency(), Consistency::Causal { .. }))
}
