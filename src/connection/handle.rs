//! The handle that an application holds.

use std::fmt;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, EntityTrait, Statement};

use crate::dispatch::{Core, Scopes};
use crate::error::RoutingError;
use crate::name::TableName;
use crate::scope::{ReadOnlyTransactions, Scope, TransactionMode, Transactions};
use crate::topology::{DatabaseId, Role};

/// A connection to several databases that looks like one to SeaORM.
///
/// It takes the place of `DatabaseConnection`: it implements `ConnectionTrait`, `TransactionTrait`
/// and `StreamTrait`, and sends each statement to the right node of the right database. Every
/// scope (`using`, `for_entity`, ...) is a `RoutingConnection` too, and clones are cheap.
///
/// ```
/// use sea_orm::entity::prelude::*;
/// use sea_orm_routing::RoutingConnection;
/// # mod cake {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "cake")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # async fn run() -> Result<(), DbErr> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .database("bakery", "sqlite::memory:")
///     .bind(cake::Entity, "bakery")
///     .connect()
///     .await?;
///
/// let route = db.explain(&cake::Entity::find())?;
/// assert_eq!(route.database().as_str(), "bakery");
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Clone)]
pub struct RoutingConnection {
    pub(crate) core: Arc<Core>,
    pub(crate) scope: Scope,
}

impl fmt::Debug for RoutingConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.core.cluster.topology();
        let nodes: Vec<_> = topology.node_names().collect();
        f.debug_struct("RoutingConnection")
            .field("nodes", &nodes)
            .field("scope", &self.scope)
            .finish()
    }
}

impl From<DatabaseConnection> for RoutingConnection {
    /// One database, `default`, with no replicas and no bindings: every statement goes there.
    fn from(connection: DatabaseConnection) -> Self {
        Self::single(connection)
    }
}

/// Scopes: handles that have fixed something. Each can be narrowed further.
impl RoutingConnection {
    /// A handle for one database, or for one node, by name. It beats bindings and policies, and
    /// speaks the dialect of that database.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode), which lists the
    /// declared names.
    pub fn using(&self, name: &str) -> Result<Self, RoutingError> {
        self.scopes().using(name).map(|scope| self.scoped(scope))
    }

    /// A handle for the database an entity is bound to, which speaks its dialect. Policies are not
    /// asked: they know statements, not entities.
    ///
    /// # Errors
    ///
    /// [`BindingError::Unbound`](crate::error::BindingError::Unbound) if the entity has no binding
    /// and unbound tables are refused.
    pub fn for_entity<E: EntityTrait>(&self, entity: E) -> Result<Self, RoutingError> {
        self.scopes()
            .for_entity(entity)
            .map(|scope| self.scoped(scope))
    }

    /// A handle that sends every statement to primaries.
    #[must_use]
    pub fn on_primary(&self) -> Self {
        self.with_role(Role::Primary)
    }

    /// A handle that sends every statement to replicas, even one that is not proven to be a read
    /// (the server then decides). Statements that are known to write or lock are refused.
    #[must_use]
    pub fn on_replica(&self) -> Self {
        self.with_role(Role::Replica)
    }

    /// A handle that refuses every statement except proven reads, and lets the server refuse what the text does
    /// not show: a view, an operator or a cast that writes.
    ///
    /// A replica's pool has a [`ReplicaGuard`](crate::options::ReplicaGuard), by which the server refuses
    /// writes. Elsewhere, as on a primary, each statement runs in a transaction that is `READ ONLY`, and on
    /// SQLite between two `PRAGMA query_only`. That costs two more round trips. With a mock or a proxy, only the
    /// text is checked.
    ///
    /// Transactions of this handle are `READ ONLY`, and so run on replicas with
    /// [`ReadOnlyTransactions::Replica`]. On SQLite, only the texts of their statements are checked.
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.scoped(Scope {
            read_only: true,
            ..self.scope.clone()
        })
    }

    /// A handle with more bindings, on top of the existing ones: rebinding at run time, without a
    /// change to any other handle.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// let archive = db.with_bindings([("orders", "archive"), ("reporting.sales", "archive")])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BindingError::UnknownBindingTarget`](crate::error::BindingError::UnknownBindingTarget) for
    /// a database that is not declared.
    pub fn with_bindings<I, T, D>(&self, bindings: I) -> Result<Self, RoutingError>
    where
        I: IntoIterator<Item = (T, D)>,
        T: Into<TableName>,
        D: AsRef<str>,
    {
        self.scopes()
            .with_bindings(bindings)
            .map(|scope| self.scoped(scope))
    }

    /// A handle whose transactions may write to the databases that the mode allows.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// use sea_orm::{ConnectionTrait, TransactionTrait};
    /// use sea_orm_routing::TransactionMode;
    ///
    /// let txn = db.transaction_mode(TransactionMode::Independent).begin().await?;
    /// txn.using("default")?.execute_unprepared("DELETE FROM basket").await?;
    /// txn.using("warehouse")?.execute_unprepared("DELETE FROM reserved").await?;
    /// txn.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn transaction_mode(&self, mode: TransactionMode) -> Self {
        self.with_transactions(|transactions| transactions.mode = mode)
    }

    /// A handle whose read-only transactions run where `place` says.
    #[must_use]
    pub fn read_only_transactions(&self, place: ReadOnlyTransactions) -> Self {
        self.with_transactions(|transactions| transactions.read_only = place)
    }

    /// A handle that runs a statement first on each branch that its transactions open on a
    /// database, as row-level security needs it. If the statement fails, the transaction sends no
    /// other statement there.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// use sea_orm::{DbBackend, Statement};
    ///
    /// let tenant = Statement::from_sql_and_values(
    ///     DbBackend::Postgres,
    ///     "SELECT set_config('app.tenant', $1, true)",
    ///     ["acme".into()],
    /// );
    /// let db = db.on_branch_begin("default", tenant)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase);
    /// [`TxnError::InvalidBranchBegin`](crate::error::TxnError::InvalidBranchBegin) for a statement
    /// that writes, ends a transaction, or is in another dialect than the database's.
    pub fn on_branch_begin(
        &self,
        database: &str,
        statement: Statement,
    ) -> Result<Self, RoutingError> {
        let id = self.scopes().check_branch_begin(database, &statement)?;
        Ok(self.with_transactions(|transactions| transactions.branch_begin.push((id, statement))))
    }

    /// The database a table is bound to on this handle.
    pub(crate) fn database_of(&self, table: &TableName) -> Result<DatabaseId, RoutingError> {
        self.scopes().database_of(table)
    }

    fn with_transactions(&self, change: impl FnOnce(&mut Transactions)) -> Self {
        let mut scope = self.scope.clone();
        change(Arc::make_mut(&mut scope.transactions));
        self.scoped(scope)
    }

    fn with_role(&self, role: Role) -> Self {
        self.scoped(Scope {
            role: Some(role),
            ..self.scope.clone()
        })
    }

    pub(super) fn scoped(&self, scope: Scope) -> Self {
        Self {
            core: Arc::clone(&self.core),
            scope,
        }
    }

    fn scopes(&self) -> Scopes<'_> {
        Scopes {
            core: &self.core,
            scope: &self.scope,
        }
    }
}
