//! What the monitor tells session tokens.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::watch::Watch;
use crate::topology::Position;

impl Watch {
    /// A position of the primary sampled after a moment. Returns `None` if the primary reports none, or
    /// the monitor has ended.
    pub(in crate::cluster) async fn sampled_after(&self, moment: Instant) -> Option<Position> {
        let mut answers = self.answers.subscribe();
        let mut asked = false;
        loop {
            let (newest, answered) = {
                let known = self.lock();
                let state = self.state.upgrade()?;
                let primary = state.snapshot().database_by_id(self.database).primary;
                let primary = known.nodes.get(&primary)?;
                if !asked {
                    primary.wake();
                }
                let seen = primary.seen.as_ref();
                let answered = seen.is_some_and(|seen| seen.asked > moment);
                (known.newest(), answered)
            };
            asked = true;
            match newest {
                Some((sampled, position)) if sampled > moment => return Some(position),
                _ if answered => return None,
                _ if self.ended.load(Ordering::Acquire) => return None,
                _ => answers.changed().await.ok()?,
            }
        }
    }

    /// The identity that all servers of the database share.
    pub(in crate::cluster) fn cluster(&self) -> Option<Box<str>> {
        self.lock().cluster.clone()
    }
}
