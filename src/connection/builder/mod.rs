//! Declaring databases, bindings and policies.

mod assemble;
mod parts;
#[cfg(feature = "session-tokens")]
mod tokens;

pub(crate) use parts::Parts;

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use sea_orm::{DatabaseConnection, EntityTrait, Statement};

use crate::bind::{RoutingPolicy, Unbound};
use crate::cluster::{DatabaseOptions, Fault, RoleSource};
use crate::connection::RoutingConnection;
use crate::error::{AvailabilityError, RoutingError};
use crate::name::TableName;
use crate::observe::Observer;
use crate::scope::{ReadOnlyTransactions, TransactionMode};
use crate::session::Consistency;
#[cfg(feature = "session-tokens")]
use crate::session::TokenSettings;
use crate::sql::ReadOnlyFunctions;
use crate::topology::{DatabaseId, NodeId};

/// How many databases are opened at a time.
const AT_ONCE: usize = 32;

/// Default size of the statement cache.
const CACHE_BYTES: u64 = 8 << 20;

/// Declares the databases of a [`RoutingConnection`], and where each table lives.
///
/// [`connect`](Self::connect) and [`build`](Self::build) check the whole declaration before anything is
/// opened; the methods before them check nothing.
#[derive(Debug)]
pub struct RoutingBuilder {
    databases: Vec<(String, DatabaseOptions)>,
    bindings: Vec<Binding>,
    policies: Vec<Box<dyn RoutingPolicy>>,
    observers: Vec<Arc<dyn Observer>>,
    functions: ReadOnlyFunctions,
    default: String,
    unbound: Unbound,
    check_using: bool,
    declared: bool,
    seed: Option<u64>,
    cache_bytes: u64,
    transaction_mode: TransactionMode,
    read_only_transactions: ReadOnlyTransactions,
    branch_begin: Vec<(String, Statement)>,
    consistency: Consistency,
    #[cfg(feature = "session-tokens")]
    tokens: TokenSettings,
    forbidden: Vec<(TableName, String, String)>,
}

#[derive(Debug)]
enum Binding {
    Table {
        table: TableName,
        what: String,
        database: String,
    },
    Schema {
        schema: String,
        database: String,
    },
    Module {
        module: String,
        database: String,
    },
}

impl Default for RoutingBuilder {
    fn default() -> Self {
        Self {
            databases: Vec::new(),
            bindings: Vec::new(),
            policies: Vec::new(),
            observers: Vec::new(),
            functions: ReadOnlyFunctions::default(),
            default: "default".to_owned(),
            unbound: Unbound::default(),
            check_using: false,
            declared: true,
            seed: None,
            cache_bytes: CACHE_BYTES,
            transaction_mode: TransactionMode::default(),
            read_only_transactions: ReadOnlyTransactions::default(),
            branch_begin: Vec::new(),
            consistency: Consistency::SESSION,
            #[cfg(feature = "session-tokens")]
            tokens: TokenSettings::default(),
            forbidden: Vec::new(),
        }
    }
}

impl RoutingBuilder {
    /// Declares a database: a URL, a `ConnectOptions`, an open `DatabaseConnection` (a mock too), or
    /// [`DatabaseOptions`] with replicas.
    #[must_use]
    pub fn database(
        mut self,
        name: impl Into<String>,
        options: impl Into<DatabaseOptions>,
    ) -> Self {
        self.databases.push((name.into(), options.into()));
        self
    }

    /// Adds an observer of what happens inside the connection; see [`observe`](crate::observe). Keep a
    /// clone of the `Arc` to read from it later.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// The database of tables without a binding, and the one whose dialect the connection speaks.
    /// Defaults to `default`.
    #[must_use]
    pub fn default_database(mut self, name: impl Into<String>) -> Self {
        self.default = name.into();
        self
    }

    /// Binds the table of an entity to a database.
    #[must_use]
    pub fn bind<E: EntityTrait>(mut self, entity: E, database: impl Into<String>) -> Self {
        self.bindings.push(Binding::Table {
            table: TableName::of(entity),
            what: format!("entity \"{}\"", std::any::type_name::<E>()),
            database: database.into(),
        });
        self
    }

