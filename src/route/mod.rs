//! Where does a statement go, and why?
//!
//! A replica that serves a statement it should not have seen is worse than no replica at all, so
//! everything that can decide wrongly is here, and is pure: plain data in, a [`Decision`] or an error
//! out. There is no I/O, no clock, no lock and no callback.
//!
//! A decision has two steps:
//!
//! 1. [`choose_database`]: the scope of the handle, then the routing policies, then the bindings say
//!    which database, and perhaps a role or one node ([`Target`]).
//! 2. [`decide`]: the access of the statement, the session and the state of the nodes say which node,
//!    and what has to happen before the statement is sent ([`Admission`]).
//!
//! A retry and the first statement of a transaction take the second step alone. What steers is data of
//! the decision; its [reasons](Why) only explain.

mod database;
mod decide;
mod decision;
mod explain;
mod replica;
#[cfg(test)]
mod tests;

use std::time::Instant;

pub(crate) use database::{StatementInput, choose_branch_database, choose_database};
pub(crate) use decide::decide;
pub(crate) use decision::{
    Admission, Decision, Fixed, NamedBy, Remembers, Target, Why, WhyDatabase, WhyNode, WhyRole,
};
pub use explain::{Route, RouteTarget};

use crate::balance::Balancing;
use crate::session::{Consistency, SessionHistory};
use crate::sql::{Access, Evidence};
use crate::topology::{NodeId, Role, Topology};

/// Everything that the choice of a node depends on.
#[derive(Debug)]
pub(crate) struct RoutingInput<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) target: Target,
    pub(crate) access: Access,
    /// What in the statement decided its access; refusals quote it.
    pub(crate) evidence: &'a Evidence,
    /// The role that the handle has fixed, with `on_primary()` or `on_replica()`.
    pub(crate) role: Option<Role>,
    /// Whether the statement reads the row that SeaORM has just written on this thread.
    pub(crate) is_follow_up: bool,
    /// How the target database chooses among its nodes.
    pub(crate) balancing: &'a Balancing,
    /// What the session of the handle did on the target database. `None` without a session.
    pub(crate) history: Option<(Consistency, SessionHistory)>,
    /// Nodes on which this statement has failed already.
    pub(crate) failed: &'a [NodeId],
    pub(crate) now: Instant,
    /// Uniform over `u64`.
    pub(crate) random: u64,
}
