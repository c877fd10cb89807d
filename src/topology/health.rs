//! The health of a node: a state machine over its failures and answers.
//!
//! | from | on | to |
//! |---|---|---|
//! | up | a connection that broke | suspect: others are preferred until it was probed |
//! | up, suspect | no connection, a probe that failed | down |
//! | suspect | an answer | up |
//! | suspect | a second connection that broke | down |
//! | down | a failure after its backoff | down, for twice as long |
//! | any | it is full: a probe got no connection, since it has too many | suspect: it is not down |
//! | down | an answer | probation: it serves, and its failures still count |
//! | probation | any failure | down, for longer than last time |
//! | probation | an answer after the probation | up |
//!
//! The backoff doubles from half a second up to a bound. Jitter of a quarter keeps the clients of a node
//! that returns from returning all at once (as in Envoy's outlier detection). The time and the random
//! number are passed in.

use std::time::{Duration, Instant};

/// The backoff after the first failure.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);

/// How long other nodes are preferred to one whose connection broke.
const SUSPICION: Duration = Duration::from_secs(1);

/// How long a node that returned must serve without a failure.
const PROBATION: Duration = Duration::from_secs(10);

/// A node that a probe found dead is tried by reads only if its next probe is this late.
const MONITOR_IS_LATE: Duration = Duration::from_secs(1);

/// The health of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Up,
    Suspect {
        until: Instant,
    },
    Down {
        failures: u32,
        retry_at: Instant,
        /// Confirmed down by a probe; trusted until this instant.
        confirmed: Option<Instant>,
    },
    Probation {
        failures: u32,
        until: Instant,
    },
}

/// What was learned about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It answered a statement or a probe.
    Answered,
    /// One of its connections broke.
    Lost,
    /// No connection could be opened.
    Unreachable,
    /// A probe found no server, or got no answer.
    ProbeFailed,
    /// A probe was told that the server has no connection left to give.
    Full,
    /// A half-open trial begins: other statements stay away until it ends.
    Tried,
}

/// The inputs of a transition besides its signal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// Uniform over `u64`.
    pub(crate) chance: u64,
    pub(crate) max_backoff: Duration,
    /// How long a probe may take.
    pub(crate) longest_probe: Duration,
}

/// How a node ranks among the candidates for a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Preferred,
    /// Chosen if none is preferred.
    Degraded,
    /// Chosen if there is no other, and no probe has found it dead.
    IfNothingElse,
    Excluded,
}

impl Health {
    pub(crate) fn after(self, signal: Signal, moment: Moment) -> Self {
        match signal {
            Signal::Answered => self.after_answer(moment.now),
            Signal::Lost if self == Self::Up => Self::Suspect {
                until: moment.now + SUSPICION,
            },
            Signal::Lost | Signal::Unreachable => self.after_failure(false, moment),
            Signal::ProbeFailed => self.after_failure(true, moment),
            // Until after the next probe
            Signal::Full => Self::Suspect {
                until: moment.now + moment.longest_probe + SUSPICION,
            },
            Signal::Tried => self.while_tried(moment),
        }
    }

    fn after_answer(self, now: Instant) -> Self {
        match self {
            Self::Up | Self::Suspect { .. } => Self::Up,
            Self::Down { failures, .. } => Self::Probation {
                failures,
                until: now + PROBATION,
            },
            Self::Probation { until, .. } if now < until => self,
            Self::Probation { .. } => Self::Up,
        }
    }

    /// A failure during the backoff belongs to a statement that was in flight already, and counts only if
    /// a probe met it.
    fn after_failure(self, confirmed: bool, moment: Moment) -> Self {
        let failures = match self {
            Self::Up | Self::Suspect { .. } => 1,
            Self::Down { retry_at, .. } if moment.now < retry_at && !confirmed => return self,
            Self::Down { failures, .. } | Self::Probation { failures, .. } => {
                failures.saturating_add(1)
            }
        };
        Self::down(failures, confirmed, moment)
    }

    fn down(failures: u32, confirmed: bool, moment: Moment) -> Self {
        let retry_at = moment.now + moment.backoff(failures);
        let patience = moment.longest_probe + MONITOR_IS_LATE;
        Self::Down {
            failures,
            retry_at,
            confirmed: confirmed.then(|| retry_at + patience),
        }
    }

