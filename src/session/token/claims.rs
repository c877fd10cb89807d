//! What a token says.

/// What a session has seen, as plain data. Moments are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    /// When the token was issued.
    pub(crate) issued_ms: u64,
    /// From when on it is worth nothing.
    pub(crate) expires_ms: u64,
    /// What the reads of the session may miss.
    pub(crate) consistency: ConsistencyClaim,
    /// The databases it has used.
    pub(crate) databases: Vec<DatabaseClaim>,
}

/// What the reads of a session may miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsistencyClaim {
    /// Anything.
    Eventual,
    /// Nothing of its own, for a while after it wrote.
    ReadYourWrites {
        /// How long after a write.
        window_ms: u64,
    },
    /// Nothing of its own, nor of what it has read.
    Causal {
        /// How long a read waits for a replica.
        max_wait_ms: u64,
        /// Whether it then fails, instead of going to the primary.
        on_timeout_error: bool,
    },
}

/// What a session has seen of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseClaim {
    /// The name of the database.
    pub(crate) name: String,
    /// The identity of its cluster, where the position means something.
    pub(crate) cluster: Option<String>,
    /// How far the session has written.
    pub(crate) written: Option<Written>,
    /// The node its last read was of, for reads that do not go back.
    pub(crate) replica: Option<String>,
}

/// How far a session has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// Reads belong to the primary until then.
    Until {
        /// The end of the window.
        unix_ms: u64,
    },
    /// Reads belong to who has replayed this.
    At {
        /// The position as text.
        position: String,
    },
}
