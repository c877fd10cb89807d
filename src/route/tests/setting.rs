//! The facts a decision depends on, as a case states them.
//!
//! Each time is in milliseconds: "ago" for what has happened, "from now" for what ends.

/// Everything a decision depends on.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// `main`, `other`, ...; statements without a binding go to the first.
    pub(super) databases: Vec<DatabaseSpec>,
    pub(super) given: Given,
    pub(super) statement: StatementSpec,
}

#[derive(Debug, Clone, Default)]
pub(super) struct DatabaseSpec {
    pub(super) block: Option<Block>,
    /// Whether the monitor knows the position of the primary.
    pub(super) tracks_positions: bool,
    pub(super) removed: bool,
    /// The nodes, the primary first.
    pub(super) nodes: Vec<NodeSpec>,
}

/// Why a database takes no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    SplitBrain,
    NoPrimary,
    /// Blocked until this many milliseconds from now.
    Unreachable(i64),
}

#[derive(Debug, Clone)]
pub(super) struct NodeSpec {
    pub(super) name: String,
    pub(super) health: HealthSpec,
    pub(super) service: ServiceSpec,
    pub(super) refused: bool,
    /// Whether the node lags more than its database allows.
    pub(super) lagging: bool,
    /// The node has everything the primary had committed before this long ago.
    pub(super) has: Option<i64>,
    /// The position that the node has replayed: `lsn:7`.
    pub(super) at: Option<String>,
    /// How long ago the node came back, or another server was found at its address.
    pub(super) back: Option<i64>,
    pub(super) zone: Option<String>,
    pub(super) weight: u32,
    /// Statements in flight.
    pub(super) busy: u32,
    /// The measured latency of the node.
    pub(super) slow: Option<i64>,
}

/// Each ends that many milliseconds from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthSpec {
    Up,
    Probation,
    Suspect(i64),
    /// Statements found the node down; a half-open trial is due then.
    Down(i64),
    /// A probe found the node down; the probe is trusted until then.
    Dead(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceSpec {
    In,
    Joining,
    Draining,
    Removed,
}

/// Options, scope, session and attempts so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// The replica policy: `random` if empty.
    pub(super) policy: Vec<String>,
    pub(super) reads: Reads,
    pub(super) place: Option<PlaceSpec>,
    pub(super) role: Option<RoleSpec>,
    pub(super) read_only: bool,
    pub(super) consistency: Option<ConsistencySpec>,
    pub(super) wrote: Option<WroteSpec>,
    pub(super) read: Option<ReadSpec>,
    /// Nodes on which this statement has failed already.
    pub(super) failed: Vec<String>,
    /// The database whose row was written just before.
    pub(super) follows_up: Option<String>,
    /// The answer of a routing policy.
    pub(super) route: Option<RouteSpec>,
    pub(super) sqlite: bool,
    pub(super) in_transaction: bool,
    /// Between 0 and 1; without it, every outcome is collected.
    pub(super) random: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reads {
    #[default]
    Fallback,
    Include,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlaceSpec {
    Using(String),
    Entity(String),
    Node(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleSpec {
    Primary,
    Replica,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsistencySpec {
    Eventual,
    Window(i64),
    Causal,
}

/// The last write of the session, to `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WroteSpec {
    /// The write ended that long ago.
    Ago(i64),
    /// Another process wrote; its window ends then.
    Until(i64),
    /// Another process wrote, before the primary reached a position.
    Before(String),
    InDoubt,
}

/// The last read of the session, from `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadSpec {
    /// The node. `None` if it is unknown here.
    pub(super) node: Option<String>,
    /// How long ago the read ended; `None` if it is in flight.
    pub(super) ago: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RouteSpec {
    Database(String, Option<RoleSpec>),
    Node(String),
    Fails,
}

#[derive(Debug, Clone)]
pub(super) struct StatementSpec {
    pub(super) access: AccessSpec,
    pub(super) tables: Tables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessSpec {
    Read,
    /// A read of what differs between the nodes.
    PerNode,
    Locking,
    /// `SHOW`.
    Show,
    /// `SET`.
    Set,
    Unknown,
    Write,
    Schema,
    /// A read whose text contains a NUL byte.
    ZeroByte,
}

/// Where the tables of the statement are bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tables {
    None,
    /// One table, bound to a database.
    Bound(String),
    /// One table without a binding, which lives in the default database.
    Unbound,
    /// One table without a binding, where unbound tables are refused.
    Refused,
    /// Tables in two databases.
    Several,
}

impl NodeSpec {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            health: HealthSpec::Up,
            service: ServiceSpec::In,
            refused: false,
            lagging: false,
            has: None,
            at: None,
            back: None,
            zone: None,
            weight: 1,
            busy: 0,
            slow: None,
        }
    }
}
