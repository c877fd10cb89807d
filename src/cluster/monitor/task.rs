//! The task that asks one node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::probe::Probe;
use super::watch::{WHILE_WAITED_FOR, Watch};
use crate::topology::NodeId;

/// Asks one node.
pub(super) struct Task {
    watch: Arc<Watch>,
    node: NodeId,
    wake: Arc<Notify>,
}

impl Task {
    pub(super) fn new(watch: Arc<Watch>, node: NodeId) -> Self {
        let wake = watch.enlist(node);
        Self { watch, node, wake }
    }

    /// Asks until the connection is gone, or the node.
    pub(super) async fn run(self) {
        let mut probe = Probe::new(self.watch.has_asynchronous_commits());
        while let Some(question) = self.watch.question(self.node) {
            let started = Instant::now();
            if question.anew {
                probe.disconnect();
            }
            if let Some(target) = &question.target {
                let (asked, answer) = probe.ask(target, question.timeout).await;
                self.watch.heard(self.node, asked, answer);
            }
            let Some(pause) = self.watch.pause(self.node) else {
                return;
            };
            self.wait(started, pause).await;
        }
    }

    /// Until it is time again, or somebody wants to know.
    async fn wait(&self, started: Instant, pause: Duration) {
        let due = tokio::time::sleep_until((started + pause).into());
        tokio::select! {
            () = due => {}
            () = self.wake.notified() => {}
        }
        // Those who want to know may be many.
        if let Some(rest) = WHILE_WAITED_FOR.checked_sub(started.elapsed()) {
            tokio::time::sleep(rest).await;
        }
    }
}
