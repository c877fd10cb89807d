//! The background task that asks one server.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::guarding::Guarding;
use super::looks::{Found, Looks};
use super::observation::Observation;
use super::probe::{Probe, ProbeOutcome, ProbeTarget};
use super::servers::{Listener, Member, MonitoredServer};
use super::watch::WHILE_WAITED_FOR;
use crate::clock::Clock;
use crate::topology::NodeId;

/// How many nodes are told of an answer before other tasks run.
const AT_ONCE: usize = 64;

/// How many nodes are asked for at a time, each with its own login.
const LOGINS_AT_ONCE: usize = 8;

/// How many databases must say the same of what may be true of one alone.
const DOUBTS: u32 = 3;

/// Nodes that are due so soon are asked together with those that are due now.
const SLACK: Duration = Duration::from_millis(5);

/// Asks one server.
pub(super) struct ProbeLoop {
    server: Arc<MonitoredServer>,
    clock: Clock,
    asynchronous: bool,
    probe: Probe,
    looks: Arc<tokio::sync::Mutex<Looks>>,
    /// Whether the address leads to several servers.
    is_balanced: Arc<AtomicBool>,
    guarding: Guarding,
    /// When each node is asked again.
    due: HashMap<NodeId, Instant>,
    /// Which server answered last.
    identity: Option<Box<str>>,
    /// Whether the server has answered, or failed to.
    was_asked: bool,
}

impl ProbeLoop {
    pub(super) fn new(server: Arc<MonitoredServer>, clock: Clock, asynchronous: bool) -> Self {
        Self {
            server,
            clock,
            asynchronous,
            probe: Probe::new(asynchronous, clock),
            looks: Arc::default(),
            is_balanced: Arc::default(),
            guarding: Guarding::default(),
            due: HashMap::new(),
            identity: None,
            was_asked: false,
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
            let speaker = self.server.speaker();
            if !members.iter().any(|member| Some(member.node) == speaker) {
                // The connection must not keep the database of a node in use that has left.
                self.probe.disconnect();
            }
            let listeners = self.listeners(&members);
            let (alone, together): (Vec<_>, Vec<_>) =
                listeners.into_iter().partition(|it| it.request.alone);
            if !together.is_empty() {
                self.ask_together(together).await;
            }
            self.ask_alone(alone).await;
            self.wait(started, &members).await;
        }
    }

    /// The nodes that are due, or wanted earlier.
    fn listeners(&self, members: &[Member]) -> Vec<Listener> {
        let (soon, wanted) = (self.clock.now() + SLACK, self.server.wanted.take());
        let is_due = |node| self.due.get(&node).is_none_or(|due| *due <= soon);
        let members = members.iter();
        let due = members.filter(|it| is_due(it.node) || wanted.contains(&it.node));
        let listeners = due.filter_map(|member| {
            let request = member.watch.probe_request(member.node)?;
            let member = member.clone();
            Some(Listener { member, request })
        });
        listeners.collect()
    }

    /// Asks for nodes that only their own login can speak for, some at a time.
    async fn ask_alone(&mut self, mut alone: Vec<Listener>) {
        while !alone.is_empty() {
            let some = alone.split_off(alone.len().saturating_sub(LOGINS_AT_ONCE));
            let asked = some.into_iter().map(|listener| self.asked_alone(listener));
            let mut down = None;
            for (listener, own, asked, answer) in join_all(asked).await {
                let target = listener.member.watch.target(listener.member.node);
                if self.guarding.apply(&[&listener], &answer).await {
                    alone.push(listener);
                    continue;
                }
                if answer.is_without_server() {
                    down = Some((asked, answer.clone()));
                }
                if let ProbeOutcome::Observed(seen) = &answer
                    && self.belongs(&listener, seen).await
                {
                    // The newest connection speaks for the others: the address may have moved.
                    self.probe = own;
                    self.server.set_speaker(listener.member.node);
                }
                if let (ProbeOutcome::Observed(seen), Some(target)) = (&answer, target) {
                    self.look_around(&[&listener], target, seen).await;
                }
                self.tell(vec![listener], None, asked, answer).await;
            }
            self.was_asked = true;
            if let Some((asked, answer)) = down {
                let rest = std::mem::take(&mut alone);
                for listener in &rest {
                    listener.member.watch.keep_alone(listener.member.node);
                }
                self.tell(rest, None, asked, answer).await;
            }
        }
    }

