//! What a text does: proven by the grammar of reads, or else told from its words.

use sea_orm::DbBackend;

use super::functions::ReadOnlyFunctions;
use super::grammar::prove;
use super::operation::{Access, Evidence, Operation};
use super::scan::scan;

/// What a text does: the strictest access of its parts, and every table it names.
///
/// Takes time linear in the length of the text, and never panics.
pub(crate) fn classify(sql: &str, dialect: DbBackend, functions: &ReadOnlyFunctions) -> Operation {
    let operation = match prove(sql, dialect, functions) {
        Ok(proven) => proven,
        Err(_) => scan(sql, dialect, functions).not_proven(),
    };
    operation.with_zero_byte(sql.as_bytes().contains(&0))
}

impl Operation {
    /// Classifies a text by the built-in lists of read-only functions alone.
    ///
    /// ```
    /// use sea_orm::DbBackend;
    /// use sea_orm_routing::sql::{Access, Operation};
    ///
    /// let find = Operation::of("SELECT * FROM cake WHERE id = $1", DbBackend::Postgres);
    /// assert_eq!(find.access(), Access::Read);
    /// assert_eq!(find.tables()[0].name(), "cake");
    ///
    /// let next = Operation::of("SELECT nextval('cake_id_seq')", DbBackend::Postgres);
    /// assert_eq!(next.access(), Access::Unknown);
    /// ```
    pub fn of(sql: &str, dialect: DbBackend) -> Self {
        classify(sql, dialect, &ReadOnlyFunctions::default())
    }

    /// The same operation of a text that the grammar of reads does not accept.
    fn not_proven(self) -> Self {
        match self.access() {
            Access::Read | Access::LockingRead => {
                self.doubted(Evidence::Unparsed).with_opaque(true)
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests;
