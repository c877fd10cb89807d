//! The handle an application holds.
//!
//! [`RoutingConnection`] is a shared [core](crate::dispatch::Core) and a
//! [scope](crate::scope::Scope). What it sends outside a transaction goes to a pool; what begins on
//! it is a [transaction](crate::transaction).

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
mod traits;

pub use admin::Admin;
pub use builder::RoutingBuilder;
pub use handle::RoutingConnection;
