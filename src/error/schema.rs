//! Errors of schema discovery and schema sync.

use std::sync::Arc;

use sea_orm::DbErr;

use crate::name::DatabaseName;

/// A schema that cannot be read or synced.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A schema is read or changed, and the handle does not say on which of several databases.
    #[error(
        "a schema belongs to one database, and this handle has several; choose one with using(..), or sync every database with sync_schema(..)"
    )]
    #[non_exhaustive]
    AmbiguousDatabase,
    /// The schema of one database could not be synced; those of the databases before it are.
    #[error("the schema of \"{database}\" could not be synced: {source}")]
    #[non_exhaustive]
    Sync {
        /// The database.
        database: DatabaseName,
        /// The error of the database or of its driver.
        source: Arc<DbErr>,
    },
}
