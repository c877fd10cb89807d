//! Ends the waits for the answers of a node that is lost.
//!
//! Each statement in flight on a monitored node waits for two things: its answer, and the news that
//! the node is dead. Registering with one [`Notify`] takes its lock, twice for each statement, and every
//! thread takes the same one. So there are several, and a thread uses always the same: their locks are
//! free as a rule, and only the rare news of a loss goes through all of them.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

const SHARDS: usize = 8;

/// Notified when a node is lost.
#[derive(Debug, Default)]
pub(super) struct LossSignal {
    shards: [Shard; SHARDS],
}

/// On a cache line of its own, so that threads do not take it from each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Notify);

impl LossSignal {
    /// Completes when the node is lost after it was enabled.
    pub(super) fn lost(&self) -> Notified<'_> {
        self.shards[shard()].0.notified()
    }

    /// Ends every wait.
    pub(super) fn notify_all(&self) {
        self.shards
            .iter()
            .for_each(|shard| shard.0.notify_waiters());
    }
}

/// The shard of this thread: threads are numbered as they come.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SHARD.with(|shard| match shard.get() {
        Some(shard) => shard,
        None => {
            let next = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            shard.set(Some(next));
            next
        }
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_loss_ends_the_waits_of_every_thread() {
        let signal = LossSignal::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| {
                    let mut lost = pin!(signal.lost());
                    lost.as_mut().enable();
                    assert!(lost.as_mut().now_or_never().is_none());
                });
            }
        });
        let mut waits: Vec<_> = signal
            .shards
            .iter()
            .map(|it| Box::pin(it.0.notified()))
            .collect();
        waits.iter_mut().for_each(|wait| {
            wait.as_mut().enable();
        });
        signal.notify_all();
        assert!(waits.into_iter().all(|wait| wait.now_or_never().is_some()));
    }
}
