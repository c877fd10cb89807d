//! MariaDB: the last transaction of each domain.

use std::collections::BTreeMap;
use std::fmt;

use super::number;

/// The last transaction of each replication domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Domains(BTreeMap<u32, LastGtid>);

/// The last transaction of a domain. The sequence counts the domain over all servers; the server
/// that wrote it is kept to write the position as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastGtid {
    sequence: u64,
    server: u32,
}

impl Domains {
    /// `domain-server-sequence`, by commas. Of several in one domain (the state of a binary log
    /// has one for each server) the last sequence counts.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut domains = BTreeMap::new();
        if text.trim().is_empty() {
            return Some(Self(domains));
        }
        for gtid in text.split(',') {
            let (domain, last) = parse_gtid(gtid.trim())?;
            let known = domains.entry(domain).or_insert(last);
            if last.sequence > known.sequence {
                *known = last;
            }
        }
        Some(Self(domains))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a transaction of a domain of the primary's here that the primary has not.
    pub(super) fn is_ahead_of(&self, primary: &Self) -> bool {
        let ahead = |(domain, own): (&u32, &LastGtid)| {
            let last = primary.0.get(domain);
            last.is_some_and(|last| {
                let same_number = own.sequence == last.sequence && own.server != last.server;
                own.sequence > last.sequence || same_number
            })
        };
        self.0.iter().any(ahead)
    }

    /// Whether there is a transaction of the other that is known not to be here. A transaction with a
    /// higher number here, of another server, says nothing about it.
    pub(super) fn lacks(&self, other: &Self) -> bool {
        other.0.iter().any(|(domain, last)| {
            self.0.get(domain).is_none_or(|own| {
                let same_number = own.sequence == last.sequence && own.server != last.server;
                own.sequence < last.sequence || same_number
            })
        })
    }

    /// Whether all transactions of the other are known to be here. If the last one here is of another
    /// server, that one may not have had the other's.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(domain, last)| {
            let own = self.0.get(domain);
            own.is_some_and(|own| own.server == last.server && own.sequence >= last.sequence)
        })
    }

    /// The transactions of the other that are not here, at most, by their numbers.
    pub(super) fn behind(&self, other: &Self) -> u64 {
        let missing = |(domain, last): (&u32, &LastGtid)| {
            let own = self.0.get(domain).map_or(0, |own| own.sequence);
            last.sequence.saturating_sub(own)
        };
        other.0.iter().map(missing).fold(0, u64::saturating_add)
    }
}

fn parse_gtid(text: &str) -> Option<(u32, LastGtid)> {
    let mut parts = text.split('-');
    let (domain, server, sequence) = (parts.next()?, parts.next()?, parts.next()?);
    let last = LastGtid {
        sequence: number(sequence)?,
        server: number(server)?,
    };
    parts.next().is_none().then_some((number(domain)?, last))
}

impl fmt::Display for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (domain, last)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{domain}-{}-{}", last.server, last.sequence)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Domains {
        Domains::parse(text).expect("a position")
    }

    fn covers(one: &str, other: &str) -> bool {
        parse(one).covers(&parse(other))
    }

    #[test]
    fn each_domain_is_to_be_covered() {
        assert!(covers("0-1-123,1-2-55", "0-1-123"));
        assert!(covers("0-1-123,1-2-55", "1-2-54,0-1-123"));
        assert!(!covers("0-1-123,1-2-55", "0-1-123,1-2-56"));
        assert!(!covers("0-1-123", "0-1-123,1-2-1"));
        assert!(covers("0-1-1", ""));
        assert!(!covers("", "0-1-1"));
    }

    #[test]
    fn one_number_of_two_servers_is_two_transactions() {
        assert!(!covers("0-2-123", "0-1-123"));
        assert!(!covers("0-2-122", "0-1-123"));
        // The second server may have been promoted without it, and have another one of that number.
        assert!(!covers("0-2-124", "0-1-123"));
        let lacks = |one: &str, other: &str| parse(one).lacks(&parse(other));
        assert!(lacks("0-2-123", "0-1-123"));
        assert!(lacks("0-2-122", "0-1-123"));
        assert!(!lacks("0-2-124", "0-1-123"));
        assert!(lacks("0-2-124", "0-2-124,1-1-1"));
        let ahead = |one: &str, primary: &str| parse(one).is_ahead_of(&parse(primary));
        assert!(ahead("0-1-124", "0-1-123"));
        assert!(ahead("0-2-123", "0-1-123"));
        assert!(!ahead("0-1-123,7-7-7", "0-1-123"));
        assert!(!ahead("0-1-122", "0-2-123"));
    }

    #[test]
    fn the_transactions_of_all_domains_are_counted() {
        let behind = parse("0-1-100,1-1-7").behind(&parse("0-1-123,1-1-5,2-1-4"));
        assert_eq!(behind, 23 + 4);
        let most = format!("0-1-{0},1-1-{0}", u64::MAX);
        assert_eq!(parse("").behind(&parse(&most)), u64::MAX);
    }

    #[test]
    fn of_several_in_a_domain_the_last_counts() {
        assert_eq!(parse("0-1-5,0-2-9,0-3-7"), parse("0-2-9"));
    }

    #[test]
    fn spaces_and_lines_are_none_of_it() {
        assert_eq!(parse(" 0-1-5,\n1-1-6 "), parse("0-1-5,1-1-6"));
        assert!(parse(" \n").is_empty());
    }

    #[test]
    fn nothing_else_is_one() {
        for text in [
            ",",
            "0-1-5,",
            "0-1",
            "0-1-",
            "--",
            "0-1-5-6",
            "0-1--5",
            "+0-1-5",
            "0-1-18446744073709551616",
            "4294967296-1-1",
            "0-4294967296-1",
            "0 - 1 - 5",
            "a-b-c",
            "0-1-5;1-1-6",
            "0-1-٣",
        ] {
            assert_eq!(Domains::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(gtids: Vec<(u32, u32, u64)>) {
            let written: Vec<_> = gtids.iter().map(|(d, s, n)| format!("{d}-{s}-{n}")).collect();
            let domains = parse(&written.join(","));
            prop_assert_eq!(parse(&domains.to_string()), domains);
        }
    }
}
