//! Events: what happens inside a connection, reported to observers.
//!
//! A router that decides in silence cannot be operated: metrics, logs and tests all need to see the
//! same facts. So there is one stream of [`Event`]s and a list of [`Observer`]s; `tracing` and
//! [`Recording`] are observers too. Most connections have none, and must not pay for them: an event is
//! built only if an observer or an enabled `tracing` level asks for its kind.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use sea_orm_routing::observe::{Event, EventKind, Observer};
//!
//! /// Counts the reads that had to leave a node.
//! #[derive(Debug, Default)]
//! struct Retries(AtomicU64);
//!
//! impl Observer for Retries {
//!     fn wants(&self, kind: EventKind) -> bool {
//!         kind == EventKind::Retried
//!     }
//!
//!     fn observe(&self, event: &Event<'_>) {
//!         if let Event::Retried { .. } = event {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//! ```

mod event;
mod metric;
mod observers;
mod record;
mod timer;
mod trace;

pub use event::{BranchOutcome, Event, EventKind};
pub(crate) use metric::MetricCallback;
pub use observers::Observer;
pub(crate) use observers::Observers;
pub use record::Recording;
pub(crate) use timer::AttemptTimer;

pub use crate::route::{Route, RouteTarget};
