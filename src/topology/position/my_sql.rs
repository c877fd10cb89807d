//! MySQL: the set of all transactions.

use std::collections::BTreeMap;
use std::fmt;

use super::number;

mod intervals;

use intervals::Intervals;

/// A tag has at most so many characters (MySQL 8.3).
const LONGEST_TAG: usize = 32;

/// The transactions of each source: a server, and since MySQL 8.3 a tag on some of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GtidSet(BTreeMap<(Uuid, Tag), Intervals>);

/// A server, printed in lower case as MySQL does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Uuid(u128);

/// In lower case, as MySQL keeps it; empty where there is none.
type Tag = Box<str>;

impl GtidSet {
    /// `uuid:1-5:11-18:tag:3`, by commas, with spaces and lines anywhere between the parts.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut set = Self::default();
        if text.trim().is_empty() {
            return Some(set);
        }
        for source in text.split(',') {
            set.add_source(source)?;
        }
        for intervals in set.0.values_mut() {
            intervals.normalise();
        }
        Some(set)
    }

    /// A server with its intervals, those after a tag belonging to it.
    fn add_source(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split(':').map(str::trim);
        let uuid = Uuid::parse(parts.next()?)?;
        let mut tag = Tag::default();
        let mut wants_interval = true;
        for part in parts {
            if part.starts_with(|first: char| first.is_ascii_digit()) {
                let (first, last) = parse_interval(part)?;
                let intervals = self.0.entry((uuid, tag.clone())).or_default();
                intervals.add(first, last);
                wants_interval = false;
            } else if wants_interval && !tag.is_empty() {
                return None;
            } else {
                tag = parse_tag(part)?;
                wants_interval = true;
            }
        }
        (!wants_interval).then_some(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The transactions of the other that are not here.
    pub(super) fn behind(&self, other: &Self) -> u64 {
        let missing = |(source, intervals): (&(Uuid, Tag), &Intervals)| {
            let own = self.0.get(source);
            let common = own.map_or(0, |own| own.common(intervals));
            intervals.count() - common.min(intervals.count())
        };
        other.0.iter().map(missing).fold(0, u64::saturating_add)
    }
}

/// `5` or `1-5`: from 1 on, and not backwards.
fn parse_interval(text: &str) -> Option<(u64, u64)> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first.trim_end())?, number(last.trim_start())?),
        None => (number(text)?, number(text)?),
    };
    (1 <= first && first <= last).then_some((first, last))
}

/// A letter or `_`, then those and digits.
fn parse_tag(text: &str) -> Option<Tag> {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_tag = text.bytes().next().is_some_and(is_letter)
        && text.len() <= LONGEST_TAG
        && text.bytes().all(|b| is_letter(b) || b.is_ascii_digit());
    is_tag.then(|| text.to_ascii_lowercase().into())
}

impl Uuid {
    /// 8-4-4-4-12 hexadecimal digits.
    fn parse(text: &str) -> Option<Self> {
        let mut value = 0;
        let mut groups = text.split('-');
        for length in [8, 4, 4, 4, 12] {
            let group = groups.next().filter(|group| group.len() == length)?;
            for digit in group.chars() {
                value = value << 4 | u128::from(digit.to_digit(16)?);
            }
        }
        groups.next().is_none().then_some(Self(value))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |shift: u32, bits: u32| (self.0 >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            digits(96, 32),
            digits(80, 16),
            digits(64, 16),
            digits(48, 16),
            digits(0, 48)
        )
    }
}

