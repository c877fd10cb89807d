//! Postgres: a byte of the write-ahead log, on a timeline.

use std::fmt;

use super::number;

/// A byte of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lsn {
    /// Each promotion begins a new timeline. `None` if the server does not say which one it is on.
    pub(crate) timeline: Option<u32>,
    pub(crate) byte: u64,
}

impl Lsn {
    /// As the type `pg_lsn` reads it: two numbers of one to eight hexadecimal digits. A timeline may
    /// come first: `2:16/B374D848`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (timeline, byte) = match text.split_once(':') {
            Some((timeline, byte)) => (Some(number(timeline)?), byte),
            None => (None, text),
        };
        let (upper, lower) = byte.trim().split_once('/')?;
        let byte = u64::from(half(upper)?) << 32 | u64::from(half(lower)?);
        Some(Self { timeline, byte })
    }

    /// Whether this is known to be after all that is before `other`. The same number on another timeline
    /// is another byte.
    pub(super) fn covers(self, other: Self) -> bool {
        self.timeline == other.timeline && self.byte >= other.byte
    }

    /// The bytes from here to `other`, whatever their timelines.
    pub(super) fn behind(self, other: Self) -> u64 {
        other.byte.saturating_sub(self.byte)
    }

    /// Whether a server that was here has bytes that its primary, asked later, has not. A primary never
    /// goes back, and a newer timeline begins after all that it shares with the older ones.
    pub(super) fn is_ahead_of(self, primary: Self) -> bool {
        self.timeline <= primary.timeline && self.byte > primary.byte
    }
}

impl fmt::Display for Lsn {
    /// The bytes as every Postgres reads them and all up to 18 write them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(timeline) = self.timeline {
            write!(f, "{timeline}:")?;
        }
        write!(
            f,
            "{:X}/{:X}",
            self.byte >> 32,
            self.byte & u64::from(u32::MAX)
        )
    }
}

fn half(text: &str) -> Option<u32> {
    let digits = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u32::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::topology::position::{Position, PositionKind};

    fn parse(text: &str) -> Option<Position> {
        Position::parse(PositionKind::Lsn, text)
    }

    #[test]
    fn both_halves_count() {
        assert_eq!(parse("16/B374D848"), Some(Position::lsn(0x16_B374_D848)));
        assert_eq!(parse(" 0/0\n"), Some(Position::lsn(0)));
        assert_eq!(parse("1/000000ff"), parse("00000001/FF"));
        assert_eq!(parse("FFFFFFFF/FFFFFFFF"), Some(Position::lsn(u64::MAX)));
    }

    #[test]
    fn the_lower_half_carries_into_the_upper() {
        let (before, after) = (
            parse("16/FFFFFFFF").expect("one"),
            parse("17/0").expect("one"),
        );
        assert!(after.covers(&before) && !before.covers(&after));
        assert_eq!(before.behind(&after), Some(1));
        assert_eq!(after.behind(&before), Some(0));
    }

    #[test]
    fn positions_of_two_timelines_are_not_ordered() {
        let (old, new) = (parse("1:0/FF").expect("one"), parse("2:0/10").expect("one"));
        assert_eq!(old.to_string(), "1:0/FF");
        assert!(!old.covers(&new) && !new.covers(&old));
        assert_eq!((old.behind(&new), new.behind(&old)), (Some(0), Some(0xef)));
        assert!(parse("2:0/10").expect("one").covers(&new));
        let unknown = parse("0/FF").expect("one");
        assert!(!unknown.covers(&new) && !new.covers(&unknown));
    }

    #[test]
    fn more_on_an_older_timeline_is_a_history_of_its_own() {
        let ahead = |own, primary| {
            parse(own)
                .expect("one")
                .is_ahead_of(&parse(primary).expect("one"))
        };
        assert!(ahead("1:0/FF", "2:0/10"));
        assert!(ahead("2:0/FF", "2:0/10"));
        assert!(!ahead("1:0/10", "2:0/10"));
        // The primary that was asked was not yet known to be the old one.
        assert!(!ahead("3:0/FF", "2:0/10"));
    }

    #[test]
    fn nothing_else_is_one() {
        for text in [
            "",
            "/",
            "16/",
            "/1",
            "16",
            "+1/2",
            "1/-2",
            "0x1/2",
            "1/2/3",
            "1 /2",
            "123456789/0",
            "G/0",
            "1/é",
            ":1/2",
            "-1:1/2",
            "4294967296:1/2",
            "1:2:1/2",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(timeline: Option<u32>, byte: u64) {
            let position = Position::Lsn(Lsn { timeline, byte });
            prop_assert_eq!(parse(&position.to_string()), Some(position));
        }

        #[test]
        fn more_covers_less(one: u64, other: u64) {
            let (one_position, other_position) = (Position::lsn(one), Position::lsn(other));
            prop_assert_eq!(one_position.covers(&other_position), one >= other);
        }
    }
}
