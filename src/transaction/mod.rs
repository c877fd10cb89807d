//! Transactions.
//!
//! A transaction does not know its database when it begins: a *branch*, its part on one database,
//! opens with the first statement there. Branches are our own, not SeaORM's `DatabaseTransaction`,
//! which loses writes when a future is dropped at the wrong moment.
//!
//! The rules:
//!
//! - **One owner.** A branch is one pool connection and belongs to one transaction; its statements
//!   run one after the other.
//! - **Doubt.** Before each control statement (`BEGIN`, `SAVEPOINT`, `COMMIT`, ...) the branch is
//!   *in doubt*, and the answer clears it. A branch that was cut off in between takes no more
//!   statements, and its connection is closed, not returned: the server rolls back.
//! - **Levels are savepoints, last in first out.** A nested transaction that is dropped is rolled
//!   back before the next statement. A branch first opened by a nested transaction begins in the
//!   outermost one too.
//! - **Everything runs on the primary**, but for transactions that are declared to only read, where
//!   [`ReadOnlyTransactions::Replica`] is wanted.
//! - **One database is written.** A write to a second one is refused, since the two could come
//!   apart; with [`TransactionMode::Independent`] it is not, and a commit
//!   that fails half-way says which half. Reading a second one is fine.

mod abandon;
mod branch;
mod callback_forms;
mod callbacks;
mod control;
mod ending;
#[cfg(feature = "sqlx-mysql")]
mod lease;
mod levels;
mod metric;
mod open;
mod opening;
mod routing_transaction;
mod savepoints;
mod scoped;
mod shared;
#[cfg_attr(not(feature = "tracing-spans"), path = "no_span.rs")]
mod span;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
mod state;
#[cfg(feature = "stream")]
mod stream;

pub(crate) use control::options;
#[cfg(feature = "sqlx-mysql")]
pub(crate) use lease::Lease;
pub use routing_transaction::RoutingTransaction;
pub use scoped::ScopedTransaction;

pub use crate::scope::{ReadOnlyTransactions, TransactionMode};
