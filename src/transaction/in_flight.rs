//! What was sent on a connection and not answered yet.
//!
//! A future can be dropped at any `.await`, and the code after it then never runs. So the mark is set
//! *before* something is sent and cleared by its answer: whatever is left here was cut off. The mark
//! is part of [`BranchConnection`](super::connection::BranchConnection), which a branch, a stream of
//! rows and a lease share. A connection that is dropped with a mark is closed, never returned.

/// What was sent on a connection and not answered yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum InFlight {
    #[default]
    Nothing,
    /// A statement, or the next row of a stream.
    Statement,
    /// A stream whose last row was not read, between two rows: the driver skips the remaining rows by
    /// itself, but an error among them is never seen.
    #[cfg_attr(
        not(all(feature = "stream", feature = "sqlx-dep")),
        allow(dead_code, reason = "only streams of drivers have rows")
    )]
    Rows,
    /// A control statement, such as `COMMIT`.
    Control(&'static str),
}

impl InFlight {
    /// Whether the connection must not be used again by another owner.
    pub(super) fn is_cut_off(self) -> bool {
        match self {
            Self::Nothing | Self::Rows => false,
            Self::Statement | Self::Control(_) => true,
        }
    }
}
