//! The one connection of a migrator on a database.

use sea_orm::DatabaseConnection;
use sea_orm_routing::RoutingError;
use sea_orm_routing::schema::SchemaTarget;

/// The one connection of a migrator on a database. It holds the lock, and the migrations run on it:
/// while the server still works on a statement of a migrator, no other migrator gets the lock, even
/// if the process that sent the statement has ended.
pub(crate) struct OwnConnection {
    db: DatabaseConnection,
    /// False if the database lives in the application's pool, as SQLite in memory does.
    is_dedicated: bool,
}

impl OwnConnection {
    pub(crate) fn open(target: &SchemaTarget) -> Result<Self, RoutingError> {
        let (db, is_dedicated) = match target.dedicated_connection()? {
            Some(db) => (db, true),
            None => (target.primary()?, false),
        };
        Ok(Self { db, is_dedicated })
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(crate) fn is_dedicated(&self) -> bool {
        self.is_dedicated
    }

    pub(crate) async fn close(self) {
        if self.is_dedicated {
            let _ = self.db.close().await;
        }
    }
}
