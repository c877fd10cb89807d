//! The shop on SQLite files: `default` with two replicas and `warehouse` with one, migrated.

use std::fmt::Display;
use std::path::PathBuf;

use migration::MigratorTrait;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, MockDatabase, Set,
};
use sea_orm_routing::observe::Recording;
use sea_orm_routing::{
    DatabaseName, DatabaseOptions, RoutingBuilder, RoutingConnection, RoutingError, TableName,
};
use tempfile::TempDir;

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, product};

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A directory of SQLite files.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.db"))
    }

    pub(crate) fn primary(&self, name: &str) -> String {
        format!("sqlite://{}?mode=rwc", self.path(name).display())
    }

    /// The same file once more; as a replica it is opened read-only.
    pub(crate) fn replica(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    pub(crate) fn with_two_replicas(&self, name: &str) -> DatabaseOptions {
        DatabaseOptions::new(self.primary(name))
            .replica(self.replica(name))
            .replica(self.replica(name))
    }
}

pub(crate) struct Shop {
    pub(crate) db: RoutingConnection,
    pub(crate) files: Files,
}

impl Shop {
    pub(crate) async fn open() -> Result<Self> {
        Self::with(|builder| builder).await
    }

    /// The same, with more settings on the builder.
    pub(crate) async fn with(more: impl FnOnce(RoutingBuilder) -> RoutingBuilder) -> Result<Self> {
        Self::on(|files| files.with_two_replicas("shop"), more).await
    }

    /// With other options for the database `default`, whose file is `shop`.
    pub(crate) async fn on(
        default: impl FnOnce(&Files) -> DatabaseOptions,
        more: impl FnOnce(RoutingBuilder) -> RoutingBuilder,
    ) -> Result<Self> {
        let files = Files::new()?;
        let warehouse =
            DatabaseOptions::new(files.primary("warehouse")).replica(files.replica("warehouse"));
        let builder = RoutingConnection::builder()
            .database("default", default(&files))
            .database("warehouse", warehouse)
            .bind(stock::Entity, "warehouse")
            .bind(movement::Entity, "warehouse")
            .seed(7);
        let db = more(builder).connect().await?;
        for database in ["default", "warehouse"] {
            let primary = db.primary(database)?;
            let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF";
            primary.execute_unprepared(pragmas).await?;
        }
        migration::default::Migrator::up(&db.primary("default")?, None).await?;
        migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await?;
        Ok(Self { db, files })
    }
}

pub(crate) async fn add_category(
    db: &impl ConnectionTrait,
    name: &str,
) -> std::result::Result<category::Model, DbErr> {
    let category = category::ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    };
    category.insert(db).await
}

pub(crate) async fn add_product(
    db: &impl ConnectionTrait,
    name: &str,
    category: &category::Model,
) -> std::result::Result<product::Model, DbErr> {
    let product = product::ActiveModel {
        name: Set(name.to_owned()),
        cents: Set(100),
        category_id: Set(category.id),
        ..Default::default()
    };
    product.insert(db).await
}

pub(crate) async fn add_stock(
    db: &impl ConnectionTrait,
    product_id: i32,
    quantity: i32,
) -> std::result::Result<stock::Model, DbErr> {
    let stock = stock::ActiveModel {
        product_id: Set(product_id),
        quantity: Set(quantity),
        ..Default::default()
    };
    stock.insert(db).await
}

/// A mock without replies.
pub(crate) fn mock(dialect: DbBackend) -> DatabaseConnection {
    MockDatabase::new(dialect).into_connection()
}

/// The texts that were sent to a mock; clears them.
pub(crate) fn sent_to(mock: &DatabaseConnection) -> Vec<String> {
    let log = mock.clone().into_transaction_log();
    let statements = log.iter().flat_map(|transaction| transaction.statements());
    statements.map(|statement| statement.sql.clone()).collect()
}

/// Three mocks of one dialect: `default`, `warehouse`, `archive`.
pub(crate) fn three_mocks(dialect: DbBackend) -> RoutingBuilder {
    RoutingConnection::builder()
        .database("default", mock(dialect))
        .database("warehouse", mock(dialect))
        .database("archive", mock(dialect))
}

/// The node that a text goes to.
pub(crate) fn database_of(db: &RoutingConnection, sql: &str) -> Result<String> {
    Ok(db.explain_sql(sql)?.database().to_string())
}

/// The nodes of a recording, in order.
pub(crate) fn nodes(recording: &Recording) -> Vec<String> {
    let routes = recording.routes();
    routes
        .iter()
        .map(|route| route.node().to_string())
        .collect()
}

/// An error that is one of the routing layer, or holds one.
pub(crate) trait Routing {
    fn routing(&self) -> &RoutingError;
}

impl Routing for RoutingError {
    fn routing(&self) -> &RoutingError {
        self
    }
}

impl Routing for DbErr {
    #[track_caller]
    fn routing(&self) -> &RoutingError {
        RoutingError::of(self)
            .unwrap_or_else(|| panic!("not an error of the routing layer: {self}"))
    }
}

impl<E: Routing> Routing for &E {
    #[track_caller]
    fn routing(&self) -> &RoutingError {
        (*self).routing()
    }
}

/// The routing error inside an error of SeaORM's.
#[track_caller]
pub(crate) fn routing<E: Routing>(error: &E) -> &RoutingError {
    error.routing()
}

/// Asserts the kind of a routing error, and the data in it.
macro_rules! assert_error {
    ($error:expr, $kind:pat $(if $data:expr)?) => {{
        let error = &$error;
        let error = $crate::shop::routing(error);
        assert!(matches!(error, $kind $(if $data)?), "{error}");
    }};
}
pub(crate) use assert_error;

/// Whether these are the tables of a statement, each with its database.
pub(crate) fn are(tables: &[(TableName, DatabaseName)], expected: &[(&str, &str)]) -> bool {
    let name = |(table, database): &(TableName, DatabaseName), (at, on): &(&str, &str)| {
        table.name() == *at && *database == *on
    };
    let same = || {
        tables
            .iter()
            .zip(expected)
            .all(|(one, other)| name(one, other))
    };
    tables.len() == expected.len() && same()
}

#[track_caller]
pub(crate) fn assert_says(text: &impl Display, parts: &[&str]) {
    let text = text.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}
