//! The outcome of a decision: what steers the delivery, and what explains it.

use std::sync::Arc;
use std::time::Duration;

use crate::topology::{Attempted, DatabaseId, Load, NodeId, PoolId, Role, Topology};

/// The database of a statement, what fixed it, and what else was fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) database: DatabaseId,
    pub(crate) why: WhyDatabase,
    pub(crate) fixed: Fixed,
}

/// What is fixed besides the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fixed {
    Nothing,
    /// A role, by a routing policy.
    Role(Role),
    /// One node.
    Node(NodeId, NamedBy),
}

/// What named a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// The handle, with `using(..)`.
    Handle,
    Policy,
}

/// A node, how the statement is delivered to it, and the reason of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) database: DatabaseId,
    pub(crate) node: NodeId,
    pub(crate) pool: PoolId,
    pub(crate) role: Role,
    pub(crate) admission: Admission,
    /// Whether a read that fails on this node may be sent to another one: the node was chosen among
    /// several, not named.
    pub(crate) may_retry_elsewhere: bool,
    /// Whether the primary is asked for its position now, so that replicas can prove to later reads
    /// that they have caught up.
    pub(crate) samples_primary: bool,
    /// Whether the latency of the statement is measured for the replica policy.
    pub(crate) measures_latency: bool,
    pub(crate) remembers: Remembers,
    pub(crate) why: Why,
}

/// A statement that is decided again keeps the reason of its role.
impl Decision {
    /// The decision on another node, once one has failed or replicas have caught up.
    pub(crate) fn instead_of(self, before: Self) -> Self {
        let role = before.why.role;
        let why = Why { role, ..self.why };
        Self { why, ..self }
    }

    /// The decision for the primary once the deadline for replicas has passed.
    pub(crate) fn after_deadline(self) -> Self {
        let node = WhyNode::NoReplicaAvailable;
        Self {
            admission: Admission::FallbackPermit,
            remembers: Remembers::Nothing,
            why: Why { node, ..self.why },
            ..self
        }
    }

    /// The decision for the primary if no replica has caught up in time. A session that never waits
    /// would stay on the primary forever if it remembered what it read there.
    pub(crate) fn after_wait(self, max_wait: Duration) -> Self {
        let node = WhyNode::NotCaughtUp;
        Self {
            samples_primary: true,
            remembers: match max_wait.is_zero() {
                true => Remembers::Nothing,
                false => Remembers::Progress,
            },
            why: Why { node, ..self.why },
            ..self
        }
    }
}

impl Decision {
    /// The node that runs the statement, for reports about it.
    pub(crate) fn attempted(&self) -> Attempted {
        Attempted {
            database: self.database,
            node: self.node,
            role: self.role,
            pool: self.pool,
            was_chosen: self.may_retry_elsewhere,
            may_write: true,
        }
    }

    /// The load of the node, if it is a replica or was chosen among several. `topology` is the one
    /// that the decision was made with, or a later one.
    pub(crate) fn load(&self, topology: &Topology) -> Option<Arc<Load>> {
        let has_news = self.may_retry_elsewhere || self.role == Role::Replica;
        has_news.then(|| Arc::clone(&topology.node(self.node).load))
    }
}

/// What a statement needs before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Nothing: the statement may be sent at once.
    Now,
    /// The node was down and its backoff is over: this statement finds out whether the node is
    /// back, and is the only one to try meanwhile.
    HalfOpenTrial,
    /// A permit: a bounded number of reads may run on the primary because no replica is available.
    FallbackPermit,
    /// A replica that has caught up with the session: wait for one, then decide again.
    AwaitCatchUp,
}

/// What the session of a read remembers of the read, so that its next reads do not go back in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remembers {
    Nothing,
    /// The node: the next reads go there too.
    Node,
    /// That it saw the primary: replicas need what was committed before.
    Primary,
    /// Only the time of the read: the primary served it, and the next reads need not go there.
    Progress,
}

/// The reason of each step. Reasons explain a decision; they steer nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) database: WhyDatabase,
    pub(crate) role: WhyRole,
    pub(crate) node: WhyNode,
}

/// Why this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyDatabase {
    Using,
    Entity,
    Node,
    /// The routing policy at this index.
    Policy(usize),
    /// The table at this index of the statement is bound to the database.
    Binding {
        table: usize,
    },
    /// The table at this index of the statement has no binding.
    Unbound {
        table: usize,
    },
    NoTable,
    /// The transaction has one branch, and the statement names no table.
    Branch,
}

/// Why this role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyRole {
    Scope,
    Policy,
    Node,
    FollowUp,
    /// The session wrote to the database within its window.
    Session,
    Read,
    NotRead,
    Transaction,
}

/// Why this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyNode {
    /// The handle or a policy named the node.
    Chosen,
    Primary,
    /// The replica policy picked the node.
    Replica {
        of: usize,
    },
    /// The session has read from the node before.
    SessionAffinity,
    /// The node was down, and is tried again.
    HalfOpen,
    /// No node is known to be up.
    LastResort,
    NoReplicas,
    /// No available replica is known to have replayed what the session saw.
    NotCaughtUp,
    NoReplicaAvailable,
}
