//! What a connection, a transaction and their scopes share, for generic code.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryTrait};

use crate::error::RoutingError;
use crate::route::Route;
use crate::transaction::ScopedTransaction;
use crate::{RoutingConnection, RoutingTransaction};

/// A [`RoutingConnection`], a [`RoutingTransaction`], or a scope of one.
///
/// A function that is generic over SeaORM's [`ConnectionTrait`] takes all of them, and cannot choose a database.
/// One that is generic over this trait can, and runs in a transaction if it is given one. Their own methods of
/// the same names say more about errors.
///
/// ```
/// use sea_orm::entity::prelude::*;
/// use sea_orm::PaginatorTrait;
/// use sea_orm_routing::{RoutingConnection, RoutingTrait};
/// # mod cake {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "cake")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
///
/// async fn cakes_in<C: RoutingTrait>(db: &C, database: &str) -> Result<u64, DbErr> {
///     cake::Entity::find().count(&db.using(database)?).await
/// }
/// # use sea_orm::{ConnectionTrait, TransactionTrait};
/// # async fn run() -> Result<(), DbErr> {
/// # let builder = RoutingConnection::builder().database("default", "sqlite::memory:");
/// # let db = builder.connect().await?;
/// # db.execute_unprepared("CREATE TABLE cake (id INTEGER)").await?;
///
/// assert_eq!(cakes_in(&db, "default").await?, 0);
/// let txn = db.begin().await?;
/// assert_eq!(cakes_in(&txn, "default").await?, 0);
/// txn.commit().await?;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
pub trait RoutingTrait: ConnectionTrait + sealed::Sealed {
    /// A scope of it.
    type Scoped<'s>: RoutingTrait + Send
    where
        Self: 's;

    /// A scope for one database, by its name.
    ///
    /// # Errors
    ///
    /// A name that is not declared.
    fn using(&self, name: &str) -> Result<Self::Scoped<'_>, RoutingError>;

    /// A scope for the database that an entity is bound to, which speaks its dialect.
    ///
    /// # Errors
    ///
    /// An entity without a binding, if unbound tables are refused.
    fn for_entity<E: EntityTrait>(&self, entity: E) -> Result<Self::Scoped<'_>, RoutingError>;

    /// A scope that refuses everything but proven reads.
    fn read_only(&self) -> Self::Scoped<'_>;

    /// Explains where a query would go, and why. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    fn explain<Q: QueryTrait + Sync>(&self, query: &Q) -> Result<Route, DbErr>;

    /// Explains where a text would go, and why. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    fn explain_sql(&self, sql: &str) -> Result<Route, DbErr>;
}

mod sealed {
    /// The trait may get more methods, so nothing else can implement it.
    pub trait Sealed {}

    impl Sealed for crate::RoutingConnection {}
    impl Sealed for crate::RoutingTransaction {}
    impl Sealed for crate::ScopedTransaction<'_> {}
}

/// Implements the trait by the methods of the type itself.
macro_rules! routing_trait {
    ($type:ty, $life:lifetime, $scoped:ty) => {
        impl RoutingTrait for $type {
            type Scoped<$life>
                = $scoped
            where
                Self: $life;

            fn using(&self, name: &str) -> Result<Self::Scoped<'_>, RoutingError> {
                <$type>::using(self, name)
            }

            fn for_entity<E: EntityTrait>(
                &self,
                entity: E,
            ) -> Result<Self::Scoped<'_>, RoutingError> {
                <$type>::for_entity(self, entity)
            }

            fn read_only(&self) -> Self::Scoped<'_> {
                <$type>::read_only(self)
            }

            fn explain<Q: QueryTrait + Sync>(&self, query: &Q) -> Result<Route, DbErr> {
                <$type>::explain(self, query)
            }

            fn explain_sql(&self, sql: &str) -> Result<Route, DbErr> {
                <$type>::explain_sql(self, sql)
            }
        }
    };
}

routing_trait!(RoutingConnection, 's, RoutingConnection);
routing_trait!(RoutingTransaction, 's, ScopedTransaction<'s>);
routing_trait!(ScopedTransaction<'_>, 's, ScopedTransaction<'s>);