    async fn asked_alone(&self, listener: Listener) -> (Listener, Probe, Instant, ProbeOutcome) {
        let mut own = Probe::new(self.asynchronous, self.clock);
        let target = listener.member.watch.target(listener.member.node);
        let (asked, answer) = match target {
            Some(target) => own.ask(&target, listener.request.timeout).await,
            None => (self.clock.now(), ProbeOutcome::NotOpen),
        };
        (listener, own, asked, answer)
    }

    /// Whether the server that answered is the one that the others are asked at. A pooler may lead to another
    /// one for each database; then the node gets a task of its own.
    async fn belongs(
        &mut self,
        Listener { member, request }: &Listener,
        seen: &Observation,
    ) -> bool {
        let is_balanced = request.is_balanced || self.is_balanced.load(Ordering::Relaxed);
        let is_only = self.server.members().len() == 1;
        if self.identity.is_none() || is_only {
            self.identity.clone_from(&seen.server);
        }
        if is_balanced || is_only || seen.server.is_some() && seen.server == self.identity {
            return true;
        }
        // The server may have been replaced or restarted since.
        match self.ask_others(member.node, request.timeout).await {
            Some(others) if others.server.is_some() && others.server == seen.server => {
                self.identity = others.server;
                true
            }
            Some(_) => {
                if let Some(state) = member.watch.state.upgrade() {
                    state.part_from_server(member);
                }
                false
            }
            None => false,
        }
    }

    /// What the server says to another node.
    async fn ask_others(&mut self, node: NodeId, timeout: Duration) -> Option<Observation> {
        let members = self.server.members();
        let mut others = members.iter().filter(|member| member.node != node);
        let (other, target) =
            others.find_map(|other| Some((other.node, other.watch.target(other.node)?)))?;
        let mut new = Probe::new(self.asynchronous, self.clock);
        let (_, ProbeOutcome::Observed(seen)) = new.ask(&target, timeout).await else {
            return None;
        };
        self.probe = new;
        self.server.set_speaker(other);
        Some(*seen)
    }

    /// Asks the server with the login of one node, and tells all. What may be true of that login or its database
    /// alone is told to that node alone, until others say the same.
    async fn ask_together(&mut self, mut listeners: Vec<Listener>) {
        let mut doubts = 0;
        while let Some((speaker, target)) = self.next_speaker(&listeners) {
            let (asked, answer) = self.ask(&listeners, speaker, &target).await;
            let all: Vec<_> = listeners.iter().collect();
            if self.guarding.apply(&all, &answer).await {
                self.probe.disconnect();
                continue;
            }
            let is_in_doubt = matches!(answer, ProbeOutcome::Full(_) | ProbeOutcome::Alive);
            doubts += u32::from(is_in_doubt);
            if answer.is_of_login() || is_in_doubt && doubts < DOUBTS && listeners.len() > 1 {
                let one = listeners.swap_remove(speaker);
                self.tell(vec![one], None, asked, answer).await;
                continue;
            }
            if let ProbeOutcome::Observed(seen) = &answer {
                self.identity.clone_from(&seen.server);
                self.look_around(&all, target, seen).await;
            }
            self.was_asked = true;
            let speaker = self.server.speaker();
            return self.tell(listeners, speaker, asked, answer).await;
        }
        let now = self.clock.now();
        for listener in &listeners {
            self.postpone(&listener.member, now);
        }
    }

    /// A node whose address is known: the one whose connection is open, if it is there.
    fn next_speaker(&self, listeners: &[Listener]) -> Option<(usize, ProbeTarget)> {
        let last = self.server.speaker();
        let is_last = |listener: &Listener| Some(listener.member.node) == last;
        let first = listeners.iter().position(is_last).unwrap_or(0);
        let mut places = (first..listeners.len()).chain(0..first);
        places.find_map(|place| {
            let Member { watch, node, .. } = &listeners[place].member;
            Some((place, watch.target(*node)?))
        })
    }

