//! How many connections there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counters that the proxy keeps and its owner reads.
#[derive(Debug, Default)]
pub(super) struct Counts {
    accepted: AtomicUsize,
    open: AtomicUsize,
}

/// A connection that counts as open until this is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<Counts>);

impl Counts {
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn count(self: &Arc<Self>) -> Counted {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.accepted.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(self))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
