// The README's code is compiled as examples/readme.rs; a test holds the two together.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
//!
//! # The map
//!
//! SQL in -> classify -> bind -> choose -> run -> report. Deciding is pure; doing is small. A module
//! uses only those above it.
//!
//! | module | question |
//! |---|---|
//! | `error`, `name` | what is it called, what went wrong? |
//! | `sql` | what does a statement do? |
//! | `topology` | which nodes, in what state? |
//! | `bind` | where do its tables live? |
//! | `balance` | which replica? |
//! | `session`, `scope` | what has this work seen, what has this handle fixed? |
//! | `route` | the decision, with its reasons |
//! | `cluster` | the open pools, the monitors; the one writer of the topology |
//! | `observe` | who wants to know? |
//! | `dispatch` | the one way of every statement, up to the decision |
//! | `transaction` | branches, savepoints |
//! | `connection` | the handle an application holds |
//! | [`schema`] | one database, as a tool that changes its schema sees it |

mod balance;
mod bind;
mod cluster;
mod connection;
mod dispatch;
mod error;
mod name;
mod observe;
mod route;
pub mod schema;
mod scope;
mod session;
mod sql;
mod topology;
mod transaction;

pub use balance::{
    Candidate, Candidates, ExcludePrimary, IncludePrimary, LeastInFlight, PeakEwma, PrimaryReads,
    Random, ReplicaPolicy, RoundRobin, Weighted, Zones,
};
pub use bind::{Bind, BindRequest, EntityBinding, RoutingPolicy, TableRules, Unbound};
pub use cluster::{DatabaseOptions, ReplicaGuard, ReplicaOptions, Roles};
pub use connection::{RoutingBuilder, RoutingConnection};
#[cfg(feature = "stream")]
pub use dispatch::RowStream;
pub use error::RoutingError;
pub use name::{DatabaseName, NodeName, TableName};
pub use observe::Recording;
pub use route::{ReplicaFallback, Route};
pub use scope::{ReadOnlyTransactions, TransactionMode};
#[cfg(feature = "macros")]
pub use sea_orm_routing_macros::DeriveBinding;
pub use session::{Consistency, OnTimeout, Session};
pub use sql::{Access, Evidence, Operation};
pub use topology::{Database, Endpoint, Lag, Node, NodeState, Role, Topology};
pub use transaction::{RoutingTransaction, ScopedTransaction};

#[doc(hidden)]
pub mod __private {
    pub use inventory;

    use sea_orm::{DbErr, Statement};

    use crate::RoutingConnection;

    /// Decides as for a statement that is sent, and does nothing else: for the benches.
    pub fn decide(db: &RoutingConnection, statement: &Statement) -> Result<bool, DbErr> {
        db.decide_only(statement)
    }
}
