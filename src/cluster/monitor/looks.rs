//! Whether an address that was declared as one server leads to several.
//!
//! Behind a balancer each new connection may lead to another server, so that the position of one proves nothing
//! about the next connection.

use std::time::{Duration, Instant};

use super::observation::Observation;
use super::probe::{Probe, ProbeOutcome, ProbeTarget};
use crate::clock::Clock;

/// How often a new connection shows which server answers.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How many new connections there are at the start: at least, and at most, if servers differ.
const FIRST_LOOKS: (usize, usize) = (2, 8);

/// How long a server that was seen counts. Long enough for a name whose address is drawn anew every few seconds.
const KEPT: Duration = Duration::from_secs(120);

/// No balancer is asked more often than this before it repeats a server.
const MOST: usize = 16;

/// The servers that new connections have met lately, the last one last.
#[derive(Debug, Default)]
struct Sightings {
    seen: Vec<(Instant, Box<str>)>,
    /// When a server last returned after another.
    returned: Option<Instant>,
}

/// The connections that are opened to see which server answers.
#[derive(Debug, Default)]
pub(super) struct Looks {
    sightings: Sightings,
    last: Option<Instant>,
}

/// What new connections have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Several servers answer in turn.
    Several,
    /// Another server answers than on the connection that is open.
    Moved,
    Nothing,
}

impl Looks {
    /// How many new connections are due: at least, and at most, if servers differ.
    pub(super) fn due(&mut self, now: Instant) -> Option<(usize, usize)> {
        let due = match self.last {
            None => Some(FIRST_LOOKS),
            Some(last) if now.saturating_duration_since(last) < LOOK_EVERY => None,
            Some(_) => Some((1, 1)),
        };
        if due.is_some() {
            self.last = Some(now);
        }
        due
    }

    /// Opens new connections, and compares the servers behind them with the one that has `answered`. They are
    /// held until the end, so that a balancer that counts them chooses another server.
    pub(super) async fn look(
        &mut self,
        (least, most): (usize, usize),
        answered: &Observation,
        target: &ProbeTarget,
        timeout: Duration,
        (clock, new): (Clock, impl Fn() -> Probe),
    ) -> Found {
        let Some(current) = answered.server.as_deref() else {
            return Found::Nothing;
        };
        if self.sightings.seen.is_empty() {
            self.sightings.note(clock.now(), current);
        }
        let mut held = Vec::new();
        let mut found = Found::Nothing;
        for look in 0..most {
            if look >= least && !self.sightings.differ() {
                break;
            }
            let mut probe = new();
            let (_, ProbeOutcome::Observed(seen)) = probe.ask(target, timeout).await else {
                break;
            };
            let Some(server) = seen.server.as_deref() else {
                break;
            };
            if self.sightings.note(clock.now(), server) {
                return Found::Several;
            }
            found = match server == current {
                true => Found::Nothing,
                false => Found::Moved,
            };
            held.push(probe);
        }
        found
    }
}

impl Sightings {
    /// Notes which server a new connection has met. Returns whether servers answer in turn: one returned after
    /// another, and so did one before, since an address that is moved and moved back does so once.
    fn note(&mut self, now: Instant, server: &str) -> bool {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < KEPT;
        self.seen.retain(|(at, _)| is_recent(*at));
        if let Some((at, last)) = self.seen.last_mut()
            && **last == *server
        {
            *at = now;
            return false;
        }
        let returns = self.seen.iter().any(|(_, other)| **other == *server);
        if self.seen.len() == MOST {
            self.seen.remove(0);
        }
        self.seen.push((now, server.into()));
        let before = match returns {
            true => self.returned.replace(now),
            false => None,
        };
        before.is_some_and(is_recent)
    }

    /// Whether more than one server was met.
    fn differ(&self) -> bool {
        self.seen.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the servers, met a second apart, are taken for several behind one address.
    fn are_several(servers: &[&str]) -> bool {
        let (mut sightings, start) = (Sightings::default(), Instant::now());
        let mut moments = (0..).map(|second| start + Duration::from_secs(second));
        let mut note = |server| sightings.note(moments.next().expect("endless"), server);
        servers.iter().any(|server| note(*server))
    }

    #[test]
    fn servers_that_answer_in_turn_are_several() {
        assert!(are_several(&["a", "b", "a", "b"]));
        assert!(are_several(&["a", "a", "b", "c", "b", "b", "a"]));
    }

    #[test]
    fn a_server_that_restarted_was_replaced_or_moved_back_is_one() {
        assert!(!are_several(&["a", "a", "a"]));
        assert!(!are_several(&["a", "b", "b", "c"]));
        assert!(!are_several(&["a", "b", "b", "a", "a"]));
    }

    #[test]
    fn a_server_that_returns_after_long_was_moved_back() {
        let (mut sightings, start) = (Sightings::default(), Instant::now());
        for step in 0..6 {
            let server = if step % 2 == 0 { "a" } else { "b" };
            assert!(!sightings.note(start + KEPT * step, server));
        }
    }
}
