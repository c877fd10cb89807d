//! How far has a node replicated?
//!
//! A [`Position`] is a point in the history of a primary, as its server writes it. A replica that
//! [covers](Position::covers) the position of a write has replayed it.
//!
//! | kind | from the primary | from the replica |
//! |---|---|---|
//! | [`Lsn`](PositionKind::Lsn) | `pg_current_wal_flush_lsn()` | `pg_last_wal_replay_lsn()` |
//! | [`MariaDb`](PositionKind::MariaDb) | `@@global.gtid_binlog_pos` | `@@global.gtid_slave_pos` |
//! | [`MySql`](PositionKind::MySql) | `@@global.gtid_executed` | `@@global.gtid_executed` |
//!
//! Positions of two clusters look alike and cannot be ordered: the caller makes sure that both belong to
//! one. Those of two histories of one cluster, before and after a failover, do not cover each other:
//! an LSN carries its timeline, a GTID the server that wrote it. An [empty](Position::is_empty) position, as
//! of a server that keeps no binary log or no GTIDs, is covered by every other one and proves nothing.

#[cfg_attr(
    not(feature = "sqlx-postgres"),
    allow(dead_code, reason = "only Postgres has such positions")
)]
mod committed;
mod lsn;
mod maria_db;
mod my_sql;

use std::fmt;

pub(crate) use lsn::Lsn;
use maria_db::Domains;
use my_sql::GtidSet;

/// The format of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PositionKind {
    /// Postgres: a byte of the write-ahead log, `16/B374D848`.
    Lsn,
    /// MariaDB: the last transaction of each domain, `0-1-123,1-2-55`.
    MariaDb,
    /// MySQL: a set of transactions, `3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:11-18`.
    MySql,
}

/// A point in the history of a primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    /// The bytes of the write-ahead log before it.
    Lsn(Lsn),
    /// The last transaction of each domain.
    MariaDb(Domains),
    /// All transactions up to here.
    MySql(GtidSet),
}

impl Position {
    /// Parses a position as its server or [`Display`](fmt::Display) writes it. Returns `None` for any
    /// other text. The work is bounded by the length of the text, not by its numbers.
    pub(crate) fn parse(kind: PositionKind, text: &str) -> Option<Self> {
        match kind {
            PositionKind::Lsn => Lsn::parse(text).map(Self::Lsn),
            PositionKind::MariaDb => Domains::parse(text).map(Self::MariaDb),
            PositionKind::MySql => GtidSet::parse(text).map(Self::MySql),
        }
    }

    /// Whether nothing was written before it.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Lsn(lsn) => lsn.byte == 0,
            Self::MariaDb(domains) => domains.is_empty(),
            Self::MySql(set) => set.is_empty(),
        }
    }

    /// Whether a node at this position is known to have replayed all of `other`. Positions of two kinds
    /// or two histories do not cover each other.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lsn(own), Self::Lsn(other)) => own.covers(*other),
            (Self::MariaDb(own), Self::MariaDb(other)) => own.covers(other),
            (Self::MySql(own), Self::MySql(other)) => own.behind(other) == 0,
            (Self::Lsn(_) | Self::MariaDb(_) | Self::MySql(_), _) => false,
        }
    }

    /// Whether a node that was at this position before the primary was asked has changes that the
    /// primary lacks: then they do not share one history. (Changes of a MySQL replica's own are not
    /// detected.)
    pub(crate) fn is_ahead_of(&self, primary: &Self) -> bool {
        match (self, primary) {
            (Self::Lsn(own), Self::Lsn(primary)) => own.is_ahead_of(*primary),
            (Self::MariaDb(own), Self::MariaDb(primary)) => own.is_ahead_of(primary),
            _ => false,
        }
    }

    /// Whether a node at this position is known to lack something of `other`. (LSNs do not say: their
    /// timelines do.)
    pub(crate) fn lacks(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::MariaDb(own), Self::MariaDb(other)) => own.lacks(other),
            (Self::MySql(own), Self::MySql(other)) => own.behind(other) > 0,
            _ => false,
        }
    }

    /// How much of `primary` a node at this position has not replayed: bytes for Postgres, transactions
    /// for the others, by their numbers alone. 0 does not prove that it [covers](Self::covers) it. Returns
    /// `None` for two kinds.
    ///
    /// The transactions of MariaDB are counted by their numbers, which may have gaps, so that the count
    /// is an upper bound.
    pub(crate) fn behind(&self, primary: &Self) -> Option<u64> {
        match (self, primary) {
            (Self::Lsn(own), Self::Lsn(primary)) => Some(own.behind(*primary)),
            (Self::MariaDb(own), Self::MariaDb(primary)) => Some(own.behind(primary)),
            (Self::MySql(own), Self::MySql(primary)) => Some(own.behind(primary)),
            (Self::Lsn(_) | Self::MariaDb(_) | Self::MySql(_), _) => None,
        }
    }
}

#[cfg(test)]
impl Position {
    /// A byte of the log of a server that does not say which timeline it is on.
    pub(crate) fn lsn(byte: u64) -> Self {
        Self::Lsn(Lsn {
            timeline: None,
            byte,
        })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lsn(lsn) => lsn.fmt(f),
            Self::MariaDb(domains) => domains.fmt(f),
            Self::MySql(set) => set.fmt(f),
        }
    }
}

/// A number in decimal digits without a sign, which `str::parse` would accept.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [PositionKind; 3] = [
        PositionKind::Lsn,
        PositionKind::MariaDb,
        PositionKind::MySql,
    ];

    fn parse(kind: PositionKind, text: &str) -> Position {
        Position::parse(kind, text).expect("a position")
    }

    #[test]
    fn two_kinds_never_cover_each_other() {
        let positions = [
            parse(PositionKind::Lsn, "0/0"),
            parse(PositionKind::MariaDb, ""),
            parse(PositionKind::MySql, ""),
        ];
        for (index, one) in positions.iter().enumerate() {
            assert!(one.is_empty());
            for (other_index, other) in positions.iter().enumerate() {
                assert_eq!(one.covers(other), index == other_index);
            }
        }
    }

    /// Texts that nearly are positions.
    fn soup() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(
            &[
                "0",
                "1",
                "5",
                "42",
                "007",
                "18446744073709551615",
                "18446744073709551616",
                "4294967296",
                "-",
                "-",
                ":",
                ":",
                ",",
                ",",
                "/",
                "\n",
                " ",
                "tag",
                "_t1",
                "A",
                "fF",
                "3e11fa47-71ca-11e1-9e33-c80aa9429562",
                "3E11FA47-71CA-11E1-9E33-C80AA9429562",
                "00000000-0000-0000-0000-000000000000",
                "é",
                "+",
                "\0",
            ][..],
        );
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn garbage_is_refused_or_read_back_as_it_is_written(text in soup()) {
            for kind in KINDS {
                if let Some(position) = Position::parse(kind, &text) {
                    prop_assert_eq!(&parse(kind, &position.to_string()), &position);
                    prop_assert!(position.covers(&position));
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            for kind in KINDS {
                let _ = Position::parse(kind, &text);
            }
        }
    }
}
