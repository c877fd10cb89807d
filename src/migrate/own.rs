//! The one connection a migrator has on a database.

use sea_orm::DatabaseConnection;

use crate::cluster::own_pool;

/// The one connection a migrator has on a database. It holds the lock, and the migrations run on it:
/// as long as the server works on what a migrator has sent, no other gets the lock, whatever has
/// become of the first.
pub(super) struct Own {
    db: DatabaseConnection,
    /// Not so where the database lives in the application's own pool: SQLite in memory.
    is_own: bool,
}

impl Own {
    pub(super) fn beside(primary: &DatabaseConnection) -> Self {
        match own_pool(primary, 1) {
            Some(db) => Self { db, is_own: true },
            None => Self {
                db: primary.clone(),
                is_own: false,
            },
        }
    }

    pub(super) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    pub(super) async fn close(self) {
        if self.is_own {
            let _ = self.db.close().await;
        }
    }
}
