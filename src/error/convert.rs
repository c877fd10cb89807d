//! Into SeaORM's errors, and out of them again.

use std::sync::Arc;

use sea_orm::DbErr;

use super::{AvailabilityError, RoutingError, TopologyError, TxnError};

impl RoutingError {
    /// The routing error inside a [`DbErr`], or `None` if it is another error.
    pub fn of(error: &DbErr) -> Option<&Self> {
        match error {
            DbErr::TryIntoErr { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// Whether the statement was refused. Otherwise something was sent, or could not be sent.
    pub(crate) fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Availability(
                AvailabilityError::Connect { .. } | AvailabilityError::NodeLost { .. }
            ) | Self::Transaction(
                TxnError::BranchBegin { .. }
                    | TxnError::PartialCommit { .. }
                    | TxnError::CommitUnknown { .. }
            )
        )
    }

    /// What failed, as SeaORM's only variant for a foreign error says it: from what into what.
    fn step(&self) -> (&'static str, &'static str) {
        match self {
            Self::Config(_) => ("declaration", "connection"),
            Self::Availability(
                AvailabilityError::Connect { .. } | AvailabilityError::NotOpen { .. },
            ) => ("URL", "connection"),
            Self::Binding(_) | Self::Availability(_) | Self::Refused(_) => ("statement", "route"),
            Self::Topology(
                TopologyError::UnknownDatabase { .. }
                | TopologyError::UnknownNode { .. }
                | TopologyError::Removed { .. },
            ) => ("name", "node"),
            Self::Topology(_) => ("change", "topology"),
            Self::Transaction(TxnError::PartialCommit { .. } | TxnError::CommitUnknown { .. }) => {
                ("transaction", "commit")
            }
            Self::Transaction(_) => ("statement", "transaction"),
            Self::Session(_) => ("token", "session"),
        }
    }
}

impl From<RoutingError> for DbErr {
    /// SeaORM has one variant that carries a foreign error with or without a driver. Its text reads
    /// "Error converting `transaction` into `commit`: ...", with the words of the kind.
    fn from(error: RoutingError) -> Self {
        let (from, into) = error.step();
        Self::TryIntoErr {
            from,
            into,
            source: Arc::new(error),
        }
    }
}
