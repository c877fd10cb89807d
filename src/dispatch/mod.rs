//! The one way of every statement: from SeaORM's call to a decision.
//!
//! A connection, a transaction and a view of one share it. A statement is rendered, its text looked
//! up or classified, a [decision](crate::route) made and reported; what differs is where it is sent:
//! to a pool, or to a branch.

mod action;
mod again;
mod core;
mod follow_up;
mod plan;
#[cfg(feature = "stream")]
mod rows;
mod scopes;
mod source;
mod traits;

use futures_util::future::BoxFuture;
use sea_orm::DbErr;

pub(crate) use self::core::{Core, Known, Randomness, Shared, lacks_returning};
pub(crate) use action::{Action, Execute, OnBranch, QueryAll, QueryOne, Unprepared};
pub(crate) use plan::{Planned, plan};
#[cfg(feature = "stream")]
pub(crate) use rows::Held;
#[cfg(feature = "stream")]
pub use rows::RowStream;
pub(crate) use scopes::Scopes;
pub(crate) use source::{Built, Explained, Raw, Source, Text};
pub(crate) use traits::{built_method, connection_trait, raw_method};

use crate::scope::Scope;

/// Something statements can be sent through: a connection, a transaction, a view of one.
pub(crate) trait Dispatch: Sync {
    fn core(&self) -> &Core;

    fn scope(&self) -> &Scope;

    /// Sends a statement where it belongs.
    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output>;
}

/// What a node will answer.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, DbErr>>;
