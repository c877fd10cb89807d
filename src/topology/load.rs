//! How busy and how slow a node is, measured by its statements.
//!
//! A [`Load`] is shared by all snapshots of the topology that hold its node: counting a statement
//! must not write a new snapshot. It is the one part of a node that changes in place.
//!
//! Every access is relaxed: the numbers guide a choice, they order nothing. Two measurements at the
//! same moment may keep only one of the two, or the latency of one with the moment of the other;
//! the next one corrects that. The count of statements in flight is exact.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The time after which a past latency counts by 1/e (37 %), as the default of Finagle's
/// `peakEwma`.
const DECAY: Duration = Duration::from_secs(10);

/// The statements in flight on a node, and their latency.
///
/// The latency is a peak-sensitive moving average (peak EWMA, of Finagle and tower): a latency
/// above the estimate is taken at once, one below it bit by bit.
#[derive(Debug, Default)]
pub(crate) struct Load {
    in_flight: AtomicU32,
    /// Nanoseconds, at least 1; 0 until something was measured.
    latency: AtomicU64,
    /// When the latency was measured, in nanoseconds since the start that `observe` is told.
    measured: AtomicU64,
    /// Whether the health of the node is not `Up`, so that an answer of it is news.
    unhealthy: AtomicBool,
}

/// The time since the first measurement of this process.
pub(crate) fn since_start(now: Instant) -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    now.saturating_duration_since(*START)
}

impl Load {
    /// Whether the health of the node is `Up` in the newest topology.
    pub(crate) fn is_healthy(&self) -> bool {
        !self.unhealthy.load(Relaxed)
    }

    pub(super) fn set_healthy(&self, healthy: bool) {
        self.unhealthy.store(!healthy, Relaxed);
    }

    /// A statement is in flight.
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// A statement has ended or was dropped. The count never goes below zero.
    pub(crate) fn end(&self) {
        let one_less = |count: u32| count.checked_sub(1);
        // Err: there was none, and there still is none.
        let _ = self.in_flight.fetch_update(Relaxed, Relaxed, one_less);
    }

    /// How many statements have begun and not ended.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// A statement took `latency`; `at` is now, since some fixed start of the process.
    ///
    /// Failures are not measured: a node that fails fast would look fast.
    pub(crate) fn observe(&self, latency: Duration, at: Duration) {
        let elapsed = self.age(at);
        let estimate = match self.latency() {
            Some(before) => peak_ewma(before, latency, elapsed),
            None => latency,
        };
        self.latency.store(nanos(estimate).max(1), Relaxed);
        self.measured.fetch_max(nanos(at), Relaxed);
    }

    /// The estimate as of the last measurement; `None` until there is one.
    pub(crate) fn latency(&self) -> Option<Duration> {
        match self.latency.load(Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// The estimate as of `at` (as in [`observe`](Self::observe)): it fades while nothing is
    /// measured, so that a node that was slow once is tried again.
    pub(crate) fn latency_at(&self, at: Duration) -> Option<Duration> {
        let faded = |latency| peak_ewma(latency, Duration::ZERO, self.age(at));
        self.latency().map(faded)
    }

    fn age(&self, at: Duration) -> Duration {
        at.saturating_sub(Duration::from_nanos(self.measured.load(Relaxed)))
    }
}

/// The estimate after a `sample`, `elapsed` after the estimate `before`: a peak at once, less than
/// that by exponential decay (`before * e + sample * (1 - e)`, where `e` is
/// `exp(-elapsed / 10 s)`).
fn peak_ewma(before: Duration, sample: Duration, elapsed: Duration) -> Duration {
    if sample >= before {
        return sample;
    }
    let kept = (-elapsed.as_secs_f64() / DECAY.as_secs_f64()).exp();
    let above = (before - sample).as_nanos() as f64 * kept;
    // A cast of a float stops at the bounds of the integer.
    sample.saturating_add(Duration::from_nanos(above as u64))
}

/// 584 years are the most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);

    /// Whether two durations are one but for rounding.
    fn close(a: Duration, b: Duration) -> bool {
        a.abs_diff(b) <= Duration::from_nanos(100)
    }

    #[test]
    fn a_peak_is_taken_at_once() {
        assert_eq!(peak_ewma(MS, 50 * MS, Duration::ZERO), 50 * MS);
        assert_eq!(peak_ewma(MS, 50 * MS, 3 * SECOND), 50 * MS);
    }

    #[test]
    fn a_lower_sample_counts_by_the_time_that_passed() {
        assert_eq!(peak_ewma(100 * MS, MS, Duration::ZERO), 100 * MS);
        let after_one = peak_ewma(100 * MS, Duration::ZERO, DECAY);
        assert!(close(after_one, Duration::from_nanos(36_787_944)));
        assert!(close(peak_ewma(100 * MS, MS, 1_000 * DECAY), MS));
    }

    #[test]
    fn two_steps_fade_as_one_of_both_lengths() {
        let twice = peak_ewma(
            peak_ewma(SECOND, Duration::ZERO, 3 * SECOND),
            Duration::ZERO,
            4 * SECOND,
        );
        assert!(close(twice, peak_ewma(SECOND, Duration::ZERO, 7 * SECOND)));
    }

    #[test]
    fn no_duration_is_too_long() {
        let longest = Duration::MAX;
        assert_eq!(peak_ewma(longest, longest, longest), longest);
        assert!(peak_ewma(longest, MS, Duration::ZERO) >= SECOND);
        assert_eq!(peak_ewma(MS, Duration::ZERO, longest), Duration::ZERO);
        let load = Load::default();
        load.observe(longest, longest);
        load.observe(longest, Duration::ZERO);
        assert!(load.latency_at(longest).is_some());
    }

    #[test]
    fn the_count_never_goes_below_nothing() {
        let load = Load::default();
        load.end();
        assert_eq!(load.in_flight(), 0);
        load.begin();
        load.begin();
        load.end();
        assert_eq!(load.in_flight(), 1);
    }

    #[test]
    fn the_count_is_exact_over_threads() {
        let load = Load::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..1_000 {
                        load.begin();
                        load.observe(MS, round * MS);
                        load.end();
                    }
                });
            }
        });
        assert_eq!(load.in_flight(), 0);
        assert_eq!(load.latency(), Some(MS));
    }

    #[test]
    fn nothing_is_known_until_it_is_measured() {
        let load = Load::default();
        assert_eq!(load.latency(), None);
        assert_eq!(load.latency_at(SECOND), None);
        load.observe(Duration::ZERO, Duration::ZERO);
        assert_eq!(load.latency(), Some(Duration::from_nanos(1)));
    }

    #[test]
    fn the_estimate_fades_while_nothing_is_measured() {
        let load = Load::default();
        load.observe(SECOND, SECOND);
        assert_eq!(load.latency_at(SECOND), Some(SECOND));
        let later = load.latency_at(SECOND + 5 * DECAY);
        assert!(later.is_some_and(|latency| latency < 10 * MS));
        assert_eq!(load.latency(), Some(SECOND), "looking changes nothing");
    }

    #[test]
    fn a_clock_that_seems_to_go_back_fades_nothing() {
        let load = Load::default();
        load.observe(SECOND, 60 * SECOND);
        load.observe(MS, 50 * SECOND);
        assert_eq!(load.latency_at(60 * SECOND), Some(SECOND));
    }
}
