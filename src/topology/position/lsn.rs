//! Postgres: a byte of the write-ahead log.

use std::fmt;

/// Two numbers of one to eight hexadecimal digits, as the type `pg_lsn` reads them.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (upper, lower) = text.trim().split_once('/')?;
    Some(u64::from(half(upper)?) << 32 | u64::from(half(lower)?))
}

/// As every Postgres reads it and all up to 18 write it.
pub(super) fn write(lsn: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{:X}/{:X}", lsn >> 32, lsn & u64::from(u32::MAX))
}

fn half(text: &str) -> Option<u32> {
    let digits = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u32::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::topology::position::{Position, PositionKind};

    fn parse(text: &str) -> Option<Position> {
        Position::parse(PositionKind::Lsn, text)
    }

    #[test]
    fn both_halves_count() {
        assert_eq!(parse("16/B374D848"), Some(Position::Lsn(0x16_B374_D848)));
        assert_eq!(parse(" 0/0\n"), Some(Position::Lsn(0)));
        assert_eq!(parse("1/000000ff"), parse("00000001/FF"));
        assert_eq!(parse("FFFFFFFF/FFFFFFFF"), Some(Position::Lsn(u64::MAX)));
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
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(lsn: u64) {
            let position = Position::Lsn(lsn);
            prop_assert_eq!(parse(&position.to_string()), Some(position));
        }

        #[test]
        fn more_covers_less(one: u64, other: u64) {
            let (one_position, other_position) = (Position::Lsn(one), Position::Lsn(other));
            prop_assert_eq!(one_position.covers(&other_position), one >= other);
        }
    }
}
