//! Whether a server was seen to become writable.

use std::time::Instant;

use super::observation::Observation;
use crate::topology::{Claim, Role};

/// Whether a server was seen to become writable while it ran.
#[derive(Debug, Default)]
pub(super) struct Promotion {
    /// When it was last seen as a replica, if it was not seen as a primary since.
    replica_at: Option<Instant>,
    promoted: Option<Instant>,
}

impl Promotion {
    /// The claim of a server that has just reported its role.
    pub(super) fn claim(&mut self, role: Role, asked: Instant, seen: &Observation) -> Claim {
        match role {
            Role::Replica => {
                *self = Self {
                    replica_at: Some(asked),
                    promoted: None,
                };
                Claim::default()
            }
            Role::Primary => {
                if let Some(at) = self.replica_at.take() {
                    let ran_since = seen.started.is_none_or(|started| started < at);
                    self.promoted = ran_since.then_some(asked);
                }
                Claim {
                    timeline: seen.timeline,
                    promoted: self.promoted,
                    position: seen.written.clone(),
                }
            }
        }
    }

    /// Another server answers at the address, or the same after a restart.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}
