//! Errors of bindings: which database a table belongs to.

use super::words::{Quoted, located};
use crate::name::{DatabaseName, TableName};

/// A binding that contradicts itself or another, or a table that no binding covers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// A binding names a database that is not declared.
    #[error(
        "{what} names the unknown database {database:?}; declared databases: {}",
        Quoted(.known)
    )]
    #[non_exhaustive]
    UnknownBindingTarget {
        /// What is bound or forbidden: an entity, a table, a schema or a module.
        what: String,
        /// The database it names.
        database: String,
        /// The declared databases.
        known: Vec<DatabaseName>,
    },
    /// One table is bound to two databases.
    #[error(
        "{first} and {second} are both the table \"{table}\", but they are bound to different databases, {first_database:?} and {second_database:?}; give one of them a schema name, or bind neither and choose with using(..)"
    )]
    #[non_exhaustive]
    ConflictingBindings {
        /// The table that both name.
        table: TableName,
        /// What was bound first.
        first: Box<str>,
        /// The database of the first.
        first_database: Box<str>,
        /// What was bound second.
        second: Box<str>,
        /// The database of the second.
        second_database: Box<str>,
    },
    /// A bound module contains no registered entity.
    #[error(
        "module {module:?} contains no registered entity; entities register with the feature \"entity-registry\" of SeaORM{hint}"
    )]
    #[non_exhaustive]
    EmptyModule {
        /// The module.
        module: String,
        /// What may be wrong with its name.
        hint: String,
    },
    /// A table has no binding, and unbound tables are refused.
    #[error(
        "table \"{table}\" is bound to no database, and unbound tables are refused; bind it, or choose a database with using(..)"
    )]
    #[non_exhaustive]
    Unbound {
        /// The table.
        table: TableName,
    },
    /// A table is forbidden on a database.
    #[error(
        "table \"{table}\" is forbidden on database \"{database}\" by forbid(..) or a policy; use another database, or lift the restriction"
    )]
    #[non_exhaustive]
    Forbidden {
        /// The table.
        table: TableName,
        /// The database.
        database: DatabaseName,
    },
    /// A handle of `using(..)` reaches for a table that is bound to another database.
    #[error(
        "table \"{table}\" is bound to \"{bound}\", but the handle is using(\"{used}\"), and check_using is on: what is loaded there would be saved to \"{bound}\" without that handle; use for_entity(..), or turn the check off"
    )]
    #[non_exhaustive]
    BoundElsewhere {
        /// The table.
        table: TableName,
        /// The database it is bound to.
        bound: DatabaseName,
        /// The database of the handle.
        used: DatabaseName,
    },
    /// One statement names tables of several databases.
    #[error(
        "one statement names tables of several databases: {}; no server can join them: load one side, then the other with load_one or load_many (a many-to-many load joins its junction table)",
        located(.tables)
    )]
    #[non_exhaustive]
    SeveralDatabases {
        /// Each table with its database.
        tables: Vec<(TableName, DatabaseName)>,
    },
}
