//! What the reads of a session may miss.

use std::time::Duration;

/// What the reads of a session may miss.
///
/// With each of them, a session keeps reading from a replica it has read from while that replica
/// serves, and then from one that has replayed as much, if positions are tracked: among replicas it
/// never goes back in time. For a causal session, what it read from the primary on purpose (by
/// `on_primary()`, `using(..)`, a locking read, a transaction) counts like a write of its own; with a
/// `max_wait`, it does not go back behind what it read there because no replica had caught up either.
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
    /// For a window after a write to a database, reads of it go to its primary. No position is
    /// compared: a replica that is behind for longer than the window shows old rows again. (The usual
    /// way of Rails and Django.)
    ReadYourWrites {
        /// How long the window lasts after the end of the write. Zero is the same as `Eventual`.
        window: Duration,
    },
    /// A read goes to a replica that has replayed the last write of the session. Until one has, the
    /// read waits, or goes to the primary. Where no positions are tracked (SQLite, replicas behind a
    /// balancer, a connection without a monitor), no replica can prove it, and reads after a write go
    /// to the primary.
    Causal {
        /// How long a read waits for a replica to catch up before it does what `on_timeout` says. With
        /// zero it does not wait.
        max_wait: Duration,
        /// What happens to a read if no replica has caught up.
        on_timeout: OnTimeout,
    },
}

impl Consistency {
    /// The consistency of a session that declares none: causal, without waiting. A read goes to a replica
    /// that is proven to have what the session wrote, else to the primary.
    pub const SESSION: Self = Self::Causal {
        max_wait: Duration::ZERO,
        on_timeout: OnTimeout::Primary,
    };
}

/// What happens to a causal read if no replica has caught up in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnTimeout {
    /// The read goes to the primary.
    #[default]
    Primary,
    /// The read fails with
    /// [`AvailabilityError::NotCaughtUp`](crate::error::AvailabilityError::NotCaughtUp): the
    /// primary is kept for writes.
    Error,
}
