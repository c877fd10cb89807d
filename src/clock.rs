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
    /// The same numbers for the same seed. `stream` tells apart those who must not take numbers from each
    /// other.
    pub(crate) fn of(seed: Option<u64>, stream: u64) -> Self {
        match seed {
            Some(seed) => {
                let generator = StdRng::seed_from_u64(seed.wrapping_add(stream));
                Self::Seeded(Box::new(generator.into()))
            }
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
            #[cfg(all(test, feature = "mock"))]
            Self::Given(next) => next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_each_stream_its_own() {
        let numbers = |seed, stream| {
            let randomness = Randomness::of(Some(seed), stream);
            [(); 4].map(|()| randomness.next())
        };
        assert_eq!(numbers(7, 0), numbers(7, 0));
        assert_ne!(numbers(7, 0), numbers(7, 1));
        assert_ne!(numbers(7, 0), numbers(8, 0));
    }
}