    /// Asks, on a new connection if an open one proves nothing. The open one is given up once there is the new
    /// one: it holds the last place of a server that is full, and still tells the rest.
    async fn ask(
        &mut self,
        listeners: &[Listener],
        speaker: usize,
        target: &ProbeTarget,
    ) -> (Instant, ProbeOutcome) {
        let Listener { member, request } = &listeners[speaker];
        let is_anew = |listener: &Listener| listener.request.anew;
        let mut full = None;
        if self.probe.is_open() && listeners.iter().any(is_anew) {
            let mut new = Probe::new(self.asynchronous, self.clock);
            let (asked, answer) = new.ask(target, request.timeout).await;
            let ProbeOutcome::Full(reason) = answer else {
                self.probe = new;
                self.server.set_speaker(member.node);
                return (asked, answer);
            };
            full = Some(reason.into());
        }
        let before = self.probe.opened();
        let (asked, mut answer) = self.probe.ask(target, request.timeout).await;
        if self.probe.opened() != before {
            self.server.set_speaker(member.node);
        }
        if let ProbeOutcome::Observed(seen) = &mut answer {
            seen.is_full = full;
        }
        (asked, answer)
    }

    /// Finds out whether replicas that were declared as one server are several. At the start that is waited for;
    /// later it must not delay the next answer.
    async fn look_around(&self, listeners: &[&Listener], target: ProbeTarget, seen: &Observation) {
        let replicas = listeners.iter().filter(|it| it.request.is_one_replica);
        let replicas: Vec<Member> = replicas.map(|it| it.member.clone()).collect();
        let Ok(mut looks) = Arc::clone(&self.looks).try_lock_owned() else {
            return;
        };
        if replicas.is_empty() {
            return;
        }
        if self.is_balanced.load(Ordering::Relaxed) {
            return found_balancer(&replicas);
        }
        let Some(count) = looks.due(self.clock.now()) else {
            return;
        };
        let (asynchronous, clock) = (self.asynchronous, self.clock);
        let (timeout, seen) = (listeners[0].request.timeout, seen.clone());
        let is_balanced = Arc::clone(&self.is_balanced);
        let look = async move {
            let new = || Probe::new(asynchronous, clock);
            let found = looks.look(count, &seen, &target, timeout, (clock, new));
            match found.await {
                Found::Several => {
                    is_balanced.store(true, Ordering::Relaxed);
                    found_balancer(&replicas);
                }
                // What the open connection says is of the old server.
                Found::Moved => {
                    let first = replicas.first();
                    first.inspect(|it| it.watch.probe_anew(it.node));
                }
                Found::Nothing => {}
            }
        };
        match self.was_asked {
            true => drop(tokio::spawn(look)),
            false => look.await,
        }
    }

    async fn tell(
        &mut self,
        listeners: Vec<Listener>,
        speaker: Option<NodeId>,
        asked: Instant,
        answer: ProbeOutcome,
    ) {
        let now = self.clock.now();
        for (index, Listener { member, request }) in listeners.into_iter().enumerate() {
            let mut answer = answer.clone();
            if let ProbeOutcome::Observed(seen) = &mut answer {
                if speaker.is_some_and(|speaker| speaker != member.node) {
                    seen.catalog.clone_from(&member.catalog);
                }
                // Those that are well have connections of their own.
                seen.is_full = seen.is_full.take().filter(|_| request.anew);
            }
            member.watch.record_outcome(member.node, asked, answer);
            self.postpone(&member, now);
            if index % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Until it is due again.
    fn postpone(&mut self, member: &Member, now: Instant) {
        if let Some(pause) = member.watch.pause(member.node) {
            self.due.insert(member.node, now + pause);
        }
    }

    /// Waits until the next node is due, or wanted earlier.
    async fn wait(&mut self, started: Instant, members: &[Member]) {
        if self.due.len() > members.len() {
            self.due
                .retain(|node, _| members.iter().any(|member| member.node == *node));
        }
        let notified = self.server.wanted.notify.notified();
        match self.due.values().min() {
            Some(next) => tokio::select! {
                () = tokio::time::sleep_until((*next).into()) => {}
                () = notified => {}
            },
            None => notified.await,
        }
        // Many reads may ask for it at once.
        let passed = self.clock.now().saturating_duration_since(started);
        if let Some(rest) = WHILE_WAITED_FOR.checked_sub(passed) {
            tokio::time::sleep(rest).await;
        }
    }
}

fn found_balancer(replicas: &[Member]) {
    for Member { watch, node, .. } in replicas {
        if let Some(state) = watch.state.upgrade() {
            state.found_balancer(*node);
        }
    }
}
