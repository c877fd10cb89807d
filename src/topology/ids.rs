//! Indices of databases and nodes in the topology, and of pools in the cluster. None is ever reused.

use super::Role;

/// The index of a database in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DatabaseId(u32);

/// The index of a node in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// The index of a pool in the cluster. A node that is promoted gets another pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PoolId(u32);

macro_rules! index {
    ($name:ident) => {
        impl $name {
            pub(crate) const fn new(index: u32) -> Self {
                Self(index)
            }

            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(DatabaseId);
index!(NodeId);
index!(PoolId);

/// A node that ran an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempted {
    pub(crate) database: DatabaseId,
    pub(crate) node: NodeId,
    pub(crate) role: Role,
    pub(crate) pool: PoolId,
    /// Whether the node was chosen among several, as any replica is.
    pub(crate) was_chosen: bool,
    /// Whether the application lets it write. If not, that a write is refused says nothing of the node.
    pub(crate) may_write: bool,
}
