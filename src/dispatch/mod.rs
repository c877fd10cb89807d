//! The one path of every statement: from SeaORM's call to a decision.
//!
//! A connection, a transaction and a scope of one implement SeaORM's traits; written out for each, the
//! rules would drift apart. So they share this path: a statement is [rendered](Rendered), its text
//! [analyzed](Core::analyze), a [decision](crate::route) made and reported to the observers, and
//! [admitted](Core::admit). What differs is where it is sent: to a pool, or to a branch.

mod action;
mod admit;
mod allowed;
mod analysis;
mod analyze;
mod core;
mod decide;
mod follow_up;
mod origin;
mod plan;
#[cfg(feature = "stream")]
mod rows;
mod scopes;
mod source;
mod tell;
mod traits;

use futures_util::future::BoxFuture;
use sea_orm::DbErr;

pub(crate) use self::core::{Core, Shared, lacks_returning};
pub(crate) use action::{Action, Execute, OnBranch, QueryAll, QueryOne, Unprepared};
pub(crate) use admit::Admitted;
pub(crate) use analysis::Analysis;
pub(crate) use decide::{NodeRequest, Retried};
pub(crate) use origin::{Origin, place_of};
pub(crate) use plan::{Planned, Rendered};
#[cfg(feature = "stream")]
pub(crate) use rows::Held;
#[cfg(feature = "stream")]
pub use rows::RowStream;
pub(crate) use scopes::Scopes;
pub(crate) use source::{Built, Explained, Raw, Source, UnpreparedText};
pub(crate) use traits::{built_method, connection_trait, raw_method};

use crate::scope::Scope;

/// Something statements can be sent through: a connection, a transaction, a view of one.
pub(crate) trait Dispatch: Sync {
    fn core(&self) -> &Core;

    fn scope(&self) -> &Scope;

    /// Sends a statement to the node it is routed to.
    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output>;
}

/// The future reply of a node.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, DbErr>>;
