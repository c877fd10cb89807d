//! SeaORM's own follow-up reads.
//!
//! On a database without RETURNING, SeaORM's `insert`, `update` and `save` write a row and then
//! read it, in the same poll of the caller's future. On a replica that lags, the row is missing. So
//! the last act of a successful write there is to leave a mark on the thread; the next statement
//! dispatched on the thread takes the mark, and if it reads that table it goes to the primary.
//!
//! No other code can run on the thread between the two: the write's future returns `Ready`, and
//! SeaORM continues with the read without yielding.

use std::cell::Cell;
use std::hash::BuildHasher;

use crate::sql::Operation;
use crate::topology::DatabaseId;

/// A table that was just written on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The address of the connection's core.
    core: usize,
    database: DatabaseId,
    table: u64,
}

thread_local! {
    static MARK: Cell<Option<Mark>> = const { Cell::new(None) };
}

impl Mark {
    /// Leaves a mark: `operation` has just written to `database`.
    pub(crate) fn leave(core: usize, database: DatabaseId, operation: &Operation) {
        if let Some(table) = operation.tables().first() {
            let table = hash(table.name());
            MARK.set(Some(Self {
                core,
                database,
                table,
            }));
        }
    }

    /// Takes the mark of this thread, if it belongs to this connection.
    pub(crate) fn take(core: usize) -> Option<Self> {
        MARK.take().filter(|mark| mark.core == core)
    }

    /// The database that was written, if `operation` names the table.
    pub(crate) fn database_read_by(self, operation: &Operation) -> Option<DatabaseId> {
        let mut tables = operation.tables().iter();
        tables
            .any(|table| hash(table.name()) == self.table)
            .then_some(self.database)
    }
}

fn hash(table: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(table)
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;

    #[test]
    fn a_mark_is_taken_once_and_only_by_its_connection() {
        let write = Operation::of("INSERT INTO a VALUES (1)", DbBackend::MySql);
        let read = Operation::of("SELECT * FROM a", DbBackend::MySql);
        let other = Operation::of("SELECT * FROM b", DbBackend::MySql);
        let database = DatabaseId::new(1);

        Mark::leave(7, database, &write);
        let mark = Mark::take(7).expect("a mark");
        assert_eq!(mark.database_read_by(&read), Some(database));
        assert_eq!(mark.database_read_by(&other), None);
        assert_eq!(Mark::take(7), None);

        Mark::leave(7, database, &write);
        assert_eq!(Mark::take(8), None);
    }
}
