//! What a scenario may call on a connection or a transaction, SeaORM's or ours.

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, StreamTrait, TransactionError, TransactionTrait,
};
use sea_orm_routing::{RoutingConnection, RoutingTransaction};

/// SeaORM's three traits, and `transaction_async`, which is inherent on each of its types.
pub(crate) trait Db: ConnectionTrait + StreamTrait + TransactionTrait {
    /// The transaction that `transaction_async` begins.
    type Inner: Db<Transaction = Self::Inner, Inner = Self::Inner>
        + sea_orm::TransactionSession
        + Send;

    async fn begun(&self) -> Result<Self::Inner, DbErr>;

    async fn within<F, T>(&self, callback: F) -> Result<T, TransactionError<DbErr>>
    where
        F: for<'c> AsyncFnOnce(&'c Self::Inner) -> Result<T, DbErr> + Send,
        T: Send;

    /// The same with options; the options of an outer transaction take precedence.
    async fn within_config<F, T>(
        &self,
        callback: F,
        level: Option<IsolationLevel>,
        access: Option<AccessMode>,
    ) -> Result<T, TransactionError<DbErr>>
    where
        F: for<'c> AsyncFnOnce(&'c Self::Inner) -> Result<T, DbErr> + Send,
        T: Send;

    fn dialect(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(self)
    }
}

macro_rules! db {
    ($type:ty => $inner:ty, |$self:ident, $callback:ident, $level:ident, $access:ident| $run:expr) => {
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

            async fn within_config<F, T>(
                &$self,
                $callback: F,
                $level: Option<IsolationLevel>,
                $access: Option<AccessMode>,
            ) -> Result<T, TransactionError<DbErr>>
            where
                F: for<'c> AsyncFnOnce(&'c $inner) -> Result<T, DbErr> + Send,
                T: Send,
            {
                $run.await
            }
        }
    };
}

db!(DatabaseConnection => DatabaseTransaction, |self, callback, level, access| {
    self.transaction_with_config_async(callback, level, access)
});
db!(DatabaseTransaction => DatabaseTransaction, |self, callback, level, access| {
    self.transaction_with_config_async(callback, level, access)
});
db!(RoutingConnection => RoutingTransaction, |self, callback, level, access| {
    self.transaction_with_config_async(callback, level, access)
});
db!(RoutingTransaction => RoutingTransaction, |self, callback, level, access| {
    self.transaction_with_config_async(callback, level, access)
});
