//! The background task that asks one server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::looks::Looks;
use super::probe::{Probe, ProbeOutcome, ProbeTarget};
use super::servers::{Member, MonitoredServer};
use super::watch::{ProbeRequest, WHILE_WAITED_FOR};
use crate::clock::Clock;
use crate::topology::NodeId;

/// How many nodes of a server that refuses a login are tried until one counts for all.
const LOGINS: usize = 3;

/// How many nodes are told of an answer before other tasks run.
const AT_ONCE: usize = 64;

/// Asks one server.
pub(super) struct ProbeLoop {
    server: Arc<MonitoredServer>,
    clock: Clock,
    asynchronous: bool,
    probe: Probe,
    looks: Looks,
    /// When each node was last told of an answer.
    told: HashMap<NodeId, Instant>,
    /// Which node's login is tried first.
    speaker: usize,
}

/// A node that is to hear of the next answer.
struct Listener {
    member: Member,
    request: ProbeRequest,
}

impl ProbeLoop {
    pub(super) fn new(server: Arc<MonitoredServer>, clock: Clock, asynchronous: bool) -> Self {
        Self {
            server,
            clock,
            asynchronous,
            probe: Probe::new(asynchronous, clock),
            looks: Looks::default(),
            told: HashMap::new(),
            speaker: 0,
        }
    }

    /// Asks until the connection is closed or no node is left.
    pub(super) async fn run(mut self) {
        loop {
            let started = self.clock.now();
            let members = self.server.members();
            if !members.iter().any(|member| member.watch.is_alive()) {
                return;
            }
            let listeners = self.listeners(&members);
            if !listeners.is_empty() {
                self.ask_for(listeners).await;
            }
            let Some(next) = self.next_due(&members) else {
                return;
            };
            self.wait(started, next).await;
        }
    }

    /// The nodes that are due, or want to be asked earlier.
    fn listeners(&self, members: &[Member]) -> Vec<Listener> {
        let now = self.clock.now();
        let is_due = |member: &&Member| {
            let told = self.told.get(&member.node);
            let due = || Some(*told? + member.watch.pause(member.node)?);
            member.watch.take_wanted(member.node) || due().is_none_or(|due| due <= now)
        };
        let listeners = members.iter().filter(is_due).filter_map(|member| {
            let request = member.watch.probe_request(member.node)?;
            let member = member.clone();
            Some(Listener { member, request })
        });
        listeners.collect()
    }

    /// When the next node is due.
    fn next_due(&mut self, members: &[Member]) -> Option<Instant> {
        self.told
            .retain(|node, _| members.iter().any(|member| member.node == *node));
        let dues = members.iter().filter_map(|member| {
            let pause = member.watch.pause(member.node)?;
            let told = self.told.get(&member.node).copied();
            Some(told.unwrap_or_else(|| self.clock.now()) + pause)
        });
        dues.min()
    }

    /// Asks the server with the login of one node, and tells all.
    async fn ask_for(&mut self, mut listeners: Vec<Listener>) {
        for login in 1..=LOGINS {
            let Some((speaker, target)) = self.next_speaker(&listeners) else {
                let now = self.clock.now();
                let nodes = listeners.iter().map(|listener| listener.member.node);
                return self.told.extend(nodes.map(|node| (node, now)));
            };
            let (asked, answer) = self.ask(&listeners, &target).await;
            if guard_otherwise(&listeners, speaker, &answer).await {
                self.probe.disconnect();
                continue;
            }
            let is_refused = matches!(
                answer,
                ProbeOutcome::LoginRefused(_) | ProbeOutcome::OptionRefused(_)
            );
            if is_refused && login < LOGINS && listeners.len() > 1 {
                let refused = listeners.swap_remove(speaker);
                self.speaker = self.speaker.wrapping_add(1);
                self.tell(vec![refused], asked, answer).await;
                continue;
            }
            if let ProbeOutcome::Observed(seen) = &answer
                && listeners[speaker].request.is_one_replica
            {
                let new = || Probe::new(self.asynchronous, self.clock);
                let timeout = listeners[speaker].request.timeout;
                if self
                    .looks
                    .find_several(seen, &target, timeout, new, self.clock)
                    .await
                {
                    found_balancer(&listeners);
                }
            }
            return self.tell(listeners, asked, answer).await;
        }
    }

    /// A node whose address is known.
    fn next_speaker(&self, listeners: &[Listener]) -> Option<(usize, ProbeTarget)> {
        let count = listeners.len();
        let mut places = (0..count).map(|place| self.speaker.wrapping_add(place) % count);
        places.find_map(|place| {
            let Member { watch, node, .. } = &listeners[place].member;
            Some((place, watch.target(*node)?))
        })
    }

    /// Asks, on a new connection if an open one proves nothing. The open one is given up once there is the new
    /// one: it holds the last place of a server that is full.
    async fn ask(
        &mut self,
        listeners: &[Listener],
        target: &ProbeTarget,
    ) -> (Instant, ProbeOutcome) {
        let timeout = listeners[0].request.timeout;
        if !listeners.iter().any(|listener| listener.request.anew) {
            return self.probe.ask(target, timeout).await;
        }
        let mut new = Probe::new(self.asynchronous, self.clock);
        let (asked, answer) = new.ask(target, timeout).await;
        if !matches!(answer, ProbeOutcome::Full(_)) {
            self.probe = new;
        }
        (asked, answer)
    }

    async fn tell(&mut self, listeners: Vec<Listener>, asked: Instant, answer: ProbeOutcome) {
        let are_several = listeners.len() > 1;
        for (index, Listener { member, .. }) in listeners.into_iter().enumerate() {
            let mut answer = answer.clone();
            if let ProbeOutcome::Observed(seen) = &mut answer
                && are_several
            {
                seen.catalog = member.catalog;
            }
            member.watch.record_outcome(member.node, asked, answer);
            self.told.insert(member.node, self.clock.now());
            if index % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits until the next probe is due, or wanted earlier.
    async fn wait(&self, started: Instant, next: Instant) {
        let due = tokio::time::sleep_until(next.into());
        tokio::select! {
            () = due => {}
            () = self.server.wake.notified() => {}
        }
        // Many reads may ask for it at once.
        let passed = self.clock.now().saturating_duration_since(started);
        if let Some(rest) = WHILE_WAITED_FOR.checked_sub(passed) {
            tokio::time::sleep(rest).await;
        }
    }
}

/// Finds another way to guard the replicas if a pooler does not take the option at the start of a connection.
/// Returns whether a pool was replaced, so that the server is to be asked again.
async fn guard_otherwise(listeners: &[Listener], speaker: usize, answer: &ProbeOutcome) -> bool {
    let Member { watch, node, .. } = &listeners[speaker].member;
    let Some(state) = watch.state.upgrade() else {
        return false;
    };
    let why = match answer {
        ProbeOutcome::OptionRefused(reason) => reason.as_str(),
        ProbeOutcome::Observed(seen)
            if seen.is_guarded == Some(false) && state.is_guarded_at_start(*node) =>
        {
            "the option default_transaction_read_only is ignored at the start of a connection"
        }
        _ => return false,
    };
    // What is true of the pooler for one of them is so for all.
    let mut shares = None;
    let mut replaced = false;
    for listener in listeners {
        let node = listener.member.node;
        replaced |= state.guard_otherwise(node, why, &mut shares).await;
    }
    replaced
}

fn found_balancer(listeners: &[Listener]) {
    for Listener { member, request } in listeners {
        if request.is_one_replica
            && let Some(state) = member.watch.state.upgrade()
        {
            state.found_balancer(member.node);
        }
    }
}
