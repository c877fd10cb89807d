//! One database, as a tool that changes its schema sees it.
//!
//! Migrations and schema sync do not send a statement through the router and wait to see where it
//! goes: they name a database first, and then work on its primary alone. [`SchemaTarget`] is that
//! database, with what such a tool has to know: a connection beside the application's pool, which
//! tables belong there, and which are forbidden. `sea-orm-routing-migration` is built on it.
//!
//! ```
//! use sea_orm_routing::RoutingConnection;
//! use sea_orm_routing::schema::SchemaTarget;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let db = RoutingConnection::builder()
//!     .database("default", "sqlite::memory:")
//!     .database("warehouse", "sqlite::memory:")
//!     .bind_table("stock", "warehouse")
//!     .forbid_table("customer", "warehouse")
//!     .connect()
//!     .await?;
//! let target = SchemaTarget::of_table(&db, &"stock".into())?;
//! assert_eq!(target.name().as_str(), "warehouse");
//! assert!(target.check_table(&"stock".into()).is_ok());
//! assert!(target.check_table(&"customer".into()).is_err());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, Statement};
use tokio::sync::OwnedMutexGuard;

use crate::bind::Bound;
use crate::cluster::{own_pool, sqlite_file, sqlite_name};
use crate::connection::RoutingConnection;
use crate::error::{BindingError, RefusedError, RoutingError};
use crate::name::{DatabaseName, TableName};
use crate::scope::Place;
use crate::sql::{Access, Evidence};
use crate::topology::DatabaseId;

/// One database of a [`RoutingConnection`], as a tool that changes its schema sees it.
#[derive(Debug, Clone)]
pub struct SchemaTarget {
    db: RoutingConnection,
    id: DatabaseId,
    name: DatabaseName,
}

/// A lock within this process, released when it is dropped.
#[derive(Debug)]
pub struct ProcessLock {
    #[expect(dead_code, reason = "held, never read")]
    guard: OwnedMutexGuard<()>,
}

/// Which database.
impl SchemaTarget {
    /// Every database, in the order of declaration.
    pub fn all(db: &RoutingConnection) -> Vec<Self> {
        let topology = db.topology();
        let names = topology.databases();
        let targets = names.iter().map(|it| Self::named(db, it.name().as_str()));
        targets.filter_map(Result::ok).collect()
    }

    /// The database of this name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase), with the
    /// names of the declared databases.
    pub fn named(db: &RoutingConnection, name: &str) -> Result<Self, RoutingError> {
        let id = db.core.cluster.topology().require_database(name)?;
        Ok(Self::with_id(db, id))
    }

    /// The database that the scope of a handle has fixed, with `using` or `for_entity`. Returns
    /// `None` if the handle reaches every database.
    pub fn fixed(db: &RoutingConnection) -> Option<Self> {
        let id = match db.scope.place {
            Place::Database(database, _) => database,
            Place::Node(node) => db.core.cluster.topology().node(node).database,
            Place::Anywhere => return None,
        };
        Some(Self::with_id(db, id))
    }

    /// The database that the handle has fixed, else the one that a table is bound to.
    ///
    /// # Errors
    ///
    /// [`BindingError::Unbound`] if the table has no binding and unbound tables are refused.
    pub fn of_table(db: &RoutingConnection, table: &TableName) -> Result<Self, RoutingError> {
        match Self::fixed(db) {
            Some(fixed) => Ok(fixed),
            None => Ok(Self::with_id(db, db.database_of(table)?)),
        }
    }

    fn with_id(db: &RoutingConnection, id: DatabaseId) -> Self {
        let name = db.core.cluster.topology().database_by_id(id).name.clone();
        let db = db.clone();
        Self { db, id, name }
    }

    /// Its name.
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }
}

/// Ways to reach it.
impl SchemaTarget {
    /// A handle that sends everything to its primary.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode) if the database was
    /// removed.
    pub fn handle(&self) -> Result<RoutingConnection, RoutingError> {
        Ok(self.db.using(self.name.as_str())?.on_primary())
    }

    /// The pool of its primary.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::NotOpen`](crate::error::AvailabilityError::NotOpen) if the pool is not
    /// open.
    pub fn primary(&self) -> Result<DatabaseConnection, RoutingError> {
        self.db.primary(self.name.as_str())
    }

    /// A pool of one connection to its primary beside the application's pool, with the same options
    /// and hooks. The caller closes it. Returns `None` if there can be none: an SQLite database in
    /// memory lives in the application's pool, and a mock has no pool.
    ///
    /// # Errors
    ///
    /// As [`primary`](Self::primary).
    pub fn dedicated_connection(&self) -> Result<Option<DatabaseConnection>, RoutingError> {
        Ok(own_pool(&self.primary()?, 1))
    }

