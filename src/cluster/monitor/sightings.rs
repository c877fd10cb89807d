//! Which servers were seen at one address: several at once are behind a balancer.

use std::time::{Duration, Instant};

/// How long a server that was seen counts. Long enough for a name whose address is drawn anew every few
/// seconds, short enough that a move to another server and back is not taken for a balancer.
const KEPT: Duration = Duration::from_secs(120);

/// No balancer is asked more often than this before it repeats a server.
const MOST: usize = 16;

/// The servers that were seen at an address lately, the last one last.
#[derive(Debug, Default)]
pub(super) struct Sightings(Vec<(Instant, Box<str>)>);

impl Sightings {
    /// Notes which server answered on a new connection. Returns whether one was seen before another, and now
    /// again: a server that was replaced does not return.
    pub(super) fn note(&mut self, now: Instant, server: &str) -> bool {
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
    pub(super) fn differ(&self) -> bool {
        self.0.len() > 1
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
