//! From a connection to the plain data that a [decision](crate::route) depends on.

use sea_orm::{DbBackend, DbErr};

use super::analysis::Analysis;
use super::core::Core;
use super::follow_up::Mark;
use crate::error::RoutingError;
use crate::route::{
    Decision, Fixed, RoutingInput, StatementInput, Target, choose_branch_database, choose_database,
    decide,
};
use crate::scope::Scope;
use crate::session::Session;
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, NodeId, Role, Topology};

/// What a statement requires of the database whose node is to be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeRequest<'a> {
    pub(crate) target: Target,
    pub(crate) access: Access,
    pub(crate) evidence: &'a Evidence,
    /// The role that the handle or a policy has fixed.
    pub(crate) role: Option<Role>,
    pub(crate) is_follow_up: bool,
    pub(crate) session: Option<&'a Session>,
    /// Nodes on which the statement has failed already.
    pub(crate) failed: &'a [NodeId],
}

impl Core {
    /// Where a statement goes outside a transaction.
    pub(crate) fn decide(
        &self,
        topology: &Topology,
        scope: &Scope,
        analysis: &Analysis,
        dialect: DbBackend,
        mark: Option<Mark>,
    ) -> Result<Decision, DbErr> {
        let target = self.with_statement(topology, scope, analysis, dialect, choose_database)?;
        let written = mark.and_then(|mark| mark.database_read_by(&analysis.operation));
        Ok(self.choose_node(
            topology,
            NodeRequest {
                target,
                access: analysis.operation.access(),
                evidence: analysis.operation.evidence(),
                role: scope.role,
                is_follow_up: written == Some(target.database),
                session: scope.session.as_ref(),
                failed: &[],
            },
        )?)
    }

    /// The database of a statement in a transaction.
    pub(crate) fn decide_branch(
        &self,
        topology: &Topology,
        scope: &Scope,
        analysis: &Analysis,
        dialect: DbBackend,
    ) -> Result<Target, DbErr> {
        self.with_statement(topology, scope, analysis, dialect, choose_branch_database)
    }

    /// The decision on a statement in the same database, without the nodes that failed. The policies
    /// are not asked again.
    pub(crate) fn redecide(
        &self,
        topology: &Topology,
        retried: Retried<'_>,
        role: Role,
        failed: &[NodeId],
    ) -> Result<Decision, RoutingError> {
        let Retried {
            before,
            access,
            evidence,
            session,
        } = retried;
        let decision = self.choose_node(
            topology,
            NodeRequest {
                target: Target {
                    database: before.database,
                    why: before.why.database,
                    fixed: Fixed::Nothing,
                },
                access,
                evidence,
                role: Some(role),
                is_follow_up: false,
                session,
                failed,
            },
        )?;
        Ok(decision.instead_of(before))
    }

    /// The node of a database that fits the request.
    pub(crate) fn choose_node(
        &self,
        topology: &Topology,
        request: NodeRequest<'_>,
    ) -> Result<Decision, RoutingError> {
        let id = request.target.database;
        let may_read_replica = match request.role {
            Some(role) => role == Role::Replica,
            None => request.access == Access::Read || request.target.fixed != Fixed::Nothing,
        };
        let chooses = may_read_replica && !topology.database_by_id(id).replicas.is_empty();
        decide(&RoutingInput {
            topology,
            target: request.target,
            access: request.access,
            evidence: request.evidence,
            role: request.role,
            is_follow_up: request.is_follow_up,
            balancing: self.cluster.balancing(id),
            history: request
                .session
                .map(|session| (session.consistency(), session.history(id))),
            failed: request.failed,
            now: self.cluster.clock().now(),
            random: self.random_if(chooses),
        })
    }

    fn with_statement<T>(
        &self,
        topology: &Topology,
        scope: &Scope,
        analysis: &Analysis,
        dialect: DbBackend,
        choose: fn(&StatementInput<'_>) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let own;
        let bound = match &scope.bindings {
            None => &analysis.bound,
            Some(bindings) => {
                own = bindings.bound(&analysis.operation, dialect);
                &own
            }
        };
        let policies = &self.shared.policies;
        choose(&StatementInput {
            operation: &analysis.operation,
            dialect,
            bound,
            scope,
            topology,
            policies,
            default: self.default_database(scope),
            checks_using: self.shared.checks_using,
            random: self.random_if(!policies.is_empty()),
        })
    }

    fn random_if(&self, needed: bool) -> u64 {
        match needed {
            true => self.shared.random.next(),
            false => 0,
        }
    }

    fn default_database(&self, scope: &Scope) -> DatabaseId {
        match &scope.bindings {
            None => self.shared.bindings.default_database(),
            Some(bindings) => bindings.default_database(),
        }
    }
}

/// A statement that is decided again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retried<'a> {
    pub(crate) before: Decision,
    pub(crate) access: Access,
    pub(crate) evidence: &'a Evidence,
    pub(crate) session: Option<&'a Session>,
}

impl<'a> Retried<'a> {
    pub(crate) fn new(scope: &'a Scope, analysis: &'a Analysis, before: Decision) -> Self {
        Self {
            before,
            access: analysis.operation.access(),
            evidence: analysis.operation.evidence(),
            session: scope.session.as_ref(),
        }
    }
}
