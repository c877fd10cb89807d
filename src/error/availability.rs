//! Errors of nodes that cannot serve a statement now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use super::words::states;
use crate::name::{DatabaseName, NodeName};

/// No node can serve a statement now. It may succeed later.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AvailabilityError {
    /// A node cannot be connected to.
    #[error("cannot connect to node \"{node}\": {source}; check its URL and that its server runs")]
    #[non_exhaustive]
    Connect {
        /// The node.
        node: NodeName,
        /// The error of SeaORM or of the server.
        source: Arc<DbErr>,
    },
    /// A node is not open, or `build()`, which opens nothing, was given a URL.
    #[error(
        "node \"{node}\" is not open; pass an open DatabaseConnection, or use connect().await instead of build(); after add_database(..), call open_database(..)"
    )]
    #[non_exhaustive]
    NotOpen {
        /// The node.
        node: NodeName,
    },
    /// No replica is available, and the primary must not be read.
    #[error(
        "no replica of \"{database}\" is available ({}), and its primary must not be read; restore a replica, or allow reads on the primary",
        states(.considered)
    )]
    #[non_exhaustive]
    NoReplica {
        /// The database.
        database: DatabaseName,
        /// Each replica and its state.
        considered: Vec<ConsideredNode>,
    },
    /// No node is available for a read, neither a replica nor the primary.
    #[error(
        "no node of \"{database}\" is available ({}); probing continues, retry later",
        states(.considered)
    )]
    #[non_exhaustive]
    NoNode {
        /// The database.
        database: DatabaseName,
        /// Each node and its state.
        considered: Vec<ConsideredNode>,
    },
    /// The primary is down.
    #[error(
        "the primary of \"{database}\" is down: {reason}; wait for it, or for a new one, with wait_for_primary(..)"
    )]
    #[non_exhaustive]
    PrimaryDown {
        /// The database.
        database: DatabaseName,
        /// What the last probe met.
        reason: String,
    },
    /// Writes are blocked because it is not certain which node is the primary.
    #[error(
        "writes to \"{database}\" are blocked: {reason}; make exactly one server the primary, and writes resume"
    )]
    #[non_exhaustive]
    WritesStopped {
        /// The database.
        database: DatabaseName,
        /// What the nodes report.
        reason: String,
    },
    /// No primary accepted writes in time.
    #[error(
        "no primary of \"{database}\" accepted writes within {waited:?}: {reason}; check its servers, or wait longer"
    )]
    #[non_exhaustive]
    NoPrimary {
        /// The database.
        database: DatabaseName,
        /// How long it was waited for.
        waited: Duration,
        /// Why none did.
        reason: String,
    },
    /// No replica has caught up with what a causal session wrote, and the primary must not be read.
    #[error(
        "no replica of \"{database}\" caught up with this session within {waited:?} ({}), and its primary must not be read; wait longer, or allow reads on the primary",
        states(.considered)
    )]
    #[non_exhaustive]
    NotCaughtUp {
        /// The database.
        database: DatabaseName,
        /// How long it was waited for.
        waited: Duration,
        /// Each replica and its lag.
        considered: Vec<ConsideredNode>,
    },
    /// Too many reads already use the primary because no replica is available.
    #[error(
        "no replica of \"{database}\" is available ({}), and its primary serves {limit} fallback reads already, which is the limit; waited {waited:?}; restore a replica, or raise max_fallback_reads(..)",
        states(.considered)
    )]
    #[non_exhaustive]
    FallbackLimit {
        /// The database.
        database: DatabaseName,
        /// How many fallback reads may be in flight.
        limit: u32,
        /// How long it was waited for a permit.
        waited: Duration,
        /// Each replica and its state.
        considered: Vec<ConsideredNode>,
    },
    /// The node was lost while a statement was in flight.
    #[error(
        "node \"{node}\" was lost while a statement was in flight: {reason}; repeat a read, and check the data before you repeat a write"
    )]
    #[non_exhaustive]
    NodeLost {
        /// The node.
        node: NodeName,
        /// What that means for the statement.
        reason: &'static str,
    },
}

/// A node that was considered for a statement and could not serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsideredNode {
    /// The node.
    pub node: NodeName,
    /// Its state: `down`, `draining`, `1.5s behind`.
    pub state: Box<str>,
    /// What failed last, if it is down for that.
    pub reason: Option<Box<str>>,
}

impl ConsideredNode {
    pub(crate) fn new(node: &NodeName, state: impl fmt::Display) -> Self {
        Self {
            node: node.clone(),
            state: state.to_string().into(),
            reason: None,
        }
    }

    /// With what failed last.
    pub(crate) fn because(self, reason: Option<&str>) -> Self {
        Self {
            reason: reason.map(Into::into),
            ..self
        }
    }
}

impl fmt::Display for ConsideredNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is {}", self.node, self.state)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}
