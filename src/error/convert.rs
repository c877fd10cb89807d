//! Into SeaORM's errors, and out of them again.

use std::sync::Arc;

use sea_orm::DbErr;
#[cfg(feature = "sqlx-dep")]
use sea_orm::RuntimeErr;

use super::{RoutingError, list};

impl RoutingError {
    /// The error for a database that is not among `known`.
    pub fn unknown_database<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::UnknownDatabase {
            name: name.to_owned(),
            known: list(known),
        }
    }

    /// Refuses what cannot be a name.
    pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Self> {
        match name.trim().is_empty() || name.contains(char::is_control) {
            false => Ok(()),
            true => Err(Self::InvalidName {
                what,
                name: name.to_owned(),
            }),
        }
    }

    pub(crate) fn unknown_node<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::UnknownNode {
            name: name.to_owned(),
            known: list(known),
        }
    }

    /// The routing error inside a [`DbErr`], if it is one.
    pub fn of(error: &DbErr) -> Option<&Self> {
        match error {
            DbErr::TryIntoErr { source, .. } => source.downcast_ref(),
            // What SeaORM's schema sync was refused.
            #[cfg(feature = "sqlx-dep")]
            DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
                sea_orm::sqlx::Error::Configuration(refused) => refused.downcast_ref(),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<RoutingError> for DbErr {
    /// SeaORM has one variant that carries a foreign error with or without a driver; its text reads
    /// "Error converting `statement` into `route`: ...".
    fn from(error: RoutingError) -> Self {
        Self::TryIntoErr {
            from: "statement",
            into: "route",
            source: Arc::new(error),
        }
    }
}
