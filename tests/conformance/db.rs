//! What a scenario may ask of a connection or a transaction, SeaORM's or ours.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, StreamTrait,
    TransactionError, TransactionTrait,
};
use sea_orm_routing::{RoutingConnection, RoutingTransaction};

/// SeaORM's three traits, and `transaction_async`, which is inherent on each of its types.
pub(crate) trait Db: ConnectionTrait + StreamTrait + TransactionTrait {
    /// What `transaction_async` hands out.
    type Inner: Db<Transaction = Self::Inner, Inner = Self::Inner>
        + sea_orm::TransactionSession
        + Send;

    async fn begun(&self) -> Result<Self::Inner, DbErr>;

    async fn within<F, T>(&self, callback: F) -> Result<T, TransactionError<DbErr>>
    where
        F: for<'c> AsyncFnOnce(&'c Self::Inner) -> Result<T, DbErr> + Send,
        T: Send;

    fn dialect(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(self)
    }
}

macro_rules! db {
    ($($type:ty => $inner:ty),+ $(,)?) => { $(
        impl Db for $type {
            type Inner = $inner;

            async fn begun(&self) -> Result<$inner, DbErr> {
                self.begin().await
            }

            async fn within<F, T>(&self, callback: F) -> Result<T, TransactionError<DbErr>>
            where
                F: for<'c> AsyncFnOnce(&'c $inner) -> Result<T, DbErr> + Send,
                T: Send,
            {
                self.transaction_async(callback).await
            }
        }
    )+ };
}

db! {
    DatabaseConnection => DatabaseTransaction,
    DatabaseTransaction => DatabaseTransaction,
    RoutingConnection => RoutingTransaction,
    RoutingTransaction => RoutingTransaction,
}
