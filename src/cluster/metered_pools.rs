//! The pools of a handle whose statements are reported to a callback.

use std::sync::{Arc, Mutex, PoisonError};

use super::pool::{NodeMetric, Pool};
use crate::topology::PoolId;

/// The pools of the cluster, with their statements reported. A pool that was added later gets its
/// counterpart at its first use.
pub(super) struct MeteredPools {
    metric: NodeMetric,
    pools: boxcar::Vec<Pool>,
    growing: Mutex<()>,
}

impl std::fmt::Debug for MeteredPools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MeteredPools").finish_non_exhaustive()
    }
}

impl MeteredPools {
    pub(super) fn new(metric: &NodeMetric) -> Self {
        Self {
            metric: Arc::clone(metric),
            pools: boxcar::Vec::new(),
            growing: Mutex::default(),
        }
    }

    /// The counterpart of a pool.
    pub(super) fn pool(&self, id: PoolId, all: &boxcar::Vec<Pool>) -> &Pool {
        if self.pools.count() <= id.index() {
            self.grow(id.index(), all);
        }
        &self.pools[id.index()]
    }

    fn grow(&self, to: usize, all: &boxcar::Vec<Pool>) {
        let growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        while self.pools.count() <= to {
            let next = &all[self.pools.count()];
            self.pools.push(next.with_metric(Arc::clone(&self.metric)));
        }
        drop(growing);
    }
}