    /// A trial counts as failed until it is answered: its failure arrives during the backoff that keeps
    /// other statements away.
    fn while_tried(self, moment: Moment) -> Self {
        match self {
            Self::Down {
                failures,
                confirmed,
                ..
            } => Self::down(failures.saturating_add(1), confirmed.is_some(), moment),
            Self::Up | Self::Suspect { .. } | Self::Probation { .. } => self,
        }
    }

    /// A node whose backoff is over is preferred: a statement must find out whether it is back.
    pub(crate) fn rank(self, now: Instant) -> Rank {
        match self {
            Self::Up | Self::Probation { .. } => Rank::Preferred,
            Self::Suspect { until } if now >= until => Rank::Preferred,
            Self::Suspect { .. } => Rank::Degraded,
            Self::Down {
                retry_at,
                confirmed: None,
                ..
            } => match now >= retry_at {
                true => Rank::Preferred,
                false => Rank::IfNothingElse,
            },
            Self::Down {
                confirmed: Some(until),
                ..
            } => match now >= until {
                true => Rank::Preferred,
                false => Rank::Excluded,
            },
        }
    }

    /// Whether reads go there without admission.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Up | Self::Probation { .. })
    }

    pub(crate) fn is_down(self) -> bool {
        matches!(self, Self::Down { .. })
    }

    /// How often it has failed in a row.
    pub(crate) fn failures(self) -> u32 {
        match self {
            Self::Up | Self::Suspect { .. } => 0,
            Self::Down { failures, .. } | Self::Probation { failures, .. } => failures,
        }
    }

    /// Whether a probe has found it down.
    pub(crate) fn is_confirmed_down(self) -> bool {
        matches!(
            self,
            Self::Down {
                confirmed: Some(_),
                ..
            }
        )
    }

    /// When a node that is down is tried again.
    pub(crate) fn retry_at(self) -> Option<Instant> {
        match self {
            Self::Down { retry_at, .. } => Some(retry_at),
            Self::Up | Self::Suspect { .. } | Self::Probation { .. } => None,
        }
    }
}