    /// Binds a table, `"orders"` or `"reporting.orders"`, to a database.
    #[must_use]
    pub fn bind_table(mut self, table: impl Into<TableName>, database: impl Into<String>) -> Self {
        let table = table.into();
        self.bindings.push(Binding::Table {
            what: format!("table \"{table}\""),
            table,
            database: database.into(),
        });
        self
    }

    /// Binds the tables of a schema that have no binding of their own.
    #[must_use]
    pub fn bind_schema(mut self, schema: impl Into<String>, database: impl Into<String>) -> Self {
        self.bindings.push(Binding::Schema {
            schema: schema.into(),
            database: database.into(),
        });
        self
    }

    /// Binds every entity below a module path, `"crate::warehouse"` or `"my_app::warehouse"`. Needs
    /// SeaORM's feature `entity-registry`, with which entities register themselves.
    #[must_use]
    pub fn bind_module(mut self, path: impl Into<String>, database: impl Into<String>) -> Self {
        self.bindings.push(Binding::Module {
            module: path.into(),
            database: database.into(),
        });
        self
    }

    /// Forbids the table of an entity on a database: no statement that names the table is sent
    /// there, whatever a handle, a policy or a migration says.
    #[must_use]
    pub fn forbid<E: EntityTrait>(mut self, entity: E, database: impl Into<String>) -> Self {
        let what = format!("entity \"{}\"", std::any::type_name::<E>());
        self.forbidden
            .push((TableName::of(entity), database.into(), what));
        self
    }

    /// Forbids a table, `"orders"` or `"reporting.orders"`, on a database.
    #[must_use]
    pub fn forbid_table(
        mut self,
        table: impl Into<TableName>,
        database: impl Into<String>,
    ) -> Self {
        let table = table.into();
        let what = format!("table \"{table}\"");
        self.forbidden.push((table, database.into(), what));
        self
    }

    /// What happens to tables without a binding. Defaults to [`Unbound::Default`]: they live in the
    /// default database.
    #[must_use]
    pub fn unbound(mut self, unbound: Unbound) -> Self {
        self.unbound = unbound;
        self
    }

    /// Whether entities that name their own database ([`DeriveBinding`](crate::DeriveBinding)) are
    /// bound. Defaults to `true`; `false` is for a connection that knows only some of a program's
    /// databases.
    #[must_use]
    pub fn declared_bindings(mut self, bind: bool) -> Self {
        self.declared = bind;
        self
    }

    /// Adds a policy, which is asked after those added before it.
    #[must_use]
    pub fn policy(mut self, policy: impl RoutingPolicy + 'static) -> Self {
        self.policies.push(Box::new(policy));
        self
    }

    /// Declares one of your functions, `"total"` or `"app.total"`, as read-only, so that statements
    /// that call it can be sent to replicas.
    #[must_use]
    pub fn read_only_function(mut self, name: impl AsRef<str>) -> Self {
        self.functions.add(name.as_ref());
        self
    }

    /// What a transaction may write to. Defaults to [`TransactionMode::SingleDatabase`]; a handle
    /// can choose another mode with [`RoutingConnection::transaction_mode`].
    #[must_use]
    pub fn transaction_mode(mut self, mode: TransactionMode) -> Self {
        self.transaction_mode = mode;
        self
    }

    /// Where read-only transactions run. Defaults to the primary.
    #[must_use]
    pub fn read_only_transactions(mut self, place: ReadOnlyTransactions) -> Self {
        self.read_only_transactions = place;
        self
    }

    /// A statement that runs first on each branch that a transaction opens on a database; see
    /// [`RoutingConnection::on_branch_begin`].
    #[must_use]
    pub fn on_branch_begin(mut self, database: impl Into<String>, statement: Statement) -> Self {
        self.branch_begin.push((database.into(), statement));
        self
    }

