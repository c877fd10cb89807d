//! Reports to the metric callback of the user.

use std::time::Instant;

use sea_orm::Statement;

/// A user's callback for the metrics of each statement.
pub(super) type MetricCallback = dyn Fn(&sea_orm::metric::Info<'_>) + Send + Sync;

/// Measures a statement, and reports it once it was answered.
pub(super) struct Timer<'m> {
    metric: Option<(&'m MetricCallback, Instant)>,
}

impl<'m> Timer<'m> {
    pub(super) fn start(metric: Option<&'m MetricCallback>) -> Self {
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

/// Measures a stream, and reports it once it ends or is dropped.
#[cfg(feature = "stream")]
pub(super) struct StreamTimer<'m> {
    metric: Option<&'m MetricCallback>,
    statement: &'m Statement,
    start: Instant,
    pub(super) failed: bool,
}

#[cfg(feature = "stream")]
impl<'m> StreamTimer<'m> {
    pub(super) fn start(metric: Option<&'m MetricCallback>, statement: &'m Statement) -> Self {
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
