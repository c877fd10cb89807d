//! The background task that asks one node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::probe::{Probe, ProbeOutcome};
use super::watch::{WHILE_WAITED_FOR, Watch};
use crate::topology::NodeId;

/// Asks one node.
pub(super) struct ProbeLoop {
    watch: Arc<Watch>,
    node: NodeId,
    wake: Arc<Notify>,
}

impl ProbeLoop {
    pub(super) fn new(watch: Arc<Watch>, node: NodeId) -> Self {
        let wake = watch.register_probe(node);
        Self { watch, node, wake }
    }

    /// Asks until the connection is closed or the node is removed.
    pub(super) async fn run(self) {
        let mut probe = Probe::new(self.watch.has_asynchronous_commits(), self.watch.clock);
        while let Some(request) = self.watch.probe_request(self.node) {
            let started = self.watch.clock.now();
            if request.anew {
                probe.disconnect();
            }
            if let Some(target) = &request.target {
                let (asked, answer) = probe.ask(target, request.timeout).await;
                if self.guard_otherwise(&answer).await {
                    probe.disconnect();
                    continue;
                }
                self.watch.record_outcome(self.node, asked, answer);
            }
            let Some(pause) = self.watch.pause(self.node) else {
                return;
            };
            self.wait(started, pause).await;
        }
    }

    /// Finds another way to guard a replica if a pooler does not take the option at the start. Returns
    /// whether its pool was replaced, so that it is to be asked again.
    async fn guard_otherwise(&self, answer: &ProbeOutcome) -> bool {
        let why = match answer {
            ProbeOutcome::OptionRefused(reason) => reason.as_str(),
            ProbeOutcome::Observed(seen) if seen.is_guarded == Some(false) => {
                "the option default_transaction_read_only is ignored at the start of a connection"
            }
            _ => return false,
        };
        let Some(state) = self.watch.state.upgrade() else {
            return false;
        };
        state.guard_otherwise(self.node, why).await
    }

    /// Waits until the next probe is due, or wanted earlier.
    async fn wait(&self, started: Instant, pause: Duration) {
        let due = tokio::time::sleep_until((started + pause).into());
        tokio::select! {
            () = due => {}
            () = self.wake.notified() => {}
        }
        // Many reads may ask for it at once.
        if let Some(rest) =
            WHILE_WAITED_FOR.checked_sub(self.watch.clock.now().saturating_duration_since(started))
        {
            tokio::time::sleep(rest).await;
        }
    }
}
