// The README's code is compiled as examples/readme.rs; a test holds the two together.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
//!
//! # The map
//!
//! SQL in -> classify -> bind -> choose -> run -> report. Deciding is pure; doing is small. A module
//! uses only those above it. The root exports what most applications need; the rest is in the public
//! modules, which are links here.
//!
//! | module | question |
//! |---|---|
//! | `name`, `clock` | what is it called, when is it? |
//! | [`sql`] | what does a statement do? |
//! | [`error`] | what went wrong? |
//! | [`topology`] | which nodes, in what state? |
//! | `bind` (in [`policy`]) | where do its tables live? |
//! | `balance` (in [`policy`]) | which replica? |
//! | [`session`], `scope` | what has this work seen, what has this handle fixed? |
//! | `route` | the decision, with its reasons |
//! | [`observe`] | what happened? events, observers, recordings |
//! | `cluster` (in [`options`]) | the open pools, the monitors; the one writer of the topology |
//! | `dispatch` | the path of every statement, up to the decision |
//! | [`transaction`] | branches, savepoints |
//! | `connection` | the handle an application holds |
//! | [`schema`] | one database, as a tool that changes its schema sees it |

mod balance;
mod bind;
mod clock;
mod cluster;
mod connection;
mod dispatch;
pub mod error;
mod name;
pub mod observe;
mod route;
mod routing_trait;
pub mod schema;
mod scope;
pub mod session;
pub mod sql;
pub mod topology;
pub mod transaction;

/// Where statements go: rules of one's own, and the choice among replicas.
///
/// A [`RoutingPolicy`] sends a statement to a database or a node; a
/// [`ReplicaPolicy`](policy::ReplicaPolicy) chooses the replica of a read. Both can be unit-tested
/// without a database.
pub mod policy {
    pub use crate::balance::{
        Candidate, Candidates, LeastInFlight, PeakEwma, PrimaryReads, Random, ReplicaPolicy,
        RoundRobin, Zones,
    };
    pub use crate::bind::{Bind, BindRequest, RoutingPolicy, TableRules};
}

/// What is declared about databases and their nodes.
pub mod options {
    pub use crate::bind::Unbound;
    pub use crate::cluster::{DatabaseOptions, ReplicaGuard, ReplicaOptions, RoleSource};
}

/// Databases, nodes and credentials that change at run time.
pub mod admin {
    pub use crate::connection::Admin;
}

pub use bind::{Bind, BindRequest, RoutingPolicy, Unbound};
pub use cluster::{DatabaseOptions, ReplicaOptions};
pub use connection::{RoutingBuilder, RoutingConnection};
#[cfg(feature = "stream")]
pub use dispatch::RowStream;
pub use error::RoutingError;
pub use name::{DatabaseName, NodeName, TableName};
pub use routing_trait::RoutingTrait;
#[cfg(feature = "macros")]
pub use sea_orm_routing_macros::DeriveBinding;
pub use session::{Consistency, Session};
pub use topology::Role;
pub use transaction::{RoutingTransaction, ScopedTransaction, TransactionMode};

#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::bind::EntityBinding;

    use sea_orm::{DbErr, Statement};

    use crate::RoutingConnection;

    /// Decides as for a statement that is sent, and does nothing else: for the benches.
    pub fn decide(db: &RoutingConnection, statement: &Statement) -> Result<bool, DbErr> {
        db.decide_only(statement)
    }
}
