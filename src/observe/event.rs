//! What can happen.

use std::time::Duration;

use sea_orm::DbErr;

use crate::error::RoutingError;
use crate::name::{DatabaseName, NodeName};
use crate::route::Route;
use crate::topology::NodeState;

/// Something that happened, as an [`Observer`](super::Observer) is told it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It was decided where a statement goes. Nothing is sent yet.
    #[non_exhaustive]
    Decided {
        /// Where it goes, and why.
        route: &'a Route,
    },
    /// A statement is sent to a node, for the first time or after a [retry](Self::Retried).
    #[non_exhaustive]
    Attempted {
        /// Where it goes, and why.
        route: &'a Route,
    },
    /// An attempt ended: with an answer of the node, an error, or the last row of a stream.
    #[non_exhaustive]
    Finished {
        /// The database.
        database: &'a DatabaseName,
        /// The node.
        node: &'a NodeName,
        /// From the moment it was sent to the last row.
        latency: Duration,
        /// How many rows came or were changed, where that is known.
        rows: Option<u64>,
        /// The error, if it failed.
        error: Option<&'a DbErr>,
    },
    /// A read failed on a node and goes to another one.
    #[non_exhaustive]
    Retried {
        /// The node that failed.
        from: &'a NodeName,
        /// Its error.
        error: &'a DbErr,
        /// Where the read goes now.
        route: &'a Route,
    },
    /// A statement was refused; nothing was sent.
    #[non_exhaustive]
    Refused {
        /// Why.
        error: &'a RoutingError,
    },
    /// A causal read waited for a replica to catch up.
    #[non_exhaustive]
    CatchUpWaited {
        /// The database.
        database: &'a DatabaseName,
        /// How long it waited.
        waited: Duration,
        /// Whether a replica caught up in time.
        caught_up: bool,
    },
    /// A transaction began on a database.
    #[non_exhaustive]
    BranchOpened {
        /// The database.
        database: &'a DatabaseName,
        /// The node.
        node: &'a NodeName,
    },
    /// A transaction ended on a database.
    #[non_exhaustive]
    BranchEnded {
        /// The database.
        database: &'a DatabaseName,
        /// How.
        outcome: BranchOutcome,
    },
    /// A node changed its state.
    #[non_exhaustive]
    HealthChanged {
        /// The node.
        node: &'a NodeName,
        /// Its state before.
        from: NodeState,
        /// Its state now.
        to: NodeState,
    },
    /// Another node became the primary of a database.
    #[non_exhaustive]
    RoleChanged {
        /// The database.
        database: &'a DatabaseName,
        /// The primary before.
        from: &'a NodeName,
        /// The primary now.
        to: &'a NodeName,
    },
    /// A database stopped taking writes, or takes them again.
    #[non_exhaustive]
    WritesChanged {
        /// The database.
        database: &'a DatabaseName,
        /// Why it takes no writes. `None` if it takes them again.
        blocked: Option<&'a str>,
    },
}

/// The kinds of [`Event`]: what an observer [asks for](super::Observer::wants).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// [`Event::Decided`].
    Decided,
    /// [`Event::Attempted`].
    Attempted,
    /// [`Event::Finished`].
    Finished,
    /// [`Event::Retried`].
    Retried,
    /// [`Event::Refused`].
    Refused,
    /// [`Event::CatchUpWaited`].
    CatchUpWaited,
    /// [`Event::BranchOpened`].
    BranchOpened,
    /// [`Event::BranchEnded`].
    BranchEnded,
    /// [`Event::HealthChanged`].
    HealthChanged,
    /// [`Event::RoleChanged`].
    RoleChanged,
    /// [`Event::WritesChanged`].
    WritesChanged,
}

/// How a transaction ended on a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BranchOutcome {
    /// Its changes are kept.
    Committed,
    /// Its changes are gone.
    RolledBack,
    /// The answer was lost: it may have been committed or not.
    Unknown,
}

impl EventKind {
    pub(super) const ALL: [Self; 11] = [
        Self::Decided,
        Self::Attempted,
        Self::Finished,
        Self::Retried,
        Self::Refused,
        Self::CatchUpWaited,
        Self::BranchOpened,
        Self::BranchEnded,
        Self::HealthChanged,
        Self::RoleChanged,
        Self::WritesChanged,
    ];

    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Event<'_> {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Decided { .. } => EventKind::Decided,
            Self::Attempted { .. } => EventKind::Attempted,
            Self::Finished { .. } => EventKind::Finished,
            Self::Retried { .. } => EventKind::Retried,
            Self::Refused { .. } => EventKind::Refused,
            Self::CatchUpWaited { .. } => EventKind::CatchUpWaited,
            Self::BranchOpened { .. } => EventKind::BranchOpened,
            Self::BranchEnded { .. } => EventKind::BranchEnded,
            Self::HealthChanged { .. } => EventKind::HealthChanged,
            Self::RoleChanged { .. } => EventKind::RoleChanged,
            Self::WritesChanged { .. } => EventKind::WritesChanged,
        }
    }
}
