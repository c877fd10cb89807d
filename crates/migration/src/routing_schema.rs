//! What this crate adds to a `RoutingConnection`.

use std::future::Future;

use sea_orm::DbErr;
#[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
use sea_orm::SchemaBuilder;
use sea_orm_routing::{RoutingConnection, TableName};

use crate::create_all::{EntitySet, create_all};
#[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
use crate::{MigrationError, sync};

/// The schema methods of a [`RoutingConnection`]. They run on primaries.
pub trait RoutingSchema: sealed::Sealed {
    /// Creates the tables of some entities that do not exist yet, with their enums, indexes and
    /// foreign keys, and returns the created tables in the order of their creation.
    ///
    /// On a handle that has fixed a database (`using`, `for_entity`), all of them are created there,
    /// so that one set of entities can live in any number of databases. On any other handle, each is
    /// created in the database it is bound to.
    ///
    /// Tables come in the order of their foreign keys. If those form a cycle, the keys that close it
    /// are added when all its tables exist. A foreign key into another database is left out, with a
    /// warning: no server could check it.
    ///
    /// The idea is SQLAlchemy's `MetaData.create_all`.
    ///
    /// ```
    /// # mod cake {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "cake")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # use sea_orm::EntityTrait;
    /// use sea_orm_routing::RoutingConnection;
    /// use sea_orm_routing_migration::{EntitySet, RoutingSchema};
    ///
    /// # async fn run() -> Result<(), sea_orm::DbErr> {
    /// let db = RoutingConnection::builder()
    ///     .database("default", "sqlite::memory:")
    ///     .database("archive", "sqlite::memory:")
    ///     .connect()
    ///     .await?;
    /// let tables = EntitySet::new().entity(cake::Entity);
    /// for database in ["default", "archive"] {
    ///     db.using(database)?.create_all(&tables).await?;
    /// }
    /// assert!(cake::Entity::find().all(&db.using("archive")?).await?.is_empty());
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `RoutingError::Binding(BindingError::Unbound)` for an entity without a binding if unbound tables are refused, and
    /// `RoutingError::Binding(BindingError::Forbidden)`, both before anything is created; then the server's error.
    fn create_all(
        &self,
        entities: &EntitySet,
    ) -> impl Future<Output = Result<Vec<TableName>, DbErr>> + Send;

    /// Applies SeaORM's entity-first sync to every database, or to the one the handle has fixed: each
    /// gets the missing tables, columns, keys and indexes of the registered entities bound to it.
    /// `prefix` is the module path of the entities, as for `get_schema_registry`.
    ///
    /// SeaORM calls its sync experimental. It never alters or drops columns.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Sync`] with the database that failed; databases before it are done. An
    /// entity with a foreign key into another database fails so, unless its relation says `skip_fk`.
    #[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
    fn sync_schema(&self, prefix: &str) -> impl Future<Output = Result<(), MigrationError>> + Send;

    /// Applies a schema builder's sync to one database: the one the handle has fixed, or the only one.
    /// Every entity of the builder is created there, whatever its binding.
    ///
    /// # Errors
    ///
    /// [`MigrationError::WhichDatabase`] if the handle reaches several databases, of which SeaORM
    /// would read one and change another; [`MigrationError::Sync`].
    #[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
    fn sync_with(
        &self,
        schema: SchemaBuilder,
    ) -> impl Future<Output = Result<(), MigrationError>> + Send;
}

impl RoutingSchema for RoutingConnection {
    async fn create_all(&self, entities: &EntitySet) -> Result<Vec<TableName>, DbErr> {
        create_all(self, entities).await
    }

    #[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
    async fn sync_schema(&self, prefix: &str) -> Result<(), MigrationError> {
        sync::sync_schema(self, prefix).await
    }

    #[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
    async fn sync_with(&self, schema: SchemaBuilder) -> Result<(), MigrationError> {
        sync::sync_with(self, schema).await
    }
}

mod sealed {
    /// Features add methods to the trait, so nothing else can implement it.
    pub trait Sealed {}

    impl Sealed for sea_orm_routing::RoutingConnection {}
}
