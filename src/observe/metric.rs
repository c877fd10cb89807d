//! SeaORM's metric callback, as an observer.

use std::fmt;

use sea_orm::metric::Info;

use super::{Event, EventKind, Observer};
use crate::name::NodeName;

/// Calls a function of the user after each statement that a node has run.
pub(crate) struct MetricCallback<F>(pub(crate) F);

impl<F> fmt::Debug for MetricCallback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricCallback").finish_non_exhaustive()
    }
}

impl<F> Observer for MetricCallback<F>
where
    F: Fn(&NodeName, &Info<'_>) + Send + Sync,
{
    fn wants(&self, kind: EventKind) -> bool {
        kind == EventKind::Finished
    }

    fn wants_statements(&self) -> bool {
        true
    }

    fn observe(&self, event: &Event<'_>) {
        if let Event::Finished {
            node,
            statement: Some(statement),
            latency,
            error,
            ..
        } = event
        {
            let info = Info {
                elapsed: *latency,
                statement,
                failed: error.is_some(),
            };
            (self.0)(node, &info);
        }
    }
}
