//! The errors of the routing layer, in kinds.
//!
//! An application rarely cares which of fifty things went wrong, but it does care about the kind: a
//! declaration to correct, a node to wait for, a statement to change, a transaction to repeat. So
//! [`RoutingError`] is one variant for each kind, and each kind is an enum of its own that holds the
//! names, durations and causes as data. Texts are made only when an error is displayed: what failed,
//! why, and what to do about it.
//!
//! SeaORM's traits return [`DbErr`]; a `RoutingError` becomes one with `?`, and is found again with
//! [`RoutingError::of`].
//!
//! ```
//! use sea_orm::DbErr;
//! use sea_orm_routing::RoutingError;
//! use sea_orm_routing::error::TopologyError;
//!
//! let error: DbErr = RoutingError::unknown_database("warehose", ["default", "warehouse"]).into();
//! let Some(RoutingError::Topology(TopologyError::UnknownDatabase { name, .. })) =
//!     RoutingError::of(&error)
//! else {
//!     panic!("another error: {error}");
//! };
//! assert_eq!(name, "warehose");
//! ```

mod at_node;
mod availability;
mod binding;
mod config;
mod convert;
mod new;
mod refused;
mod session;
#[cfg(test)]
mod texts;
mod topology;
mod transaction;
mod words;

use std::fmt;

#[cfg(doc)]
use sea_orm::DbErr;

pub(crate) use at_node::{at_node, is_unknown_table};
pub use availability::{AvailabilityError, ConsideredNode};
pub use binding::BindingError;
pub use config::ConfigError;
pub use refused::RefusedError;
pub use session::{SessionError, TokenError};
pub use topology::TopologyError;
pub use transaction::TxnError;
pub(crate) use words::{Quoted, database_names, dialect_name};

/// An error of the routing layer itself. Nothing was sent to a server, except where the variant
/// says otherwise.
///
/// It displays the text of its kind. Its `Debug` output is that text too, since Rust prints it where
/// `main` returns an error; the kinds inside print their fields.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RoutingError {
    /// What is declared cannot be used, or contradicts itself.
    #[error(transparent)]
    Config(ConfigError),
    /// A binding contradicts another, or does not lead to one database.
    #[error(transparent)]
    Binding(BindingError),
    /// A name does not exist, or a change of the topology is refused.
    #[error(transparent)]
    Topology(TopologyError),
    /// No node can serve the statement now.
    #[error(transparent)]
    Availability(AvailabilityError),
    /// The statement must not be sent where it would go.
    #[error(transparent)]
    Refused(RefusedError),
    /// The transaction cannot go on, or cannot run the statement.
    #[error(transparent)]
    Transaction(TxnError),
    /// The session cannot be used or resumed.
    #[error(transparent)]
    Session(SessionError),
}

impl fmt::Debug for RoutingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
