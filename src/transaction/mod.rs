//! Transactions.
//!
//! SeaORM's `DatabaseTransaction` loses writes when a future is dropped at the wrong moment: a `BEGIN`
//! or a `SAVEPOINT` that was sent and not answered leaves nothing behind that would say so, and the
//! connection returns to its pool with a transaction open, or runs the next write outside of one.
//! Futures are dropped all the time, by timeouts, `select!` and clients that hang up. So a transaction
//! here runs on *branches* of its own, one on each database it touches, and each knows at every moment
//! what the server may think of it.
//!
//! The rules:
//!
//! - **A branch opens with the first statement on its database.** `begin()` does not know which one
//!   that will be.
//! - **One owner.** A branch is one pool connection and belongs to one transaction; its statements
//!   run one after the other.
//! - **Phases.** A control statement (`BEGIN`, `SAVEPOINT`, `COMMIT`, ...) is marked as in flight before
//!   it is sent, and its answer clears the mark. A branch that was cut off in between is in doubt: it
//!   takes no more statements, and its connection is closed instead of returned, so that the server
//!   rolls back.
//! - **Levels are savepoints, last in first out.** A nested transaction that is dropped is rolled
//!   back before the next statement. A branch first opened by a nested transaction begins in the
//!   outermost one too.
//! - **Everything runs on the primary**, except for read-only transactions with
//!   [`ReadOnlyTransactions::Replica`].
//! - **One database is written.** A write to a second one is refused, since one of two commits can
//!   fail. [`TransactionMode::Independent`] allows it, and a commit that fails
//!   half-way says which half. Reading a second one is always possible.
//!
//! The parts, from the outside in: `routing_transaction` and `scoped` are what an application holds;
//! `transaction_state`, `checks` and `levels` are what nested transactions share; `ending` ends the
//! branches in order. A `branch` is a `state` behind a lock: a `phase`, which is pure, and a
//! `connection`, which marks what is `in_flight`. `opener` opens it, `protocol` begins and ends it,
//! `savepoints` nests in it, and `server_end` finds out when the server has ended it on its own. `lease` and
//! `read_only` take a connection for one statement outside of a transaction.

mod abandon;
mod branch;
mod callback_forms;
mod callbacks;
mod checks;
mod connection;
mod control;
mod driver;
mod ending;
mod events;
mod in_flight;
#[cfg(feature = "sqlx-mysql")]
mod lease;
mod levels;
mod opener;
mod phase;
mod protocol;
mod read_only;
mod report;
mod routing_transaction;
mod savepoints;
mod scoped;
mod server_end;
#[cfg_attr(not(feature = "tracing-spans"), path = "no_span.rs")]
mod span;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
mod state;
#[cfg(feature = "stream")]
mod stream;
mod transaction_state;

pub(crate) use control::options;
#[cfg(feature = "sqlx-mysql")]
pub(crate) use lease::Lease;
pub(crate) use read_only::ReadOnlyLease;
pub use routing_transaction::RoutingTransaction;
pub use scoped::ScopedTransaction;

pub use crate::scope::{ReadOnlyTransactions, TransactionMode};
