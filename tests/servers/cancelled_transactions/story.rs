//! What one case did, and whether the rows in the database agree with it.

use std::fmt;

use sea_orm::DbErr;

/// A fault that a case can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// An open transaction is in the pool: what its next user writes is not kept.
    OpenInPool,
    /// A row of a transaction is kept before the commit.
    Autocommitted,
    /// A row is kept although its transaction was not committed.
    Stray,
    /// A row is missing although its commit returned `Ok`.
    Lost,
    /// A part of a transaction is kept.
    Partly,
    /// A statement received the reply of another one.
    Crosstalk,
    /// A connection does not come back to its pool.
    Leaked,
    /// A reply never arrives.
    Hangs,
    /// A statement that was not cancelled failed.
    Refused,
    /// A drop panicked.
    Panicked,
}

/// A fault, and how it was seen.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) fault: Fault,
    pub(super) seen: String,
}

impl Found {
    pub(super) fn new(fault: Fault, seen: impl fmt::Display) -> Self {
        let seen = seen.to_string();
        Self { fault, seen }
    }
}

impl From<DbErr> for Found {
    fn from(error: DbErr) -> Self {
        match error.to_string() {
            // SQLite has one writer.
            text if text.contains("database is locked") => Self::new(Fault::OpenInPool, text),
            text => Self::new(Fault::Refused, text),
        }
    }
}

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Acknowledged,
    /// Cancelled: written or not.
    Perhaps,
    /// Its level was rolled back, or the statement was refused.
    Undone,
}

/// How the transaction ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Undone,
    /// Cancelled during the commit: all or nothing.
    InDoubt,
    Committed,
}

/// What was done, as the program knows it.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The rows of each write: all of them or none.
    writes: Vec<(Vec<String>, Fate)>,
    pub(super) end: End,
    /// The rows that the transaction itself saw before it committed.
    pub(super) seen: Option<Vec<String>>,
    pub(super) cut_off: bool,
    /// A statement failed as expected, so later ones may fail too.
    pub(super) failed: bool,
    pub(super) found: Vec<Found>,
}

impl Story {
    pub(super) fn wrote(&mut self, rows: Vec<String>, fate: Fate) {
        self.writes.push((rows, fate));
    }

    /// A level was rolled back, and its writes with it.
    pub(super) fn undo(&mut self, row: &str) {
        self.turns(row, Fate::Undone);
    }

    /// The end of a level was cancelled.
    pub(super) fn perhaps(&mut self, row: &str) {
        self.turns(row, Fate::Perhaps);
    }

    fn turns(&mut self, row: &str, into: Fate) {
        for (rows, fate) in &mut self.writes {
            if rows.iter().any(|it| it == row) {
                *fate = into;
            }
        }
    }

    pub(super) fn find(&mut self, fault: Fault, seen: impl fmt::Display) {
        self.found.push(Found::new(fault, seen));
    }

    /// Records an error, unless a cancellation or an expected failure explains it.
    pub(super) fn error(&mut self, what: &str, error: &DbErr) {
        if !self.cut_off && !self.failed {
            self.find(Fault::Refused, format!("{what}: {error}"));
        }
    }

    /// What is wrong with the rows that are kept.
    pub(super) fn judge(&self, kept: &[String]) -> Vec<Found> {
        match self.end {
            End::Undone => stray(kept.iter()),
            End::InDoubt if kept.is_empty() => Vec::new(),
            End::InDoubt => self.judge_whole(kept, Fault::Partly),
            End::Committed => self.judge_whole(kept, Fault::Lost),
        }
    }

    fn judge_whole(&self, kept: &[String], missing: Fault) -> Vec<Found> {
        let is_kept = |row: &&String| kept.contains(row);
        let mut found = Vec::new();
        for (rows, fate) in &self.writes {
            let count = rows.iter().filter(is_kept).count();
            match fate {
                Fate::Acknowledged if count < rows.len() => {
                    found.push(Found::new(missing, format!("{rows:?}, kept {kept:?}")));
                }
                Fate::Perhaps if count > 0 && count < rows.len() => {
                    found.push(Found::new(Fault::Partly, format!("{rows:?}")));
                }
                Fate::Undone => found.extend(stray(rows.iter().filter(is_kept))),
                Fate::Acknowledged | Fate::Perhaps => {}
            }
        }
        found.extend(self.judge_seen(kept, missing));
        found
    }

    /// What a transaction read is what it commits.
    fn judge_seen(&self, kept: &[String], missing: Fault) -> Vec<Found> {
        let Some(seen) = &self.seen else {
            return Vec::new();
        };
        let mut found = stray(kept.iter().filter(|row| !seen.contains(row)));
        let lost = seen.iter().filter(|row| !kept.contains(row));
        found.extend(lost.map(|row| Found::new(missing, format!("{row}, seen inside"))));
        found
    }
}

fn stray<'r>(rows: impl Iterator<Item = &'r String>) -> Vec<Found> {
    rows.map(|row| Found::new(Fault::Stray, row)).collect()
}
