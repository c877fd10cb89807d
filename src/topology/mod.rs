//! Which nodes are there, and in what state?
//!
//! The topology is an immutable snapshot: who reads it needs no lock, and it has one writer, the
//! [cluster](crate::cluster). It holds no pools, only indices into the cluster's, so that every
//! decision over it is pure: data in, decision out.

mod health;
mod snapshot;

pub(crate) use health::Health;
pub use snapshot::{Database, Node, Role, Topology};
pub(crate) use snapshot::{DatabaseId, NodeId};
