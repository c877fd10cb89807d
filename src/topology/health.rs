//! The health of a node, as its failures tell it.
//!
//! A node that failed to connect is left alone for a while, twice as long after each further
//! failure, then tried again by the next read. (Active probes and lag come with the monitor.)

use std::time::{Duration, Instant};

/// How long a node is left alone after its first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// And at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whether a node is worth a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Up,
    Down { failures: u32, retry_at: Instant },
}

impl Health {
    /// The health after a connection to the node failed.
    ///
    /// Failures while it is left alone belong to statements that were under way already.
    pub(crate) fn after_failure(self, now: Instant) -> Self {
        let failures = match self {
            Self::Up => 1,
            Self::Down { retry_at, .. } if now < retry_at => return self,
            Self::Down { failures, .. } => failures.saturating_add(1),
        };
        let pause = FIRST_PAUSE
            .saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX))
            .min(LONGEST_PAUSE);
        Self::Down {
            failures,
            retry_at: now + pause,
        }
    }

    /// Whether a read may be sent to the node.
    pub(crate) fn serves(self, now: Instant) -> bool {
        match self {
            Self::Up => true,
            Self::Down { retry_at, .. } => now >= retry_at,
        }
    }

    pub(crate) fn is_up(self) -> bool {
        self == Self::Up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_node_is_left_alone_and_then_tried_again() {
        let start = Instant::now();
        let down = Health::Up.after_failure(start);
        assert!(!down.serves(start));
        assert!(down.serves(start + FIRST_PAUSE));
    }

    #[test]
    fn each_failure_doubles_the_pause_up_to_a_bound() {
        let mut now = Instant::now();
        let mut health = Health::Up;
        let mut pauses = Vec::new();
        for _ in 0..40 {
            health = health.after_failure(now);
            let Health::Down { retry_at, .. } = health else {
                panic!("down after a failure");
            };
            pauses.push(retry_at - now);
            now = retry_at;
        }
        assert_eq!(pauses[..3], [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]);
        assert_eq!(pauses[39], LONGEST_PAUSE);
    }

    #[test]
    fn failures_during_the_pause_do_not_count() {
        let now = Instant::now();
        let down = Health::Up.after_failure(now);
        assert_eq!(down.after_failure(now), down);
    }
}
