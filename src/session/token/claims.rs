//! The claims of a token, as they are encoded: the order of fields and variants is the layout.

use serde::{Deserialize, Serialize};

/// What a session has seen, as plain data. Moments are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// When the token was issued.
    pub(crate) issued_ms: u64,
    /// When the token expires.
    pub(crate) expires_ms: u64,
    /// What the reads of the session may miss.
    pub(crate) consistency: ConsistencyClaim,
    /// The databases that the session has used.
    pub(crate) databases: Vec<DatabaseClaim>,
}

/// What the reads of a session may miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ConsistencyClaim {
    /// Any write.
    Eventual,
    /// No write of its own, for a while after it wrote.
    ReadYourWrites {
        /// How long after a write.
        window_ms: u64,
    },
    /// No write of its own, and none that it has read.
    Causal {
        /// How long a read waits for a replica.
        max_wait_ms: u64,
        /// Whether it then fails, instead of going to the primary.
        on_timeout_error: bool,
    },
}

/// What a session has seen of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DatabaseClaim {
    /// The name of the database.
    pub(crate) name: String,
    /// The identity of its cluster, if positions are compared there.
    pub(crate) cluster: Option<String>,
    /// The last write of the session.
    pub(crate) written: Option<WrittenClaim>,
    /// The node of its last read, for reads that do not go back in time.
    pub(crate) replica: Option<String>,
}

/// The last write of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WrittenClaim {
    /// Reads go to the primary until then.
    Until {
        /// The end of the window.
        unix_ms: u64,
    },
    /// Reads go to nodes that have replayed this position.
    At {
        /// The position as text.
        position: String,
    },
}
