//! Which nodes are there, and in what state?
//!
//! Every statement reads this, and failovers, probes and administrators change it at the same time. So
//! the topology is an immutable snapshot with one writer, the cluster: a reader takes
//! no lock, and a decision sees all of a change or none of it. The snapshot holds indices of pools, not
//! pools, so that every decision over it is pure and can be tested without a server.
//!
//! What is learned about nodes comes in as data: `health` decides what a failure or an answer makes of
//! a node, `lag` how far a replica is behind, `roles` which node is the primary. Users read it
//! through the views in `view`.

mod changes;
mod epoch;
mod health;
mod ids;
mod lag;
mod load;
mod node;
mod pages;
mod position;
mod roles;
mod snapshot;
mod view;

#[cfg(test)]
pub(crate) use epoch::Precedence;
pub(crate) use epoch::{Claim, Incumbent};
pub(crate) use health::{Health, Moment, Rank, Signal};
pub(crate) use ids::{Attempted, DatabaseId, NodeId, PoolId};
pub use lag::Lag;
pub(crate) use lag::Samples;
pub(crate) use load::{Load, since_start};
pub use node::{Endpoint, NodeState, Role};
pub(crate) use node::{Node, Progress, Service};
#[cfg(test)]
pub(crate) use position::Lsn;
pub(crate) use position::Position;
pub(crate) use roles::{NodeReport, ObservedRole, Refusal, Verdict, judge, refusal};
pub use snapshot::Topology;
pub(crate) use snapshot::{Database, WriteBlock};
pub use view::{DatabaseView, NodeView};