impl Moment {
    /// The backoff after this many failures, with a quarter of jitter.
    fn backoff(self, failures: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let backoff = FIRST_BACKOFF
            .saturating_mul(doubled)
            .min(self.max_backoff)
            .max(Duration::from_millis(1));
        backoff.mul_f64(0.75 + 0.5 * (self.chance as f64 / u64::MAX as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: Instant) -> Moment {
        Moment {
            now,
            chance: u64::MAX / 2,
            max_backoff: Duration::from_secs(30),
            longest_probe: PROBE,
        }
    }

    const PROBE: Duration = Duration::from_secs(4);

    /// Down after one failure, and when it may be tried.
    fn down(now: Instant) -> (Health, Instant) {
        let down = Health::Up.after(Signal::Unreachable, at(now));
        (down, down.retry_at().expect("down"))
    }

    #[test]
    fn up_stays_up_on_an_answer() {
        let now = at(Instant::now());
        assert_eq!(Health::Up.after(Signal::Answered, now), Health::Up);
        assert_eq!(Health::Up.after(Signal::Tried, now), Health::Up);
        assert_eq!(Health::Up.rank(now.now), Rank::Preferred);
    }

    #[test]
    fn one_broken_connection_makes_a_node_suspect_and_a_second_one_down() {
        let now = Instant::now();
        let suspect = Health::Up.after(Signal::Lost, at(now));
        assert_eq!(suspect.rank(now), Rank::Degraded);
        assert!(!suspect.is_good() && !suspect.is_down());
        assert!(suspect.after(Signal::Lost, at(now)).is_down());
    }

    #[test]
    fn a_suspect_that_answers_is_up() {
        let now = Instant::now();
        let suspect = Health::Up.after(Signal::Lost, at(now));
        assert_eq!(suspect.after(Signal::Answered, at(now)), Health::Up);
    }

    #[test]
    fn suspicion_ends_by_itself() {
        let now = Instant::now();
        let suspect = Health::Up.after(Signal::Lost, at(now));
        assert_eq!(suspect.rank(now + SUSPICION), Rank::Preferred);
        assert_eq!(suspect.after(Signal::Tried, at(now)), suspect);
    }

    #[test]
    fn a_suspect_that_fails_its_probe_is_down_for_sure() {
        let now = Instant::now();
        let suspect = Health::Up.after(Signal::Lost, at(now));
        let down = suspect.after(Signal::ProbeFailed, at(now));
        assert_eq!(down.rank(now), Rank::Excluded);
    }

    #[test]
    fn a_node_without_connections_is_left_alone_and_then_tried_again() {
        let now = Instant::now();
        let (down, retry_at) = down(now);
        assert_eq!(retry_at - now, FIRST_BACKOFF);
        assert_eq!(down.rank(now), Rank::IfNothingElse);
        assert_eq!(down.rank(retry_at), Rank::Preferred);
    }

    #[test]
    fn who_tries_it_keeps_the_others_away() {
        let now = Instant::now();
        let (down, retry_at) = down(now);
        let tried = down.after(Signal::Tried, at(retry_at));
        assert_eq!(tried.rank(retry_at), Rank::IfNothingElse);
        assert_eq!(tried.retry_at(), Some(retry_at + FIRST_BACKOFF * 2));
    }

    #[test]
    fn the_pause_doubles_after_each_trial_that_fails() {
        let (mut health, mut retry_at) = down(Instant::now());
        for factor in [2, 4, 8, 16] {
            let tried_at = retry_at;
            health = health.after(Signal::Tried, at(tried_at));
            let failed_at = tried_at + Duration::from_millis(5);
            health = health.after(Signal::Unreachable, at(failed_at));
            retry_at = health.retry_at().expect("down");
            assert_eq!(retry_at - tried_at, FIRST_BACKOFF * factor);
        }
    }

    #[test]
    fn each_failure_doubles_the_backoff_up_to_a_limit() {
        let mut now = Instant::now();
        let mut health = Health::Up;
        let mut backoffs = Vec::new();
        for _ in 0..80 {
            health = health.after(Signal::Unreachable, at(now));
            let retry_at = health.retry_at().expect("down");
            backoffs.push(retry_at - now);
            now = retry_at;
        }
        assert_eq!(
            backoffs[..3],
            [FIRST_BACKOFF, FIRST_BACKOFF * 2, FIRST_BACKOFF * 4]
        );
        assert_eq!(backoffs[79], Duration::from_secs(30));
    }

    #[test]
    fn chance_moves_the_backoff_by_a_quarter() {
        let now = Instant::now();
        let backoff = |chance| {
            let moment = Moment { chance, ..at(now) };
            let down = Health::Up.after(Signal::Unreachable, moment);
            down.retry_at().expect("down") - now
        };
        assert_eq!(backoff(0), FIRST_BACKOFF.mul_f64(0.75));
        assert_eq!(backoff(u64::MAX), FIRST_BACKOFF.mul_f64(1.25));
    }

    #[test]
    fn failures_during_the_backoff_do_not_count_unless_a_probe_met_them() {
        let now = Instant::now();
        let (down, _) = down(now);
        assert_eq!(down.after(Signal::Lost, at(now)), down);
        assert_eq!(down.after(Signal::Unreachable, at(now)), down);
        let probed = down.after(Signal::ProbeFailed, at(now));
        assert_eq!(probed.rank(now), Rank::Excluded);
        assert_eq!(probed.retry_at(), Some(now + FIRST_BACKOFF * 2));
    }

    #[test]
    fn what_a_probe_found_dead_is_tried_by_reads_when_the_monitor_is_late() {
        let now = Instant::now();
        let down = Health::Up.after(Signal::ProbeFailed, at(now));
        let retry_at = down.retry_at().expect("down");
        assert_eq!(down.rank(retry_at + PROBE), Rank::Excluded);
        let late = retry_at + PROBE + MONITOR_IS_LATE;
        assert_eq!(down.rank(late), Rank::Preferred);
    }

    #[test]
    fn a_node_that_comes_back_is_on_probation_first() {
        let now = Instant::now();
        let (down, retry_at) = down(now);
        let back = down.after(Signal::Answered, at(retry_at));
        assert!(back.is_good());
        assert_eq!(back.rank(retry_at), Rank::Preferred);
        assert_eq!(back.after(Signal::Tried, at(retry_at)), back);
        assert_eq!(back.after(Signal::Answered, at(retry_at)), back);
        let served = at(retry_at + PROBATION);
        assert_eq!(back.after(Signal::Answered, served), Health::Up);
    }

    #[test]
    fn a_node_that_flaps_is_left_alone_for_longer_each_time() {
        let now = Instant::now();
        let (down, retry_at) = down(now);
        for signal in [Signal::Lost, Signal::Unreachable, Signal::ProbeFailed] {
            let back = down.after(Signal::Answered, at(retry_at));
            let again = back.after(signal, at(retry_at));
            assert_eq!(again.retry_at(), Some(retry_at + FIRST_BACKOFF * 2));
        }
    }
}
