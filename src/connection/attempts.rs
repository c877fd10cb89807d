//! A read that is tried on one node after the other.

use std::time::Instant;

use sea_orm::{DbErr, Statement};
use smallvec::SmallVec;

use super::on_node::Sent;
use crate::cluster::Fault;
use crate::dispatch::{Core, Known};
use crate::error::RoutingError;
use crate::route::{Decision, WhyNode};
use crate::scope::Scope;
use crate::sql::Access;
use crate::topology::{NodeId, Role};

/// A read that is tried on one node after the other.
pub(super) struct Attempt<'a> {
    core: &'a Core,
    scope: &'a Scope,
    known: &'a Known,
    pub(super) decision: Decision,
    failed: SmallVec<[NodeId; 4]>,
    /// A replica has refused it as a write.
    refused: bool,
    /// When no further replica is tried.
    deadline: Option<Instant>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        core: &'a Core,
        scope: &'a Scope,
        known: &'a Known,
        decision: Decision,
    ) -> Self {
        Self {
            core,
            scope,
            known,
            decision,
            failed: SmallVec::new(),
            refused: false,
            deadline: None,
        }
    }

    /// The statement, on its way to the node that was decided on.
    pub(super) fn sent(&self) -> Sent<'a> {
        Sent {
            core: self.core,
            scope: self.scope,
            decision: self.decision,
            writes: self.refused || self.known.may_write(),
        }
    }

    /// What follows on a replica's error: the primary for a statement it refused as a write, another
    /// node for a read it could not finish, the error itself otherwise. Each replica is tried once,
    /// and none after the deadline. A causal read waits until another one has caught up.
    pub(super) async fn after(self, error: DbErr, statement: &Statement) -> Result<Self, DbErr> {
        let mut next = self.elsewhere_after(error, statement)?;
        if next.decision.why_node == WhyNode::NotCaughtUp {
            let waited =
                next.core
                    .wait_for_replica(next.scope, next.known, next.decision, &next.failed);
            next.decision = waited.await?;
        }
        next.core.report(next.known, next.decision);
        Ok(next)
    }

    fn elsewhere_after(mut self, error: DbErr, statement: &Statement) -> Result<Self, DbErr> {
        let fault = Fault::of(&error);
        let refused = match fault {
            Fault::Statement | Fault::Protocol => return Err(error),
            // It may have run: only what is proven a read is run again.
            Fault::Lost | Fault::RecoveryConflict
                if self.known.operation.access() != Access::Read =>
            {
                return Err(error);
            }
            Fault::RefusedAsWrite if self.scope.read_only => return Err(error),
            Fault::RefusedAsWrite if self.scope.role == Some(Role::Replica) => return Err(error),
            Fault::RefusedAsWrite => true,
            Fault::NoConnection | Fault::Lost | Fault::RecoveryConflict => false,
        };
        let gone = matches!(RoutingError::of(&error), Some(RoutingError::Gone { .. }));
        self.refused |= refused;
        if refused {
            let dialect = statement.db_backend;
            self.core.learn_refusal(&statement.sql, dialect, self.known);
        } else if fault != Fault::RecoveryConflict && !gone {
            self.core.cluster.report_error(self.decision.node, &error);
        }
        self.failed.push(self.decision.node);
        self.decision = match self.elsewhere(refused) {
            Some(decision) => decision?,
            None => return Err(error),
        };
        Ok(self)
    }

    /// A decision without the nodes that failed, or for the primary; nothing when it is too late and
    /// that may not serve.
    fn elsewhere(&mut self, refused: bool) -> Option<Result<Decision, DbErr>> {
        let topology = self.core.cluster.topology();
        let (before, failed) = (self.decision, &self.failed);
        let again = |role| {
            self.core
                .decide_again(&topology, self.scope, self.known, before, role, failed)
        };
        if refused {
            return Some(again(Role::Primary));
        }
        let patience = self.core.cluster.read_deadline(before.database);
        let now = Instant::now();
        if now < *self.deadline.get_or_insert_with(|| now + patience) {
            return Some(again(Role::Replica));
        }
        let balancing = self.core.shared.balancing.get(before.database.index());
        let falls_back = balancing.is_none_or(|balancing| balancing.falls_back());
        falls_back.then(|| {
            again(Role::Primary).map(|decision| Decision {
                why_node: WhyNode::NoneServes,
                ..decision
            })
        })
    }
}
