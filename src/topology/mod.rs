//! Which nodes are there, and in what state?
//!
//! The topology is an immutable snapshot: who reads it needs no lock, and it has one writer, the
//! cluster. It holds no pools, only indices into the cluster's, so that every
//! decision over it is pure: data in, decision out. What is learned about nodes comes in as data too:
//! `health` says what a failure or an answer makes of a node, `lag` how far a replica is behind,
//! `roles` who is the primary.

mod changes;
mod health;
mod ids;
mod lag;
mod load;
mod node;
mod position;
mod roles;
mod snapshot;

pub(crate) use health::{Health, Moment, Rank, Signal};
pub(crate) use ids::{DatabaseId, NodeId, PoolId};
pub use lag::Lag;
pub(crate) use lag::Samples;
pub(crate) use load::{Load, since_start};
pub use node::{Endpoint, Node, NodeState, Role};
pub(crate) use node::{Progress, Service};
pub(crate) use position::Position;
pub(crate) use roles::{Looked, Seen, Verdict, judge};
pub(crate) use snapshot::Halt;
pub use snapshot::{Database, Topology};
