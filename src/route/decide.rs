//! Which node of the database? The role first, then one node of that role.

use super::replica::{Choice, Read};
use super::{
    Admission, Decision, Fixed, NamedBy, Remembers, RoutingInput, Why, WhyDatabase, WhyNode,
    WhyRole,
};
use crate::error::{RefusedError, RoutingError};
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, NodeId, Role, Service, Topology, WriteBlock};

/// The node a statement goes to, and how it is delivered.
///
/// # Errors
///
/// A write where only reads may go, a removed database or node, a primary that takes no writes now,
/// and a missing replica where the primary is no substitute.
pub(crate) fn decide(input: &RoutingInput<'_>) -> Result<Decision, RoutingError> {
    match input.target.fixed {
        Fixed::Node(node, by) => input.named_node(node, by),
        Fixed::Nothing | Fixed::Role(_) => input.choose(),
    }
}

impl NamedBy {
    /// For errors.
    fn text(self) -> &'static str {
        match self {
            Self::Handle => "using(..)",
            Self::Policy => "the routing policy",
        }
    }
}

impl RoutingInput<'_> {
    /// The decision for a node that the handle or a policy has named. The handle's own choice holds for
    /// a read of SeaORM's too.
    fn named_node(&self, id: NodeId, by: NamedBy) -> Result<Decision, RoutingError> {
        let node = self.topology.node(id);
        if node.role == Role::Replica && self.is_follow_up && by == NamedBy::Policy {
            return self.choose();
        }
        if node.service == Service::Removed {
            return Err(RoutingError::removed(node.name.as_str()));
        }
        if self.role.is_some_and(|role| role != node.role) {
            return self.choose();
        }
        match node.role {
            Role::Replica => self.check_replica(by.text())?,
            Role::Primary => drop(self.primary()?),
        }
        Ok(self.decision(WhyRole::Node, Choice::fixed(id, WhyNode::Chosen)))
    }

    /// The decision for a node of the role that the statement needs.
    fn choose(&self) -> Result<Decision, RoutingError> {
        let (role, why_role) = self.choose_role()?;
        let database = self.topology.database_by_id(self.target.database);
        if database.removed {
            return Err(RoutingError::removed(database.name.as_str()));
        }
        let (why_role, choice) = match role {
            Role::Primary => (why_role, self.on_primary()?),
            Role::Replica if database.replicas.is_empty() => {
                let node = self.fall_back(&[], &[])?;
                (why_role, Choice::fixed(node, WhyNode::NoReplicas))
            }
            Role::Replica => match self.read()? {
                Read::InWindow => (WhyRole::Session, self.on_primary()?),
                Read::On(choice) => (why_role, choice),
            },
        };
        Ok(self.decision(why_role, choice))
    }

    fn on_primary(&self) -> Result<Choice, RoutingError> {
        Ok(Choice::fixed(self.primary()?, WhyNode::Primary))
    }

    fn decision(&self, why_role: WhyRole, choice: Choice) -> Decision {
        let node = self.topology.node(choice.node);
        Decision {
            database: node.database,
            node: choice.node,
            pool: node.pool,
            role: node.role,
            admission: choice.admission,
            may_retry_elsewhere: choice.may_retry_elsewhere,
            samples_primary: choice.samples_primary,
            measures_latency: choice.may_retry_elsewhere && self.balancing.measures_latency,
            remembers: self.remembers(why_role, &choice),
            why: Why {
                database: self.target.why,
                role: why_role,
                node: choice.why,
            },
        }
    }

    /// A read that was sent to the primary on purpose counts for its session like a write there. One that
    /// the primary serves because no replica can does not, or the session would stay there.
    fn remembers(&self, why_role: WhyRole, choice: &Choice) -> Remembers {
        let is_read = self.access.is_read() || self.access == Access::LockingRead;
        let on_purpose = matches!(choice.why, WhyNode::Primary | WhyNode::Chosen);
        match self.topology.node(choice.node).role {
            _ if choice.may_retry_elsewhere => Remembers::Node,
            Role::Replica => Remembers::Node,
            Role::Primary if is_read && on_purpose && why_role != WhyRole::Session => {
                Remembers::Primary
            }
            Role::Primary => Remembers::Nothing,
        }
    }

    /// The primary, if it takes this statement now.
    pub(super) fn primary(&self) -> Result<NodeId, RoutingError> {
        let database = self.topology.database_by_id(self.target.database);
        match &database.write_block {
            Some(block) if self.is_blocked_by(block, database.primary) => {
                Err(block.error(database))
            }
            Some(_) | None => Ok(database.primary),
        }
    }

    fn is_blocked_by(&self, block: &WriteBlock, primary: NodeId) -> bool {
        match block.is_of_roles() {
            true => !self.access.is_read() || block.outdates(&self.topology.node(primary).name),
            false => block.holds(self.now),
        }
    }

    fn choose_role(&self) -> Result<(Role, WhyRole), RoutingError> {
        let (role, why, by) = match (self.role, self.target.fixed) {
            (Some(role), _) => (role, WhyRole::Scope, "on_replica()"),
            (None, _) if self.is_follow_up => return Ok((Role::Primary, WhyRole::FollowUp)),
            (None, Fixed::Role(role)) => (role, WhyRole::Policy, "the routing policy"),
            (None, Fixed::Nothing | Fixed::Node(..)) => {
                return Ok(match self.access {
                    Access::Read => (Role::Replica, WhyRole::Read),
                    _ => (Role::Primary, WhyRole::NotRead),
                });
            }
        };
        if role == Role::Replica {
            self.check_replica(by)?;
        }
        Ok((role, why))
    }

    /// An explicit choice of a replica is followed, except for statements that are known to write
    /// or lock.
    fn check_replica(&self, by: &'static str) -> Result<(), RoutingError> {
        // `SET` would lift the guard of a connection that other statements use next.
        let sets = matches!(self.evidence, Evidence::Keyword(word)
            if !word.eq_ignore_ascii_case("show") && !word.eq_ignore_ascii_case("explain"));
        match self.access {
            Access::Read | Access::NodeRead | Access::Unknown => Ok(()),
            Access::Session if !sets => Ok(()),
            Access::Session | Access::LockingRead | Access::Write | Access::Schema => {
                let database = self.topology.database_by_id(self.target.database);
                Err(RoutingError::Refused(RefusedError::WriteOnReplica {
                    by,
                    database: database.name.clone(),
                    access: self.access,
                    evidence: self.evidence.clone(),
                }))
            }
        }
    }
}

impl Decision {
    /// The decision for a statement of a transaction, on the primary: the branch knows its actual
    /// node.
    pub(crate) fn in_transaction(topology: &Topology, id: DatabaseId, why: WhyDatabase) -> Self {
        let node = topology.database_by_id(id).primary;
        Self {
            database: id,
            node,
            pool: topology.node(node).pool,
            role: Role::Primary,
            admission: Admission::Now,
            may_retry_elsewhere: false,
            samples_primary: false,
            measures_latency: false,
            remembers: Remembers::Nothing,
            why: Why {
                database: why,
                role: WhyRole::Transaction,
                node: WhyNode::Primary,
            },
        }
    }
}

impl Choice {
    /// A node that was not chosen among several: if it fails, the statement fails.
    pub(super) fn fixed(node: NodeId, why: WhyNode) -> Self {
        Self {
            node,
            admission: Admission::Now,
            may_retry_elsewhere: false,
            samples_primary: false,
            why,
        }
    }

    /// A node that was chosen among several.
    pub(super) fn picked(node: NodeId, why: WhyNode) -> Self {
        Self {
            may_retry_elsewhere: true,
            ..Self::fixed(node, why)
        }
    }
}
