//! Sets of numbers as intervals.

use std::fmt;

/// Numbers from 1 on, as intervals with both ends in them. Once normalised they are in order, and
/// apart by at least one number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Intervals(Vec<(u64, u64)>);

impl Intervals {
    /// `first <= last`. To be normalised before anything else is asked.
    pub(super) fn add(&mut self, first: u64, last: u64) {
        self.0.push((first, last));
    }

    pub(super) fn normalise(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|next, kept| {
            let joins = next.0 <= kept.1.saturating_add(1);
            if joins {
                kept.1 = kept.1.max(next.1);
            }
            joins
        });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }

    /// How many numbers there are: `u64::MAX` at most, since 0 is none of them.
    pub(super) fn count(&self) -> u64 {
        let length = |(first, last): (u64, u64)| (last - first).saturating_add(1);
        self.iter().map(length).fold(0, u64::saturating_add)
    }

    /// How many numbers are in both: one step for each interval.
    pub(super) fn common(&self, other: &Self) -> u64 {
        let (mut own, mut others) = (self.iter().peekable(), other.iter().peekable());
        let mut count = 0_u64;
        while let (Some(a), Some(b)) = (own.peek(), others.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                count = count.saturating_add((last - first).saturating_add(1));
            }
            match a.1 < b.1 {
                true => drop(own.next()),
                false => drop(others.next()),
            }
        }
        count
    }
}

impl fmt::Display for Intervals {
    /// `:1-5:11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (first, last) in self.iter() {
            match first == last {
                true => write!(f, ":{first}")?,
                false => write!(f, ":{first}-{last}")?,
            }
        }
        Ok(())
    }
}
