//! The handle an application holds, and the one dispatch behind it.
//!
//! [`RoutingConnection`] is a shared [core](core::Core) and a [scope](crate::scope::Scope). Every
//! statement of SeaORM's traits, on a connection or in a transaction, goes the same way: the text is
//! looked up or classified, a [decision](crate::route) is made, the statement is sent, the result
//! reported.

mod builder;
mod core;
mod dispatch;
mod follow_up;
mod handle;
mod reads;
mod scopes;
mod traits;

pub(crate) use self::core::{Core, Known};
pub use builder::RoutingBuilder;
pub(crate) use dispatch::{
    Action, Answer, Built, Dispatch, Execute, Planned, QueryAll, QueryOne, Raw, Source, Text,
    Unprepared, plan,
};
pub use handle::RoutingConnection;
pub(crate) use scopes::Scopes;
pub(crate) use traits::{built_method, connection_trait, options, raw_method};
