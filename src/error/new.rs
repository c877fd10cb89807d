//! Errors made from what is at hand where they arise.

use super::{ConfigError, RoutingError, TopologyError, TxnError, database_names};
use crate::name::NodeName;

impl RoutingError {
    /// The error for a database that is not among `known`.
    pub fn unknown_database<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Topology(TopologyError::UnknownDatabase {
            name: name.to_owned(),
            known: database_names(known),
        })
    }

    pub(crate) fn unknown_node<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Topology(TopologyError::UnknownNode {
            name: name.to_owned(),
            known: known.into_iter().map(str::to_owned).collect(),
        })
    }

    /// A database or node that was removed.
    #[cold]
    pub(crate) fn removed(name: &str) -> Self {
        Self::Topology(TopologyError::Removed {
            name: name.to_owned(),
        })
    }

    /// A statement got no connection, because its own task holds the only one.
    #[cold]
    pub(crate) fn waits_for_itself(node: &NodeName) -> Self {
        Self::Transaction(TxnError::WaitsForItself { node: node.clone() })
    }

    /// Refuses what cannot be a name.
    pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Self> {
        match name.trim().is_empty() || name.contains(char::is_control) {
            false => Ok(()),
            true => Err(Self::Config(ConfigError::InvalidName {
                what,
                name: name.to_owned(),
            })),
        }
    }
}
