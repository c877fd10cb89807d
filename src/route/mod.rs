//! Where does a statement go, and why?
//!
//! [`decide`] is the rule of the house, in order: the scope of the handle, the policies, the
//! bindings, the access, the replica policy. It is pure: no I/O, no clock, no lock.

mod decide;
mod explain;
mod replica;
#[cfg(test)]
mod tests;

use std::time::Instant;

use sea_orm::DbBackend;

pub(crate) use decide::{decide, decide_branch};
pub use explain::Route;

use crate::balance::{PrimaryReads, ReplicaPolicy};
use crate::bind::{Bound, RoutingPolicy};
use crate::scope::Scope;
use crate::session::{Consistency, Past};
use crate::sql::Operation;
use crate::topology::{DatabaseId, NodeId, PoolId, Role, Topology};

/// What becomes of a read when no replica can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplicaFallback {
    /// It goes to the primary.
    #[default]
    Primary,
    /// It fails: the primary is kept for writes.
    Error,
}

/// How each database chooses among its replicas.
#[derive(Debug)]
pub(crate) struct Balancing {
    pub(crate) policy: Box<dyn ReplicaPolicy>,
    pub(crate) fallback: ReplicaFallback,
}

impl Balancing {
    /// Whether the primary may serve reads that no replica can.
    pub(crate) fn falls_back(&self) -> bool {
        self.fallback == ReplicaFallback::Primary
            && self.policy.primary_reads() != PrimaryReads::Exclude
    }

    /// Whether the primary is a candidate like the replicas.
    fn includes_primary(&self) -> bool {
        self.policy.primary_reads() == PrimaryReads::Include
    }
}

/// How each database chooses, by its place. Databases come while others are read.
pub(crate) type Balancings = boxcar::Vec<Balancing>;

/// Everything a decision depends on.
pub(crate) struct Question<'a> {
    pub(crate) operation: &'a Operation,
    /// The dialect the statement is written in.
    pub(crate) dialect: DbBackend,
    pub(crate) bound: &'a Bound,
    pub(crate) scope: &'a Scope,
    pub(crate) topology: &'a Topology,
    pub(crate) policies: &'a [Box<dyn RoutingPolicy>],
    pub(crate) balancing: &'a Balancings,
    pub(crate) default: DatabaseId,
    /// The database and table SeaORM wrote last on this thread, if the statement follows up on it.
    pub(crate) follows_up: Option<DatabaseId>,
    /// What the session of the handle did on a database, if it has one.
    pub(crate) past: &'a dyn Fn(DatabaseId) -> Option<(Consistency, Past)>,
    /// Nodes that failed this statement already.
    pub(crate) failed: &'a [NodeId],
    pub(crate) random: &'a dyn Fn() -> u64,
    pub(crate) now: &'a dyn Fn() -> Instant,
}

/// The node, and the reason of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) database: DatabaseId,
    pub(crate) node: NodeId,
    pub(crate) pool: PoolId,
    pub(crate) role: Role,
    pub(crate) why_database: WhyDatabase,
    pub(crate) why_role: WhyRole,
    pub(crate) why_node: WhyNode,
}

/// Why this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyDatabase {
    Using,
    Entity,
    Node,
    Policy(usize),
    Binding { table: usize },
    Unbound { table: usize },
    NoTable,
    Branch,
}

/// Why this role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyRole {
    Scope,
    Policy,
    Node,
    FollowUp,
    /// The session wrote to the database a moment ago.
    Session,
    Read,
    NotRead,
    Transaction,
}

/// Why this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyNode {
    Chosen,
    Primary,
    /// A policy picked it.
    Replica {
        of: usize,
    },
    /// The session read from it before.
    Same,
    /// It was down, and somebody must find out whether it still is.
    Trial,
    /// It is down, by what statements met, and there is nobody else.
    LastResort,
    NoReplicas,
    /// The replicas that serve have not replayed what the session has seen.
    NotCaughtUp,
    NoneServes,
}

impl WhyNode {
    /// Whether a read that fails there may go to another node: nobody named this one.
    pub(crate) fn is_free(self) -> bool {
        match self {
            Self::Replica { .. } | Self::Same | Self::Trial | Self::LastResort => true,
            Self::Chosen
            | Self::Primary
            | Self::NoReplicas
            | Self::NotCaughtUp
            | Self::NoneServes => false,
        }
    }
}
