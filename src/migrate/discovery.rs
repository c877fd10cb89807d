//! What SeaORM's sync reads a schema with.

use async_trait::async_trait;
use sea_orm::DatabaseConnection;
use sea_orm::sea_query::SelectStatement;
use sea_orm::sqlx;
use sea_schema::sqlx_types::SqlxRow;

use crate::connection::RoutingConnection;
use crate::error::RoutingError;
use crate::scope::Place;
use crate::topology::DatabaseId;

impl RoutingConnection {
    /// The database this handle has fixed, or the only one there is.
    pub(super) fn fixed_database(&self) -> Option<DatabaseId> {
        let topology = self.core.cluster.topology();
        match self.scope.place {
            Place::Database(database, _) => Some(database),
            Place::Node(node) => Some(topology.node(node).database),
            Place::Anywhere if topology.databases().len() == 1 => Some(DatabaseId::new(0)),
            Place::Anywhere => None,
        }
    }

    fn discovered(&self) -> Result<DatabaseConnection, sqlx::Error> {
        let primary = match self.fixed_database() {
            Some(database) => {
                let topology = self.core.cluster.topology();
                self.primary(topology.database_by_id(database).name().as_str())
            }
            None => Err(RoutingError::ambiguous_database()),
        };
        primary.map_err(|error| sqlx::Error::Configuration(error.into()))
    }
}

/// What SeaORM's `SchemaBuilder::sync` reads the schema with. It reads that of the primary; over
/// several databases it is refused, since it would look in one and create in another.
#[async_trait]
impl sea_schema::Connection for RoutingConnection {
    async fn query_all(&self, select: SelectStatement) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all(&self.discovered()?, select).await
    }

    async fn query_all_raw(&self, sql: String) -> Result<Vec<SqlxRow>, sqlx::Error> {
        sea_schema::Connection::query_all_raw(&self.discovered()?, sql).await
    }
}
