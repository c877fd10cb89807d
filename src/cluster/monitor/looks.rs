//! Whether an address that was declared as one server leads to several.
//!
//! Behind a balancer each new connection may lead to another server, so that the position of one proves nothing
//! about the next connection.

use std::time::{Duration, Instant};

use super::observation::Observation;
use super::probe::{Probe, ProbeOutcome, ProbeTarget};
use crate::clock::Clock;

/// How often a new connection shows which server answers.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How many new connections there are at the start: at least, and at most, if servers differ.
const FIRST_LOOKS: (usize, usize) = (3, 8);

/// How long a server that was seen counts. Long enough for a name whose address is drawn anew every few
/// seconds, short enough that a move to another server and back is not taken for a balancer.
const KEPT: Duration = Duration::from_secs(120);

/// No balancer is asked more often than this before it repeats a server.
const MOST: usize = 16;

/// The servers that were seen at an address lately, the last one last.
#[derive(Debug, Default)]
struct Sightings(Vec<(Instant, Box<str>)>);

impl Sightings {
    /// Notes which server answered on a new connection. Returns whether one was seen before another, and now
    /// again: a server that was replaced does not return.
    fn note(&mut self, now: Instant, server: &str) -> bool {
        let seen = &mut self.0;
        seen.retain(|(at, _)| now.saturating_duration_since(*at) < KEPT);
        if let Some((at, last)) = seen.last_mut()
            && **last == *server
        {
            *at = now;
            return false;
        }
        let returns = seen.iter().any(|(_, other)| **other == *server);
        if seen.len() == MOST {
            seen.remove(0);
        }
        seen.push((now, server.into()));
        returns
    }

    /// Whether more than one server was seen.
    fn differ(&self) -> bool {
        self.0.len() > 1
    }
}

/// The connections that were opened to see which server answers.
#[derive(Debug, Default)]
pub(super) struct Looks {
    sightings: Sightings,
    last: Option<Instant>,
}

impl Looks {
    /// Whether several servers answer in turn, as far as is known after this answer. The connections are held
    /// until the end, so that a balancer that counts them chooses another server.
    pub(super) async fn find_several(
        &mut self,
        seen: &Observation,
        target: &ProbeTarget,
        timeout: Duration,
        new: impl Fn() -> Probe,
        clock: Clock,
    ) -> bool {
        if self.note(seen, clock.now()) {
            return true;
        }
        let now = clock.now();
        let (least, most) = match self.last {
            None => FIRST_LOOKS,
            Some(last) if now.saturating_duration_since(last) < LOOK_EVERY => return false,
            Some(_) => (1, 1),
        };
        self.last = Some(now);
        let mut held = Vec::new();
        for look in 0..most {
            if look >= least && !self.sightings.differ() {
                return false;
            }
            let mut probe = new();
            let (_, ProbeOutcome::Observed(seen)) = probe.ask(target, timeout).await else {
                return false;
            };
            if self.note(&seen, clock.now()) {
                return true;
            }
            held.push(probe);
        }
        false
    }

    fn note(&mut self, seen: &Observation, now: Instant) -> bool {
        let server = seen.server.as_deref();
        server.is_some_and(|server| self.sightings.note(now, server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the servers, seen a second apart, are taken for several behind one address.
    fn are_several(servers: &[&str]) -> bool {
        let (mut sightings, start) = (Sightings::default(), Instant::now());
        let mut moments = (0..).map(|second| start + Duration::from_secs(second));
        let mut note = |server| sightings.note(moments.next().expect("endless"), server);
        servers.iter().any(|server| note(*server))
    }

    #[test]
    fn a_server_that_returns_after_another_is_one_of_several() {
        assert!(are_several(&["a", "b", "a"]));
        assert!(are_several(&["a", "a", "b", "c", "b"]));
    }

    #[test]
    fn a_server_that_restarted_or_was_replaced_is_not() {
        assert!(!are_several(&["a", "a", "a"]));
        assert!(!are_several(&["a", "b", "b", "c"]));
    }

    #[test]
    fn a_server_that_returns_after_long_was_moved_back() {
        let (mut sightings, start) = (Sightings::default(), Instant::now());
        assert!(!sightings.note(start, "a"));
        assert!(!sightings.note(start + KEPT / 2, "b"));
        assert!(!sightings.note(start + KEPT * 2, "a"));
    }
}
