//! The code under test: the same steps run over the routing connection and over SeaORM's own.

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, StreamTrait, TransactionSession,
    TransactionTrait,
};
use sea_orm_routing::RoutingConnection;

use crate::support::single;

/// A transaction, nested or not.
pub(super) trait Transaction:
    ConnectionTrait + StreamTrait + TransactionSession + TransactionTrait<Transaction = Self> + Send
{
}

impl<T> Transaction for T where
    T: ConnectionTrait
        + StreamTrait
        + TransactionSession
        + TransactionTrait<Transaction = T>
        + Send
{
}

/// A connection, as an application holds it.
pub(super) trait Subject:
    ConnectionTrait + StreamTrait + TransactionTrait<Transaction: Transaction>
{
    async fn connect(options: ConnectOptions) -> Self;

    /// The pool beneath it.
    fn pool(&self) -> DatabaseConnection;
}

impl Subject for RoutingConnection {
    async fn connect(options: ConnectOptions) -> Self {
        single(options.into()).await
    }

    fn pool(&self) -> DatabaseConnection {
        self.primary("default").expect("declared")
    }
}

impl Subject for DatabaseConnection {
    async fn connect(options: ConnectOptions) -> Self {
        Database::connect(options).await.expect("connected")
    }

    fn pool(&self) -> DatabaseConnection {
        self.clone()
    }
}
