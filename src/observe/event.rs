//! The events that can happen.

use std::time::Duration;

use sea_orm::{DbErr, Statement};

use crate::error::RoutingError;
use crate::name::{DatabaseName, NodeName};
use crate::route::Route;
use crate::topology::NodeState;

/// An event, as an [`Observer`](super::Observer) receives it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It was decided where a statement outside a transaction goes. It has not been sent yet, and a causal
    /// read that first waits for a replica may go elsewhere.
    #[non_exhaustive]
    Decided {
        /// The route, with its reasons.
        route: &'a Route,
    },
    /// A statement is sent to a node, for the first time or after a [retry](Self::Retried). One
    /// [`Finished`](Self::Finished) or [`Cancelled`](Self::Cancelled) follows. A statement of
    /// [`on_branch_begin`](crate::RoutingConnection::on_branch_begin) has no route, and so only that one.
    #[non_exhaustive]
    Attempted {
        /// The route, with its reasons.
        route: &'a Route,
    },
    /// A node ran a statement: it replied, failed, or sent the last row of a stream that was read to its end
    /// or dropped.
    #[non_exhaustive]
    Finished {
        /// The database.
        database: &'a DatabaseName,
        /// The node.
        node: &'a NodeName,
        /// The statement, if an observer [asks for it](super::Observer::wants_statements).
        statement: Option<&'a Statement>,
        /// From the instant the statement was sent to the last row.
        latency: Duration,
        /// How many rows were returned or changed, if that is known.
        rows: Option<u64>,
        /// The error, if the attempt failed.
        error: Option<&'a DbErr>,
    },
    /// The future of an attempt was dropped before the reply: the node may have run the statement or not.
    #[non_exhaustive]
    Cancelled {
        /// The database.
        database: &'a DatabaseName,
        /// The node.
        node: &'a NodeName,
        /// How long the attempt had waited for the reply.
        waited: Duration,
    },
    /// A read failed on a node and is sent to another one.
    #[non_exhaustive]
    Retried {
        /// The node that failed.
        from: &'a NodeName,
        /// The error of that node.
        error: &'a DbErr,
        /// The new route of the read.
        route: &'a Route,
    },
    /// A statement was refused before it was sent, or before its transaction had a connection for it.
    #[non_exhaustive]
    Refused {
        /// The error that says why.
        error: &'a RoutingError,
    },
    /// A causal read waited for a replica to catch up.
    #[non_exhaustive]
    CatchUpWaited {
        /// The database.
        database: &'a DatabaseName,
        /// How long the read waited.
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
        /// The outcome of the branch.
        outcome: BranchOutcome,
    },
    /// A database has one more node.
    #[non_exhaustive]
    NodeAdded {
        /// The database.
        database: &'a DatabaseName,
        /// The node.
        node: &'a NodeName,
    },
    /// A node changed its state. A node that is removed changes to [`NodeState::Removed`].
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
        /// Why the database takes no writes. `None` if it takes them again.
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
    /// [`Event::Cancelled`].
    Cancelled,
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
    /// [`Event::NodeAdded`].
    NodeAdded,
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
    /// Its changes are rolled back.
    RolledBack,
    /// The reply was lost: the transaction may have been committed or not.
    Unknown,
}

impl EventKind {
    pub(super) const ALL: [Self; 13] = [
        Self::Decided,
        Self::Attempted,
        Self::Finished,
        Self::Cancelled,
        Self::Retried,
        Self::Refused,
        Self::CatchUpWaited,
        Self::BranchOpened,
        Self::BranchEnded,
        Self::NodeAdded,
        Self::HealthChanged,
        Self::RoleChanged,
        Self::WritesChanged,
    ];

    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Event<'_> {
    /// The kind of this event.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Decided { .. } => EventKind::Decided,
            Self::Attempted { .. } => EventKind::Attempted,
            Self::Finished { .. } => EventKind::Finished,
            Self::Cancelled { .. } => EventKind::Cancelled,
            Self::Retried { .. } => EventKind::Retried,
            Self::Refused { .. } => EventKind::Refused,
            Self::CatchUpWaited { .. } => EventKind::CatchUpWaited,
            Self::BranchOpened { .. } => EventKind::BranchOpened,
            Self::BranchEnded { .. } => EventKind::BranchEnded,
            Self::NodeAdded { .. } => EventKind::NodeAdded,
            Self::HealthChanged { .. } => EventKind::HealthChanged,
            Self::RoleChanged { .. } => EventKind::RoleChanged,
            Self::WritesChanged { .. } => EventKind::WritesChanged,
        }
    }
}
