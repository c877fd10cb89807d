//! How far replicas are behind, measured by sampled positions of the primary.
//!
//! The monitor samples the position of the primary. A replica that has replayed a sample has everything
//! that was committed before the primary was *asked* for it: sessions compare that instant with their
//! last commit, and the lag counts from it. No clock of a server is involved, and an idle primary makes
//! no replica lag, because its newest position is replayed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Position;

/// How many samples are kept. Beyond that, every second of the older ones is dropped.
const KEPT: usize = 128;

/// Positions of a primary, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Samples(VecDeque<Sample>);

/// The primary was at a position, at least from the first to the last time it was asked.
#[derive(Debug)]
struct Sample {
    first: Instant,
    last: Instant,
    position: Position,
}

/// How far a replica is behind its primary, as last measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lag {
    /// How long ago the primary was ahead already. Zero while the primary is idle. As exact as the
    /// probe interval.
    pub time: Duration,
    /// On Postgres: how many bytes of the log are not replayed.
    pub bytes: Option<u64>,
    /// On MariaDB and MySQL: how many transactions are not replayed.
    pub transactions: Option<u64>,
}

impl Samples {
    /// Adds a sample: the position of the primary when it was asked.
    pub(crate) fn add(&mut self, asked: Instant, position: Position) {
        match self.0.back_mut() {
            Some(newest) if newest.position == position => newest.last = newest.last.max(asked),
            _ => self.0.push_back(Sample {
                first: asked,
                last: asked,
                position,
            }),
        }
        if self.0.len() > KEPT {
            self.thin();
        }
    }

    /// The newest position of the primary, and when it was asked.
    #[cfg(feature = "session-tokens")]
    pub(crate) fn newest(&self) -> Option<(Instant, Position)> {
        let newest = self.0.back()?;
        Some((newest.last, newest.position.clone()))
    }

    /// Drops all samples, because another server is the primary.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn thin(&mut self) {
        let newest = self.0.len() - 1;
        let mut place = 0;
        self.0.retain(|_| {
            place += 1;
            place % 2 == 1 || place > newest
        });
    }

    /// The instant before which a replica that has replayed a position has every commit.
    pub(crate) fn caught_up_to(&self, replayed: &Position) -> Option<Instant> {
        let mut newest_first = self.0.iter().rev();
        newest_first
            .find(|sample| replayed.covers(&sample.position))
            .map(|sample| sample.last)
    }

    /// The lag of a replica that has replayed a position.
    pub(crate) fn lag(&self, replayed: &Position, now: Instant) -> Option<Lag> {
        let newest = self.0.back()?;
        let behind = replayed.behind(&newest.position);
        let (bytes, transactions) = match replayed {
            Position::Lsn(_) => (behind, None),
            Position::MariaDb(_) | Position::MySql(_) => (None, behind),
        };
        // A measure, not a proof: a replica that follows may not say on which timeline.
        let missing = |sample: &&Sample| replayed.behind(&sample.position) != Some(0);
        let first_missing = self.0.iter().rev().take_while(missing).last();
        Some(Lag {
            time: first_missing.map_or(Duration::ZERO, |sample| {
                now.saturating_duration_since(sample.first)
            }),
            bytes,
            transactions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(start: Instant) -> Samples {
        let mut samples = Samples::default();
        for (second, lsn) in [(0, 100), (1, 200), (2, 300)] {
            samples.add(start + Duration::from_secs(second), Position::lsn(lsn));
        }
        samples
    }

    #[test]
    fn a_replica_has_what_was_committed_before_the_position_it_replayed_was_asked_for() {
        let start = Instant::now();
        let samples = samples(start);
        let to = |lsn| samples.caught_up_to(&Position::lsn(lsn));
        assert_eq!(to(99), None);
        assert_eq!(to(100), Some(start));
        assert_eq!(to(299), Some(start + Duration::from_secs(1)));
        assert_eq!(to(1000), Some(start + Duration::from_secs(2)));
    }

    #[test]
    fn lag_counts_from_when_the_primary_was_ahead() {
        let start = Instant::now();
        let samples = samples(start);
        let now = start + Duration::from_secs(5);
        let lag = |lsn| samples.lag(&Position::lsn(lsn), now).expect("samples");
        assert_eq!(lag(300).time, Duration::ZERO);
        assert_eq!(lag(300).bytes, Some(0));
        assert_eq!(lag(250).time, Duration::from_secs(3));
        assert_eq!(lag(250).bytes, Some(50));
        assert_eq!(lag(50).time, Duration::from_secs(5));
        assert_eq!(lag(50).transactions, None);
    }

    #[test]
    fn an_idle_primary_makes_no_replica_lag() {
        let start = Instant::now();
        let mut samples = samples(start);
        let later = start + Duration::from_secs(3600);
        samples.add(later, Position::lsn(300));
        let lag = samples.lag(&Position::lsn(300), later).expect("samples");
        assert_eq!(lag.time, Duration::ZERO);
        assert_eq!(samples.caught_up_to(&Position::lsn(300)), Some(later));
        assert_eq!(samples.0.len(), 3);
    }

    #[test]
    fn old_positions_are_thinned_out_and_the_newest_kept() {
        let start = Instant::now();
        let mut samples = Samples::default();
        for n in 0..10_000_u64 {
            samples.add(start + Duration::from_secs(n), Position::lsn(n));
        }
        assert!(samples.0.len() <= KEPT);
        let newest = start + Duration::from_secs(9_999);
        assert_eq!(samples.caught_up_to(&Position::lsn(9_999)), Some(newest));
        let halfway = samples.caught_up_to(&Position::lsn(5_000)).expect("kept");
        assert!(halfway <= start + Duration::from_secs(5_000));
    }
}
