//! Several databases behind one connection, each with the table `item`.

use sea_orm::TransactionTrait;
use sea_orm_routing::{DatabaseName, RoutingConnection, RoutingTransaction, TransactionMode};

use super::{Servers, item, options, postgres};
use routing_servers::PostgresCluster;

/// `default` and `second` on one Postgres, each with the table `item`; or skips the test.
pub(crate) struct Two {
    pub(crate) db: RoutingConnection,
    pub(crate) first: Servers<PostgresCluster>,
    pub(crate) second: Servers<PostgresCluster>,
}

impl Two {
    pub(crate) async fn open(first: &'static str, second: &'static str) -> Option<Self> {
        let (first, second) = (postgres(first).await?, postgres(second).await?);
        let (one, two) = (url(&first), url(&second));
        let db = connect([("default", one), ("second", two)]).await;
        Some(Self { db, first, second })
    }
}

fn url(pg: &Servers<PostgresCluster>) -> String {
    pg.cluster.primary_url(pg.name)
}

/// A connection to databases by name and URL; creates the table on each.
pub(crate) async fn connect<const N: usize>(
    databases: [(&'static str, String); N],
) -> RoutingConnection {
    let names = databases.each_ref().map(|(name, _)| *name);
    let mut builder = RoutingConnection::builder();
    for (name, url) in databases {
        builder = builder.database(name, options(url));
    }
    let db = builder.connect().await.expect("connected");
    for name in names {
        item::create_in(&db, name).await;
    }
    db
}

/// A transaction that may write to all of them.
pub(crate) async fn independent(db: &RoutingConnection) -> RoutingTransaction {
    let db = db.transaction_mode(TransactionMode::Independent);
    db.begin().await.expect("begun")
}

/// Inserts an item on one of the databases.
pub(crate) async fn insert_on(
    txn: &RoutingTransaction,
    database: &str,
    name: &str,
) -> Result<(), sea_orm::DbErr> {
    let there = txn.using(database).expect("declared");
    item::insert(&there, name).await.map(drop)
}

/// The names in one of the databases.
pub(crate) async fn names_on(db: &RoutingConnection, database: &str) -> Vec<String> {
    item::names(&db.using(database).expect("declared")).await
}

pub(crate) fn as_text(databases: &[DatabaseName]) -> Vec<&str> {
    databases.iter().map(DatabaseName::as_str).collect()
}
