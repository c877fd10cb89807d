//! Notes in three databases, and how a transaction over them ended.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    TransactionTrait,
};
use sea_orm_routing::{RoutingBuilder, RoutingConnection, RoutingTransaction, TransactionMode};

use crate::shop::{Files, Result};

/// Three databases in files, `default`, `second` and `third`, each with the table `note`.
pub(crate) struct Notes {
    pub(crate) db: RoutingConnection,
    pub(crate) files: Files,
}

const NOTE: &str = "CREATE TABLE note (text TEXT PRIMARY KEY, \
                    about TEXT REFERENCES note DEFERRABLE INITIALLY DEFERRED)";

impl Notes {
    pub(crate) async fn open() -> Result<Self> {
        Self::with(|builder| builder).await
    }

    /// The same, with more settings on the builder.
    pub(crate) async fn with(more: impl FnOnce(RoutingBuilder) -> RoutingBuilder) -> Result<Self> {
        let files = Files::new()?;
        let mut builder = RoutingConnection::builder();
        for name in ["default", "second", "third"] {
            let mut options = ConnectOptions::new(files.primary(name));
            options
                .acquire_timeout(Duration::from_secs(10))
                .map_sqlx_sqlite_opts(|options| options.busy_timeout(Duration::ZERO));
            builder = builder.database(name, options);
            let outside = Database::connect(files.primary(name)).await?;
            outside.execute_unprepared(NOTE).await?;
        }
        let db = more(builder).connect().await?;
        Ok(Self { db, files })
    }

    /// A transaction that may write to all three.
    pub(crate) async fn independent(&self) -> Result<RoutingTransaction> {
        let db = self.db.transaction_mode(TransactionMode::Independent);
        Ok(db.begin().await?)
    }

    /// A connection of another client.
    pub(crate) async fn outside(&self, database: &str) -> Result<DatabaseConnection> {
        Ok(Database::connect(self.files.primary(database)).await?)
    }

    /// The rows of `note` that another client sees, sorted.
    pub(crate) async fn texts(&self, database: &str) -> Result<Vec<String>> {
        texts(&self.outside(database).await?).await
    }

    /// The rows that another client sees in each database.
    pub(crate) async fn all(&self) -> Result<[Vec<String>; 3]> {
        Ok([
            self.texts("default").await?,
            self.texts("second").await?,
            self.texts("third").await?,
        ])
    }
}

/// The rows of `note` that a connection sees, sorted.
pub(crate) async fn texts(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let sql = "SELECT text FROM note ORDER BY text";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql));
    let texts = rows.await?.into_iter().map(|row| row.try_get("", "text"));
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

pub(crate) async fn add_note(
    db: &impl ConnectionTrait,
    text: &str,
) -> std::result::Result<(), DbErr> {
    let sql = format!("INSERT INTO note (text) VALUES ('{text}')");
    db.execute_unprepared(&sql).await.map(drop)
}

/// A note with a dangling foreign key: it fails the commit, and no statement before it.
pub(crate) async fn add_orphan(db: &impl ConnectionTrait) -> std::result::Result<(), DbErr> {
    let sql = "INSERT INTO note (text, about) VALUES ('orphan', 'missing')";
    db.execute_unprepared(sql).await.map(drop)
}

/// Which callbacks a transaction called at its end, by name.
#[derive(Clone, Default)]
pub(crate) struct Ends(Arc<Mutex<Vec<String>>>);

impl Ends {
    /// Records how a transaction ends.
    pub(crate) fn of(&self, txn: &RoutingTransaction, name: &str) {
        let (committed, rolled_back) = (self.clone(), self.clone());
        let (one, two) = (format!("{name} committed"), format!("{name} rolled back"));
        txn.on_commit(move || committed.add(one));
        txn.on_rollback(move || rolled_back.add(two));
    }

    fn add(&self, what: String) {
        self.0.lock().expect("not poisoned").push(what);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}
