//! Which server of a cluster is meant.

use std::fmt;

/// One server of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The server that takes writes.
    Primary,
    /// The replica of that index, counted from 0.
    Replica(usize),
}

/// An index alone means the replica.
impl From<usize> for Node {
    fn from(index: usize) -> Self {
        Self::Replica(index)
    }
}

/// Also the name of the server's directory.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.write_str("primary"),
            Self::Replica(index) => write!(f, "replica{index}"),
        }
    }
}
