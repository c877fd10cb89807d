//! The handle an application holds.
//!
//! [`RoutingConnection`] is a shared [core](crate::dispatch::Core) and a
//! [scope](crate::scope::Scope). Statements outside a transaction are sent to a pool; `begin`
//! starts a [transaction](crate::transaction).

mod admin;
mod autocommit;
mod builder;
mod explain;
mod handle;
mod inherent;
mod members;
mod pending_reply;
mod retry;
mod send;
mod sessions;
#[cfg(feature = "session-tokens")]
mod tokens;
mod traits;

pub use admin::Admin;
pub use builder::RoutingBuilder;
pub use handle::RoutingConnection;
