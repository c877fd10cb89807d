//! What the reads of a session may miss.

use std::time::Duration;

/// What the reads of a session may miss.
///
/// Whatever it is, a session goes on reading from a replica it has read from, as long as that serves,
/// and then from one that has got as far, where that is measured: among replicas it never goes back in
/// time. A causal one with a `max_wait` does not go back behind what it has seen on the primary either.
///
/// ```
/// use std::time::Duration;
/// use sea_orm_routing::Consistency;
/// use sea_orm_routing::session::OnTimeout;
///
/// let window = Consistency::ReadYourWrites { window: Duration::from_secs(5) };
/// let causal = Consistency::Causal {
///     max_wait: Duration::from_millis(50),
///     on_timeout: OnTimeout::Primary,
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// A read may miss what was just written: it goes to any replica.
    #[default]
    Eventual,
    /// For a while after a write to a database, reads of it go to its primary. Nothing is measured: a
    /// replica that is behind for longer than the window shows old rows again. (Rails' and Django's
    /// usual way.)
    ReadYourWrites {
        /// How long after the end of the write; with zero it is `Eventual`.
        window: Duration,
    },
    /// A read goes to a replica that has replayed the last write of the session. Until one has, it
    /// waits, or goes to the primary. Where nothing is measured (SQLite, replicas behind a balancer, a
    /// connection without a monitor), no replica can prove it, and reads after a write go to the
    /// primary.
    Causal {
        /// How long a read waits for a replica to catch up before it does what `on_timeout` says; not
        /// at all with zero.
        max_wait: Duration,
        /// What becomes of a read for which no replica has caught up.
        on_timeout: OnTimeout,
    },
}

/// What becomes of a causal read for which no replica has caught up in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnTimeout {
    /// It goes to the primary.
    #[default]
    Primary,
    /// It fails with [`RoutingError::NotCaughtUp`](crate::RoutingError::NotCaughtUp): the primary is
    /// kept for writes.
    Error,
}
