//! Migrations that stop in the middle, and continue when they are released.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use sea_orm_routing::RoutingConnection;
use tokio::sync::Notify;

use super::{Engine, Result, Set, Site, Step, eventually};

/// A migration that signals when it has begun, and continues when it is released.
pub(crate) struct Gate {
    pub(crate) begun: Arc<Notify>,
    pub(crate) go_on: Arc<Notify>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            begun: Arc::default(),
            go_on: Arc::default(),
        }
    }

    /// A migrator with one migration, which creates `a` once it is released.
    pub(crate) fn migrator(&self) -> Set {
        let (begun, go_on) = (Arc::clone(&self.begun), Arc::clone(&self.go_on));
        Set::new().with(Step::new("m_gate", move |manager| {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            Box::pin(async move {
                begun.notify_one();
                go_on.notified().await;
                let db = manager.get_connection();
                db.execute_unprepared("CREATE TABLE a (id INTEGER)").await?;
                Ok(())
            })
        }))
    }
}

/// A table that is locked, so that a migration is blocked in the middle of its work.
pub(crate) struct TableGate<'s> {
    site: &'s Site,
    holder: Option<RoutingConnection>,
}

impl<'s> TableGate<'s> {
    /// A statement that is blocked by the lock.
    pub(crate) const THROUGH: &'static str = "INSERT INTO gate VALUES (1)";

    /// Creates the table `gate` and locks it.
    pub(crate) async fn closed(site: &'s Site) -> Result<Self> {
        let mut options = site.options(0);
        options.max_connections(1);
        let builder = RoutingConnection::builder().database("default", options);
        let holder = builder.connect().await?;
        let create = match &site.engine {
            Engine::MariaDb(_) => "CREATE TABLE gate (id INTEGER PRIMARY KEY) ENGINE=InnoDB",
            _ => "CREATE TABLE gate (id INTEGER PRIMARY KEY)",
        };
        let held = holder.primary("default")?;
        held.execute_unprepared(create).await?;
        for sql in match &site.engine {
            Engine::Postgres(_) => ["BEGIN", "LOCK TABLE gate"],
            Engine::MariaDb(_) => ["SET autocommit = 1", "LOCK TABLES gate WRITE"],
            _ => unreachable!("no gate in a file"),
        } {
            held.execute_unprepared(sql).await?;
        }
        let holder = Some(holder);
        Ok(Self { site, holder })
    }

    /// Waits until a statement is blocked by the lock.
    pub(crate) async fn is_waited_for(&self) {
        let sql = match &self.site.engine {
            Engine::Postgres(_) => {
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            }
            _ => {
                "SELECT COUNT(*) FROM information_schema.processlist \
                 WHERE state LIKE 'Waiting for table%' AND db = DATABASE()"
            }
        };
        eventually("a statement waits at the gate", async || {
            self.site
                .client(0, sql)
                .await
                .is_ok_and(|it| it.trim() == "1")
        })
        .await;
    }

    pub(crate) async fn open(&mut self) -> Result {
        if let Some(holder) = self.holder.take() {
            holder.close().await?;
        }
        Ok(())
    }
}
