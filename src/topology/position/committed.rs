//! Positions from the answers of servers.

use sea_orm::DbBackend;

use super::{Lsn, Position, PositionKind};

/// The longest header of a page of the log.
const PAGE_HEADER: u64 = 40;
const PAGE: u64 = 8192;

impl Position {
    /// Parses a position of a dialect. Returns `None` for an empty one, which proves nothing.
    pub(crate) fn of(dialect: DbBackend, text: &str) -> Option<Self> {
        let kind = match dialect {
            DbBackend::Postgres => PositionKind::Lsn,
            // Only MySQL's have a UUID and a colon.
            DbBackend::MySql if text.contains(':') => PositionKind::MySql,
            DbBackend::MySql => PositionKind::MariaDb,
            _ => return None,
        };
        Self::parse(kind, text).filter(|position| !position.is_empty())
    }

    /// A position past every commit that has returned, from the position up to which Postgres has flushed
    /// its log, and the position of its next record. The next record is also past commits that do not
    /// wait for the disk; but on an idle server it can stand just past a page header, which no replica
    /// ever reaches.
    pub(crate) fn committed(
        flushed: Option<Self>,
        next: Option<Self>,
        flushes: bool,
    ) -> Option<Self> {
        match (flushed, next) {
            (Some(Self::Lsn(flushed)), Some(Self::Lsn(next))) if !flushes => {
                let (end, next_byte) = (flushed.byte, next.byte);
                let only_a_header = end.is_multiple_of(PAGE) && next_byte <= end + PAGE_HEADER;
                Some(Self::Lsn(match only_a_header {
                    true => flushed,
                    false => next,
                }))
            }
            (flushed, _) => flushed,
        }
    }

    /// The same position, on a timeline if it is an LSN.
    pub(crate) fn on_timeline(self, timeline: Option<u32>) -> Self {
        match self {
            Self::Lsn(lsn) => Self::Lsn(Lsn { timeline, ..lsn }),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(flushed: u64, next: u64, flushes: bool) -> Option<Position> {
        let (flushed, next) = (Position::lsn(flushed), Position::lsn(next));
        Position::committed(Some(flushed), Some(next), flushes)
    }

    #[test]
    fn a_commit_that_was_flushed_ends_where_the_log_is_flushed() {
        assert_eq!(past(100, 500, true), Some(Position::lsn(100)));
    }

    #[test]
    fn a_commit_that_was_not_flushed_ends_before_the_next_record() {
        assert_eq!(past(100, 500, false), Some(Position::lsn(500)));
    }

    #[test]
    fn a_page_header_is_not_a_record() {
        for header in [24, 40] {
            let page = Some(Position::lsn(PAGE * 3));
            assert_eq!(past(PAGE * 3, PAGE * 3 + header, false), page);
        }
        let record = Some(Position::lsn(PAGE * 3 + 64));
        assert_eq!(past(PAGE * 3, PAGE * 3 + 64, false), record);
    }

    #[test]
    fn an_empty_position_is_none() {
        for (dialect, text) in [
            (DbBackend::MySql, ""),
            (DbBackend::Postgres, "0/0"),
            (DbBackend::Postgres, "nonsense"),
            (DbBackend::Sqlite, "1"),
        ] {
            assert_eq!(Position::of(dialect, text), None, "{text:?}");
        }
        assert!(Position::of(DbBackend::MySql, "0-1-7").is_some());
        let mysql = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";
        assert!(Position::of(DbBackend::MySql, mysql).is_some());
    }
}