impl fmt::Display for GtidSet {
    /// Each tag of a server as a set of its own, which MySQL reads too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ((uuid, tag), intervals)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let colon = if tag.is_empty() { "" } else { ":" };
            write!(f, "{comma}{uuid}{colon}{tag}{intervals}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "3E11FA47-71CA-11E1-9E33-C80AA9429562";
    const B: &str = "00000000-0000-0000-0000-0000000000ff";

    fn parse(text: &str) -> GtidSet {
        GtidSet::parse(text).expect("a position")
    }

    fn behind(own: &str, other: &str) -> u64 {
        parse(own).behind(&parse(other))
    }

    #[test]
    fn intervals_are_read_and_written() {
        let set = parse(&format!("{A}:1-5:11-18,\n{B}:7"));
        let written = format!("{B}:7,{}:1-5:11-18", A.to_lowercase());
        assert_eq!(set.to_string(), written);
        assert_eq!(parse(&written), set);
    }

    #[test]
    fn one_set_has_one_form() {
        let set = parse(&format!("{A}:1-10:20"));
        assert_eq!(parse(&format!("{A}:20:6-10:1-5")), set);
        assert_eq!(parse(&format!(" {A} : 1 - 7 : 3-10\n, {A}:20 ")), set);
        assert_eq!(parse(&format!("{}:1-10:20:2", A.to_lowercase())), set);
    }

    #[test]
    fn every_transaction_is_to_be_covered() {
        assert_eq!(behind(&format!("{A}:1-18"), &format!("{A}:1-5:11-18")), 0);
        assert_eq!(behind(&format!("{A}:1-5:11-18"), &format!("{A}:1-18")), 5);
        assert_eq!(behind(&format!("{A}:1-5"), &format!("{A}:1-5,{B}:1-3")), 3);
        assert_eq!(behind(&format!("{A}:2-5"), &format!("{A}:1")), 1);
        assert_eq!(behind(&format!("{A}:1"), ""), 0);
        assert_eq!(behind("", &format!("{A}:4-6")), 3);
    }

    #[test]
    fn a_tag_is_a_source_of_its_own() {
        let tagged = parse(&format!("{A}:1-5:backup:1-3:Other_1:9"));
        let apart = format!("{A}:1-5,{A}:other_1:9,{A}:BACKUP:1-3");
        assert_eq!(parse(&apart), tagged);
        assert_eq!(parse(&tagged.to_string()), tagged);
        assert_eq!(behind(&format!("{A}:1-5"), &format!("{A}:backup:1-3")), 3);
        let only_tag = parse(&format!("{A}:backup:1-3"));
        assert_eq!(tagged.behind(&only_tag), 0);
    }

    #[test]
    fn absurd_numbers_cost_no_more_than_others() {
        let all = format!("{A}:1-18446744073709551615");
        assert_eq!(behind("", &all), u64::MAX);
        assert_eq!(
            behind("", &format!("{all},{B}:1-18446744073709551615")),
            u64::MAX
        );
        assert_eq!(behind(&all, &all), 0);
        assert_eq!(behind(&format!("{A}:2-3"), &all), u64::MAX - 2);
        assert_eq!(parse(&format!("{all}:1:5-9")), parse(&all));
    }

    #[test]
    fn nothing_else_is_one() {
        let tails = [
            "",
            ":",
            ":1-",
            ":-1",
            ":0",
            ":0-5",
            ":5-1",
            ":1-2-3",
            ":+1",
            ":1,",
            ":1,,",
            ":tag",
            ":tag:",
            ":tag:other:1",
            ":1:tag",
            ":1tag:1",
            ":t-g:1",
            ":tag!:1",
            ":é:1",
            ":18446744073709551616",
            ": :1",
            ":1 2",
            ":abcdefghijklmnopqrstuvwxyzabcdefg:1",
        ];
        for tail in tails {
            assert_eq!(GtidSet::parse(&format!("{A}{tail}")), None, "{tail:?}");
        }
        for text in [
            ",",
            ":1",
            "1-5",
            "3E11FA47-71CA-11E1-9E33:1",
            "3E11FA4771CA11E19E33C80AA9429562:1",
            "3E11FA47-71CA-11E1-9E33-C80AA942956G:1",
            "3E11FA47-71CA-11E1-9E33-C80AA942956é:1",
            "3E11FA47-71CA-11E1-9E33-C80AA9429562-1:1",
            "+E11FA47-71CA-11E1-9E33-C80AA9429562:1",
        ] {
            assert_eq!(GtidSet::parse(text), None, "{text:?}");
        }
    }

    /// Small sets over two servers and a tag, as text.
    fn small_set() -> impl Strategy<Value = String> {
        let source = prop::sample::select(&[A, B][..]);
        let tag = prop::sample::select(&["", "tag:"][..]);
        let gtids = (source, tag, 1..40_u64, 0..9_u64)
            .prop_map(|(uuid, tag, first, more)| format!("{uuid}:{tag}{first}-{}", first + more));
        prop::collection::vec(gtids, 0..8).prop_map(|sets| sets.join(","))
    }

    /// The same set, one transaction after the other.
    fn spelled_out(set: &GtidSet) -> std::collections::BTreeSet<(u128, String, u64)> {
        let expand = |((uuid, tag), intervals): (&(Uuid, Tag), &Intervals)| {
            let (uuid, tag) = (uuid.0, tag.to_string());
            let all: Vec<_> = intervals
                .iter()
                .flat_map(|(first, last)| first..=last)
                .collect();
            all.into_iter().map(move |gno| (uuid, tag.clone(), gno))
        };
        set.0.iter().flat_map(expand).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(text in small_set()) {
            let set = parse(&text);
            prop_assert_eq!(parse(&set.to_string()), set);
        }

        #[test]
        fn it_counts_as_plain_sets_do(own in small_set(), other in small_set()) {
            let (own, other) = (parse(&own), parse(&other));
            let missing = spelled_out(&other).difference(&spelled_out(&own)).count();
            prop_assert_eq!(own.behind(&other), missing as u64);
        }
    }
}
