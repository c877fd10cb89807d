//! The role of a server in its cluster.

use std::time::Duration;

use crate::node::Node;

/// The role that a server resumes when it is started again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Role {
    /// The primary it follows; `None` for a primary.
    pub(crate) source: Option<Node>,
    /// The delay with which it applies changes.
    pub(crate) delay: Duration,
    /// Whether its commits wait for a replica.
    pub(crate) synchronous: bool,
}

impl Role {
    /// The role a server is created for.
    pub(crate) fn first(node: Node) -> Self {
        match node {
            Node::Primary => Self::default(),
            Node::Replica(_) => Self::following(Node::Primary),
        }
    }

    /// The role of a replica of that server.
    pub(crate) fn following(source: Node) -> Self {
        Self {
            source: Some(source),
            ..Self::default()
        }
    }
}
