//! The time and the chance that decisions are made by.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Where decisions, sessions and monitors take the time from. Tests put their own in its place, and so run
/// hours in milliseconds. What waits does so by tokio's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: fn() -> Instant,
}

/// Where random numbers come from.
#[derive(Debug)]
pub(crate) enum Randomness {
    Thread,
    Seeded(Box<Mutex<StdRng>>),
}

/// The jitter of backoffs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Jitter {
    Random,
    /// A function of the seed, the node and how often that has failed, whatever happens in between.
    Seeded(u64),
    #[cfg(all(test, feature = "mock"))]
    Given(fn() -> u64),
}

impl Clock {
    pub(crate) fn now(self) -> Instant {
        (self.now)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self { now: Instant::now }
    }
}

impl Randomness {
    /// The same numbers for the same seed.
    pub(crate) fn of(seed: Option<u64>) -> Self {
        match seed {
            Some(seed) => Self::Seeded(Box::new(StdRng::seed_from_u64(seed).into())),
            None => Self::Thread,
        }
    }

    /// Uniform over `u64`.
    pub(crate) fn next(&self) -> u64 {
        match self {
            Self::Thread => rand::rng().random(),
            Self::Seeded(generator) => generator
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next_u64(),
        }
    }
}

impl Jitter {
    pub(crate) fn of(seed: Option<u64>) -> Self {
        seed.map_or(Self::Random, Self::Seeded)
    }

    /// Uniform over `u64`.
    pub(crate) fn after(self, node: usize, failures: u32) -> u64 {
        match self {
            Self::Random => rand::rng().random(),
            Self::Seeded(seed) => {
                let place = ((node as u64) << 32) | u64::from(failures);
                // The seed itself is spread over all bits by the generator.
                StdRng::seed_from_u64(seed ^ place.rotate_left(17)).next_u64()
            }
            #[cfg(all(test, feature = "mock"))]
            Self::Given(next) => next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let randomness = Randomness::of(Some(seed));
            [(); 4].map(|()| randomness.next())
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn a_seeded_jitter_depends_on_the_node_and_its_failures_alone() {
        let jitter = Jitter::of(Some(7));
        assert_eq!(jitter.after(1, 2), Jitter::of(Some(7)).after(1, 2));
        let others = [
            jitter.after(1, 3),
            jitter.after(2, 2),
            Jitter::of(Some(8)).after(1, 2),
        ];
        assert!(!others.contains(&jitter.after(1, 2)));
    }
}
