//! In which quotes a backslash escapes: a mode of the session that the text does not show.

use sea_orm::DbBackend;

/// In which quotes a backslash escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    /// In `'...'`.
    pub(super) single: bool,
    /// In `"..."`.
    pub(super) double: bool,
}

impl Escapes {
    pub(super) const NOWHERE: Self = Self {
        single: false,
        double: false,
    };
    const EVERYWHERE: Self = Self {
        single: true,
        double: true,
    };
    const IN_SINGLE: Self = Self {
        single: true,
        double: false,
    };

    /// As the server does by default.
    pub(super) fn of(dialect: DbBackend) -> Self {
        match dialect {
            DbBackend::MySql => Self::EVERYWHERE,
            _ => Self::NOWHERE,
        }
    }

    /// The other modes in which a text has other tokens, if a backslash stands before a quote of these:
    /// MySQL's `NO_BACKSLASH_ESCAPES` and `ANSI_QUOTES`, Postgres without `standard_conforming_strings`.
    pub(crate) fn others(self, dialect: DbBackend) -> impl Iterator<Item = Self> {
        let others = match dialect {
            DbBackend::MySql => [
                (self.single || self.double).then_some(Self::NOWHERE),
                self.double.then_some(Self::IN_SINGLE),
            ],
            DbBackend::Postgres => [self.single.then_some(Self::IN_SINGLE), None],
            _ => [None, None],
        };
        others.into_iter().flatten()
    }
}
