//! The background task that asks one node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::observation::Observation;
use super::probe::{Probe, ProbeOutcome, ProbeTarget};
use super::sightings::Sightings;
use super::watch::{ProbeRequest, WHILE_WAITED_FOR, Watch};
use crate::topology::NodeId;

/// How often a new connection shows whether the address of a replica leads to several servers.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many connections are opened for that at the start: at least, and at most, if servers differ.
const FIRST_LOOKS: (usize, usize) = (3, 8);

/// Asks one node.
pub(super) struct ProbeLoop {
    watch: Arc<Watch>,
    node: NodeId,
    wake: Arc<Notify>,
    sightings: Sightings,
    /// When new connections were last opened to see which server answers.
    looked: Option<Instant>,
}

impl ProbeLoop {
    pub(super) fn new(watch: Arc<Watch>, node: NodeId) -> Self {
        let wake = watch.register_probe(node);
        Self {
            watch,
            node,
            wake,
            sightings: Sightings::default(),
            looked: None,
        }
    }

    /// Asks until the connection is closed or the node is removed.
    pub(super) async fn run(mut self) {
        let mut probe = self.probe();
        while let Some(request) = self.watch.probe_request(self.node) {
            let started = self.watch.clock.now();
            if let Some(target) = &request.target {
                let (asked, answer) = self.ask(&mut probe, &request, target).await;
                if self.guard_otherwise(&answer).await {
                    probe.disconnect();
                    continue;
                }
                if let ProbeOutcome::Observed(seen) = &answer {
                    self.look_around(&request, target, seen).await;
                }
                self.watch.record_outcome(self.node, asked, answer);
            }
            let Some(pause) = self.watch.pause(self.node) else {
                return;
            };
            self.wait(started, pause).await;
        }
    }

    /// Asks, on a new connection if an open one proves nothing. The open one is given up once there is the new
    /// one: it holds the last place of a server that is full.
    async fn ask(
        &self,
        probe: &mut Probe,
        request: &ProbeRequest,
        target: &ProbeTarget,
    ) -> (Instant, ProbeOutcome) {
        if !request.anew {
            return probe.ask(target, request.timeout).await;
        }
        let mut new = self.probe();
        let (asked, answer) = new.ask(target, request.timeout).await;
        if !matches!(answer, ProbeOutcome::Full(_)) {
            *probe = new;
        }
        (asked, answer)
    }

    fn probe(&self) -> Probe {
        Probe::new(self.watch.has_asynchronous_commits(), self.watch.clock)
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

    /// Finds out whether a replica that was declared as one server is a balancer before several: the position
    /// of one would prove nothing about the next connection. The connections are held until the end, so that a
    /// balancer that counts them chooses another server.
    async fn look_around(
        &mut self,
        request: &ProbeRequest,
        target: &ProbeTarget,
        seen: &Observation,
    ) {
        if !request.is_one_replica || self.is_balanced(seen) {
            return;
        }
        let now = self.watch.clock.now();
        let (least, most) = match self.looked {
            None => FIRST_LOOKS,
            Some(looked) if now.saturating_duration_since(looked) < LOOK_EVERY => return,
            Some(_) => (1, 1),
        };
        self.looked = Some(now);
        let mut held = Vec::new();
        for look in 0..most {
            if look >= least && !self.sightings.differ() {
                return;
            }
            let mut probe = self.probe();
            let (_, answer) = probe.ask(target, request.timeout).await;
            match answer {
                ProbeOutcome::Observed(seen) if !self.is_balanced(&seen) => held.push(probe),
                _ => return,
            }
        }
    }

    /// Whether several servers answer in turn; then the node is one endpoint before them from now on.
    fn is_balanced(&mut self, seen: &Observation) -> bool {
        let Some(server) = &seen.server else {
            return false;
        };
        let is_balanced = self.sightings.note(self.watch.clock.now(), server);
        if is_balanced && let Some(state) = self.watch.state.upgrade() {
            state.found_balancer(self.node);
        }
        is_balanced
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
