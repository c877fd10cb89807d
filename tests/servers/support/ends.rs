//! Which callbacks a transaction called at its end.

use std::sync::{Arc, Mutex};

use sea_orm_routing::RoutingTransaction;

/// Which callbacks a transaction called at its end.
#[derive(Clone, Default)]
pub(crate) struct Ends(Arc<Mutex<Vec<&'static str>>>);

impl Ends {
    /// Records how a transaction ends.
    pub(crate) fn of(txn: &RoutingTransaction) -> Self {
        let ends = Self::default();
        let (committed, rolled_back) = (ends.clone(), ends.clone());
        txn.on_commit(move || committed.add("committed"));
        txn.on_rollback(move || rolled_back.add("rolled back"));
        ends
    }

    fn add(&self, what: &'static str) {
        self.0.lock().expect("not poisoned").push(what);
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}
