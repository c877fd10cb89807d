//! Where a proxy leads.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ports that a proxy passes its connections to, in turn. There is always one.
#[derive(Debug)]
pub(super) struct Targets(Mutex<Vec<u16>>);

impl Targets {
    pub(super) fn new(ports: &[u16]) -> Self {
        assert!(!ports.is_empty(), "a proxy leads to one port at least");
        Self(Mutex::new(ports.to_vec()))
    }

    /// The port for the connection of that number.
    pub(super) fn of(&self, connection: usize) -> u16 {
        let ports = self.lock();
        ports[connection % ports.len()]
    }

    pub(super) fn ports(&self) -> Vec<u16> {
        self.lock().clone()
    }

    /// Leads to that port only from now on.
    pub(super) fn lead_to(&self, port: u16) {
        *self.lock() = vec![port];
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
