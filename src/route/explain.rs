//! A decision with its names, to print and to assert on.

use std::fmt;
use std::sync::Arc;

use super::{Decision, WhyDatabase, WhyNode, WhyRole};
use crate::error::dialect_name;
use crate::name::{DatabaseName, NodeName, TableName};
use crate::sql::{Access, Operation};
use crate::topology::{Role, Topology};

/// Where a statement goes, with the reason of each step. Prints as four lines.
///
/// ```text
/// default/2, a replica of default (Postgres)
///   it is     a read: nothing in it writes
///   database  default: the table cake has no binding
///   role      replica: it is a read
///   node      default/2: random, one of 2 replicas
/// ```
#[derive(Debug, Clone)]
pub struct Route {
    operation: Operation,
    decision: Decision,
    topology: Arc<Topology>,
    replica_policy: &'static str,
}

/// One database and its node that a statement is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteTarget<'a> {
    /// The database.
    pub database: &'a DatabaseName,
    /// The node.
    pub node: &'a NodeName,
    /// The role of the node.
    pub role: Role,
}

impl Route {
    pub(crate) fn new(
        operation: Operation,
        decision: Decision,
        topology: Arc<Topology>,
        replica_policy: &'static str,
    ) -> Self {
        Self {
            operation,
            decision,
            topology,
            replica_policy,
        }
    }

    /// The databases and nodes that the statement is sent to: one today; several once a statement
    /// can be sent to several shards.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = RouteTarget<'_>> {
        std::iter::once(RouteTarget {
            database: self.database(),
            node: self.node(),
            role: self.role(),
        })
    }

    /// The database.
    pub fn database(&self) -> &DatabaseName {
        &self.topology.database_by_id(self.decision.database).name
    }

    /// The node.
    pub fn node(&self) -> &NodeName {
        &self.topology.node(self.decision.node).name
    }

    /// The role of the node.
    pub fn role(&self) -> Role {
        self.decision.role
    }

    /// What the statement does.
    pub fn access(&self) -> Access {
        self.operation.access()
    }

    /// The tables it names.
    pub fn tables(&self) -> &[TableName] {
        self.operation.tables()
    }

    /// Whether the statement names a table, compared as its server compares names.
    pub(crate) fn names(&self, table: &TableName) -> bool {
        let dialect = self.topology.database_by_id(self.decision.database).dialect;
        self.tables().iter().any(|named| table.is(named, dialect))
    }

    /// What the statement does, and how it is known.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Why this database.
    pub fn why_database(&self) -> String {
        let table = |index: usize| &self.operation.tables()[index];
        match self.decision.why.database {
            WhyDatabase::Using => "using(..) says so".to_owned(),
            WhyDatabase::Entity => "for_entity(..) says so".to_owned(),
            WhyDatabase::Node => "using(..) names one of its nodes".to_owned(),
            WhyDatabase::Policy(index) => format!("routing policy {} says so", index + 1),
            WhyDatabase::Binding { table: index } => {
                format!("the table {} is bound to it", table(index))
            }
            WhyDatabase::Unbound { table: index } => {
                format!("the table {} has no binding", table(index))
            }
            WhyDatabase::NoTable => "the statement names no table".to_owned(),
            WhyDatabase::Branch => {
                "the statement names no table, and the transaction has one branch".to_owned()
            }
        }
    }

    /// Why this role.
    pub fn why_role(&self) -> &'static str {
        match self.decision.why.role {
            WhyRole::Scope => "on_primary() or on_replica() says so",
            WhyRole::Policy => "the routing policy says so",
            WhyRole::Node => "it is the role of the node",
            WhyRole::FollowUp => "it reads the row that was just written",
            WhyRole::Session => "its session has written there a moment ago",
            WhyRole::Read => "it is a read",
            WhyRole::NotRead => "only proven reads go to a replica",
            WhyRole::Transaction => "it is in a transaction",
        }
    }

    /// Why this node.
    pub fn why_node(&self) -> String {
        match self.decision.why.node {
            WhyNode::Chosen => "it was chosen by name".to_owned(),
            WhyNode::Primary => "there is one primary".to_owned(),
            WhyNode::Replica { of } if self.decision.role == Role::Primary => {
                format!("{}, one of {of} nodes", self.replica_policy)
            }
            WhyNode::Replica { of: 1 } => "the only available replica".to_owned(),
            WhyNode::Replica { of } => format!("{}, one of {of} replicas", self.replica_policy),
            WhyNode::SessionAffinity => "its session has read from it before".to_owned(),
            WhyNode::HalfOpen => "it was down, and is tried again".to_owned(),
            WhyNode::LastResort => "no node is known to be up".to_owned(),
            WhyNode::NotCaughtUp => {
                "no replica is known to have what its session has seen".to_owned()
            }
            WhyNode::NoReplicas => "the database has no replicas".to_owned(),
            WhyNode::NoReplicaAvailable => "no replica is available".to_owned(),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.topology.database_by_id(self.decision.database);
        let (node, role) = (self.node(), self.role());
        let dialect = dialect_name(database.dialect);
        let article = match role {
            Role::Primary => "the primary",
            Role::Replica => "a replica",
        };
        writeln!(f, "{node}, {article} of {} ({dialect})", database.name)?;
        let operation = &self.operation;
        writeln!(
            f,
            "  it is     {}: {}",
            operation.access(),
            operation.evidence()
        )?;
        writeln!(f, "  database  {}: {}", database.name, self.why_database())?;
        writeln!(f, "  role      {role}: {}", self.why_role())?;
        write!(f, "  node      {node}: {}", self.why_node())
    }
}
