//! Places: of databases and nodes in the topology, of pools in the cluster. None is ever given twice.

/// The place of a database in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DatabaseId(u32);

/// The place of a node in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// The place of a pool in the cluster: a node that is promoted gets another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PoolId(u32);

macro_rules! place {
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

place!(DatabaseId);
place!(NodeId);
place!(PoolId);