    /// Consistency of the sessions that do not choose one. Defaults to [`Consistency::SESSION`]: causal,
    /// without waiting.
    #[must_use]
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// Whether a handle of [`using`](RoutingConnection::using) refuses tables that are bound to another database.
    /// Defaults to `false`: such a handle reaches every table of its database.
    ///
    /// A model does not remember where it was loaded. One that was loaded with `using("archive")` and is saved
    /// on the plain connection goes where its table is bound, without a word.
    #[must_use]
    pub fn check_using(mut self, check: bool) -> Self {
        self.check_using = check;
        self
    }

    /// Makes every random choice a function of `seed`, for tests: of policies, and of backoffs.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Size of the cache of classified statements, in bytes. Defaults to 8 MiB.
    #[must_use]
    pub fn statement_cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Opens the primaries, prepares the replicas, starts the monitors, and builds the connection. A
    /// dead replica does not prevent a start: the monitor keeps probing it, and without a monitor the
    /// next reads do.
    ///
    /// # Errors
    ///
    /// A contradiction in the declaration, before anything is opened; then the first primary that
    /// cannot be reached ([`AvailabilityError::Connect`]; the error never shows its password), or a
    /// replica that does not replicate its primary
    /// ([`TopologyError::ForeignReplica`](crate::error::TopologyError::ForeignReplica)).
    pub async fn connect(self) -> Result<RoutingConnection, RoutingError> {
        let connection = self.assemble()?;
        let topology = connection.core.cluster.snapshot();
        let opening = topology.database_ids().map(|id| connection.open(id, None));
        let opening = stream::iter(opening.collect::<Vec<_>>());
        let opened = opening.buffer_unordered(AT_ONCE).try_collect::<()>().await;
        match opened {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.core.cluster.stop();
                Err(error)
            }
        }
    }

    /// Builds the connection from open connections. It does no I/O and starts no monitor.
    ///
    /// # Errors
    ///
    /// A contradiction in the declaration, and [`AvailabilityError::NotOpen`] for a node that was
    /// given as a URL or as options.
    pub fn build(self) -> Result<RoutingConnection, RoutingError> {
        let connection = self.assemble()?;
        for pool in connection.core.cluster.pools() {
            if pool.get().is_none() {
                return Err(RoutingError::Availability(AvailabilityError::NotOpen {
                    node: pool.name().clone(),
                }));
            }
        }
        Ok(connection)
    }
}

impl RoutingConnection {
    /// Opens a database, or a node that was added to it: its primary, if it must answer, and its
    /// replicas without a connection.
    pub(crate) async fn open(
        &self,
        id: DatabaseId,
        newcomer: Option<NodeId>,
    ) -> Result<(), RoutingError> {
        let cluster = &self.core.cluster;
        let topology = cluster.snapshot();
        let database = topology.database_by_id(id);
        let settings = &cluster.state().declared(id).settings;
        cluster.pool_of(database.primary).open().await?;
        let replicas = database.replicas.iter();
        let opened = join_all(replicas.map(|replica| cluster.pool_of(*replica).open())).await;
        let misdeclared = opened.into_iter().filter_map(Result::err).find(|error| {
            matches!(error, RoutingError::Availability(AvailabilityError::Connect { source, .. }) if Fault::is_configuration(source))
        });
        if let Some(error) = misdeclared {
            return Err(error);
        }
        cluster.watch(id, newcomer).await?;
        match settings.roles {
            RoleSource::Observed if settings.require_primary => {
                cluster
                    .primary_answers(id, settings.probe_timeout * 5)
                    .await
            }
            RoleSource::Declared if settings.require_primary && newcomer.is_none() => {
                cluster.check_declared_primary(id).await
            }
            RoleSource::Observed | RoleSource::Declared => Ok(()),
        }
    }
}

impl RoutingConnection {
    /// One database, `default`.
    pub(crate) fn single(connection: DatabaseConnection) -> Self {
        RoutingBuilder {
            declared: false,
            ..RoutingBuilder::default()
        }
        .assemble_single(connection)
    }
}