    /// The file of an SQLite database. Returns `None` if it is in memory, or of another dialect.
    ///
    /// # Errors
    ///
    /// As [`primary`](Self::primary).
    pub fn sqlite_file(&self) -> Result<Option<PathBuf>, RoutingError> {
        Ok(sqlite_file(&self.primary()?))
    }

    /// The name that SQLite knows its database by: a file, or a name in memory. Returns `None` for
    /// another dialect.
    ///
    /// # Errors
    ///
    /// As [`primary`](Self::primary).
    pub fn sqlite_name(&self) -> Result<Option<PathBuf>, RoutingError> {
        Ok(sqlite_name(&self.primary()?))
    }

    /// A lock against other tools of this process, for a database that no other process can reach.
    /// Returns `None` if it is held.
    pub fn try_lock(&self) -> Option<ProcessLock> {
        let cluster = &self.db.core.cluster;
        let primary = cluster.topology().database_by_id(self.id).primary;
        let mutex = Arc::clone(cluster.pool_of(primary).migrating());
        let guard = mutex.try_lock_owned().ok()?;
        Some(ProcessLock { guard })
    }
}

/// What may be there.
impl SchemaTarget {
    /// Refuses a handle that only reads.
    ///
    /// # Errors
    ///
    /// [`RefusedError::ReadOnly`].
    pub fn check_may_change(db: &RoutingConnection) -> Result<(), RoutingError> {
        match db.scope.read_only {
            true => Err(RoutingError::Refused(RefusedError::ReadOnly {
                scope: "read_only()",
                access: Access::Schema,
                evidence: Evidence::Keyword("migrations".into()),
            })),
            false => Ok(()),
        }
    }

    /// Whether any table is forbidden here, by `forbid` or by the table rules of a policy. If not,
    /// the checks below always succeed.
    pub fn has_table_rules(&self) -> bool {
        self.db.core.forbids_on(self.id)
    }

    /// Refuses a table that is forbidden here.
    ///
    /// # Errors
    ///
    /// [`BindingError::Forbidden`].
    pub fn check_table(&self, table: &TableName) -> Result<(), RoutingError> {
        let tables = std::slice::from_ref(table);
        self.db.core.check_tables(tables, self.id, true)
    }

    /// Refuses a statement that names a table that is forbidden here, in a block of procedural code
    /// too. A statement on the table `exempt` alone passes: it is the tool's own.
    ///
    /// # Errors
    ///
    /// [`BindingError::Forbidden`].
    pub fn check_statement(&self, statement: &Statement, exempt: &str) -> Result<(), RoutingError> {
        let core = &self.db.core;
        let analysis = core.analyze(&statement.sql, statement.db_backend);
        let operation = &analysis.operation;
        // A block or a prepared text is not parsed, so each of its words counts.
        if operation.is_opaque() {
            core.check_text(&statement.sql, self.id)?;
        }
        if matches!(operation.tables(), [table] if table.name() == exempt) {
            return Ok(());
        }
        core.check_allowed(operation, self.id)
    }

    /// Whether a statement of the schema belongs here by the bindings of the handle: the first table
    /// it names decides. A statement that names none belongs anywhere.
    ///
    /// # Errors
    ///
    /// [`TopologyError::Removed`](crate::error::TopologyError::Removed) if the database it belongs to was
    /// removed: the default, for a table without a binding. [`BindingError::Unbound`];
    /// [`BindingError::SeveralDatabases`] if a table of this database
    /// refers to one of another.
    pub fn holds(&self, statement: &Statement) -> Result<bool, RoutingError> {
        let (core, dialect) = (&self.db.core, statement.db_backend);
        let analysis = core.analyze(&statement.sql, dialect);
        let tables = analysis.operation.tables();
        let bindings = self.db.scope.bindings.as_deref();
        let bindings = bindings.unwrap_or(&core.shared.bindings);
        match bindings.bound(&analysis.operation, dialect) {
            Bound::NoTable => Ok(true),
            Bound::One { database, .. } => {
                let topology = core.cluster.topology();
                let bound = topology.database_by_id(database);
                match bound.removed {
                    true => Err(RoutingError::removed(bound.name.as_str())),
                    false => Ok(database == self.id),
                }
            }
            Bound::Refused(table) => Err(RoutingError::Binding(BindingError::Unbound {
                table: tables[table].clone(),
            })),
            Bound::Several(bound) => match bound.first() {
                Some((_, database)) if *database != self.id => Ok(false),
                _ => {
                    let topology = core.cluster.topology();
                    let tables = bound.iter().map(|(table, database)| {
                        let database = topology.database_by_id(*database).name.clone();
                        (tables[*table].clone(), database)
                    });
                    let tables = tables.collect();
                    Err(RoutingError::Binding(BindingError::SeveralDatabases {
                        tables,
                    }))
                }
            },
        }
    }
}
