//! What a user's metric callback is told.

use std::time::Instant;

use sea_orm::Statement;

/// What a user wants to know of each statement.
pub(super) type Callback = dyn Fn(&sea_orm::metric::Info<'_>) + Send + Sync;

/// Tells the user's metric callback how long a statement took.
pub(super) struct Timer<'m> {
    metric: Option<(&'m Callback, Instant)>,
}

impl<'m> Timer<'m> {
    pub(super) fn start(metric: Option<&'m Callback>) -> Self {
        Self {
            metric: metric.map(|metric| (metric, Instant::now())),
        }
    }

    pub(super) fn stop(self, statement: &Statement, failed: bool) {
        if let Some((metric, start)) = self.metric {
            metric(&sea_orm::metric::Info {
                elapsed: start.elapsed(),
                statement,
                failed,
            });
        }
    }
}

/// Tells the user's metric callback of a stream when it is over, or dropped.
#[cfg(feature = "stream")]
pub(super) struct StreamTimer<'m> {
    metric: Option<&'m Callback>,
    statement: &'m Statement,
    start: Instant,
    pub(super) failed: bool,
}

#[cfg(feature = "stream")]
impl<'m> StreamTimer<'m> {
    pub(super) fn start(metric: Option<&'m Callback>, statement: &'m Statement) -> Self {
        Self {
            metric,
            statement,
            start: Instant::now(),
            failed: false,
        }
    }
}

#[cfg(feature = "stream")]
impl Drop for StreamTimer<'_> {
    fn drop(&mut self) {
        if let Some(metric) = self.metric {
            metric(&sea_orm::metric::Info {
                elapsed: self.start.elapsed(),
                statement: self.statement,
                failed: self.failed,
            });
        }
    }
}
