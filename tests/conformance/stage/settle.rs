//! Waits until replicas have caught up with their primary.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TryGetable};

const LIMIT: Duration = Duration::from_secs(20);

/// How long replicas lag behind.
pub(crate) enum Settle {
    /// There are no replicas, or they read the primary's own file.
    AtOnce,
    Postgres(Servers),
    MariaDb(Servers),
}

/// Plain connections to a primary and its replicas.
pub(crate) struct Servers {
    pub(crate) primary: DatabaseConnection,
    pub(crate) replicas: Vec<DatabaseConnection>,
}

impl Settle {
    /// Returns once every earlier commit can be read on every replica.
    pub(crate) async fn wait(&self) -> Result<(), DbErr> {
        match self {
            Self::AtOnce => Ok(()),
            Self::Postgres(servers) => {
                let position = servers.position("SELECT pg_current_wal_flush_lsn()::text");
                let position = position.await?;
                let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
                servers.reach(&reached, true).await
            }
            Self::MariaDb(servers) => {
                let position = servers.position("SELECT @@global.gtid_binlog_pos").await?;
                let reached = format!("SELECT MASTER_GTID_WAIT('{position}', 1)");
                servers.reach(&reached, 0_i64).await
            }
        }
    }
}

impl Servers {
    async fn position(&self, sql: &str) -> Result<String, DbErr> {
        value(&self.primary, sql).await
    }

    async fn reach<T: TryGetable + PartialEq>(&self, sql: &str, yes: T) -> Result<(), DbErr> {
        let deadline = Instant::now() + LIMIT;
        for replica in &self.replicas {
            while value::<T>(replica, sql).await? != yes {
                assert!(Instant::now() < deadline, "a replica hangs: {sql}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }
}

async fn value<T: TryGetable>(db: &DatabaseConnection, sql: &str) -> Result<T, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get_by_index(0)
}
