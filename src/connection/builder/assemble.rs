//! From a declaration to a connection: every check, and no I/O.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use sea_orm::{DatabaseConnection, DbBackend};

use super::parts::Parts;
use super::{Binding, RoutingBuilder};
use crate::bind::{BindingOrigin, Bindings, BindingsBuilder, Forbidden, declared, in_module};
use crate::clock::{Jitter, Randomness};
use crate::cluster::{Cluster, dialect_of};
use crate::connection::RoutingConnection;
use crate::dispatch::{Core, Shared, lacks_returning};
use crate::error::{BindingError, ConfigError, RoutingError};
use crate::name::TableName;
use crate::observe::Observers;
use crate::scope::Scope;
use crate::session::RouterId;
use crate::sql::Cache;
use crate::topology::{DatabaseId, PoolId, Topology};

impl RoutingBuilder {
    pub(super) fn assemble(mut self) -> Result<RoutingConnection, RoutingError> {
        #[cfg(feature = "session-tokens")]
        self.tokens
            .check()
            .map_err(|reason| RoutingError::Config(ConfigError::InvalidTokenSetting { reason }))?;
        let (mode, read_only) = (self.transaction_mode, self.read_only_transactions);
        let mut topology = Topology::empty();
        let mut parts = Parts::of(&mut topology, PoolId::new(0));
        for (name, options) in std::mem::take(&mut self.databases) {
            parts.add(name, options)?;
        }
        let added_members = parts.finish();
        let default = topology.find_database(&self.default).ok_or_else(|| {
            RoutingError::Config(ConfigError::NoDefault {
                name: self.default.clone(),
                known: crate::error::database_names(topology.database_names()),
            })
        })?;
        let bindings = self.bind_all(&topology, default)?;
        let forbidden = self.forbid_all(&topology)?;
        check_bound(&forbidden, &bindings, &topology)?;
        let observers = Arc::new(Observers::of(std::mem::take(&mut self.observers)));
        let backoffs = Jitter::of(self.seed);
        let cluster = Cluster::new(added_members, topology, observers, backoffs);
        let branch_begin = std::mem::take(&mut self.branch_begin);
        let mut connection = self
            .finish(cluster, bindings, forbidden, default)
            .transaction_mode(mode)
            .read_only_transactions(read_only);
        for (database, statement) in branch_begin {
            connection = connection.on_branch_begin(&database, statement)?;
        }
        Ok(connection)
    }

    /// One open connection needs no check. One that is not open is accepted too, and its statements
    /// fail as SeaORM's do.
    pub(super) fn assemble_single(mut self, connection: DatabaseConnection) -> RoutingConnection {
        let dialect = dialect_of(&connection).unwrap_or(DbBackend::Sqlite);
        let mut topology = Topology::empty();
        let mut parts = Parts::of(&mut topology, PoolId::new(0));
        parts.add_unchecked(connection, dialect);
        let added_members = parts.finish();
        let default = DatabaseId::new(0);
        let bindings = BindingsBuilder::new(default, self.unbound).finish();
        let observers = Arc::new(Observers::of(std::mem::take(&mut self.observers)));
        let backoffs = Jitter::of(self.seed);
        let cluster = Cluster::new(added_members, topology, observers, backoffs);
        self.finish(cluster, bindings, Forbidden::default(), default)
    }

    fn finish(
        self,
        cluster: Cluster,
        bindings: Bindings,
        forbidden: Forbidden,
        default: DatabaseId,
    ) -> RoutingConnection {
        let topology = cluster.snapshot();
        let mut databases = topology.databases().into_iter();
        let reads_after_writes = databases.any(|database| lacks_returning(database.dialect()));
        let shared = Shared {
            bindings,
            policies: self.policies.into(),
            forbidden,
            checks_using: self.check_using,
            functions: self.functions,
            cache: Cache::new(self.cache_bytes),
            random: Randomness::of(self.seed),
            reads_after_writes: AtomicBool::new(reads_after_writes),
            consistency: self.consistency,
            router: RouterId::default(),
            #[cfg(feature = "session-tokens")]
            tokens: self.tokens.into(),
            reads_refused_by_replicas: AtomicU64::new(0),
        };
        RoutingConnection {
            scope: Scope::new(topology.database_by_id(default).dialect),
            core: Arc::new(Core {
                observers: Arc::clone(cluster.observers()),
                cluster,
                shared: Arc::new(shared),
            }),
        }
    }

    fn forbid_all(&self, topology: &Topology) -> Result<Forbidden, RoutingError> {
        let mut forbidden = Forbidden::default();
        for (table, database, what) in &self.forbidden {
            let database = find(topology, database, || what.clone())?;
            forbidden.add(table.clone(), database);
        }
        Ok(forbidden)
    }

    fn bind_all(&self, topology: &Topology, default: DatabaseId) -> Result<Bindings, RoutingError> {
        let mut builder = BindingsBuilder::new(default, self.unbound);
        let name_of = |id: DatabaseId| topology.database_by_id(id).name.to_string();
        let dialect_of = |id: DatabaseId| topology.database_by_id(id).dialect;
        if self.declared {
            for entity in declared() {
                let database = find(topology, entity.database(), || entity.what())?;
                let origin = BindingOrigin::Declared;
                let dialect = dialect_of(database);
                builder.table(
                    entity.table(),
                    database,
                    dialect,
                    origin,
                    entity.what(),
                    name_of,
                )?;
            }
        }
        for binding in &self.bindings {
            match binding {
                Binding::Table {
                    table,
                    what,
                    database,
                } => {
                    RoutingError::check_name("table", table.name())?;
                    let database = find(topology, database, || what.clone())?;
                    let origin = BindingOrigin::Builder;
                    let dialect = dialect_of(database);
                    builder.table(
                        table.clone(),
                        database,
                        dialect,
                        origin,
                        what.clone(),
                        name_of,
                    )?;
                }
                Binding::Schema { schema, database } => {
                    RoutingError::check_name("schema", schema)?;
                    let what = || format!("schema \"{schema}\"");
                    builder.schema(schema, find(topology, database, what)?, name_of)?;
                }
                Binding::Module { module, database } => {
                    let what = || format!("module \"{module}\"");
                    let database = find(topology, database, what)?;
                    for (table, path) in in_module(module)? {
                        let what = format!("entity \"{path}::Entity\"");
                        let dialect = dialect_of(database);
                        let origin = BindingOrigin::Module;
                        builder.table(table, database, dialect, origin, what, name_of)?;
                    }
                }
            }
        }
        Ok(builder.finish())
    }
}

/// Refuses a table that is bound where it is forbidden: it could never be reached.
fn check_bound(
    forbidden: &Forbidden,
    bindings: &Bindings,
    topology: &Topology,
) -> Result<(), RoutingError> {
    let contradicts = |(table, database): &&(TableName, DatabaseId)| {
        let dialect = topology.database_by_id(*database).dialect;
        bindings.database_of(table, dialect) == Some(*database)
    };
    match forbidden.iter().find(contradicts) {
        Some((table, database)) => Err(RoutingError::Binding(BindingError::Forbidden {
            table: table.clone(),
            database: topology.database_by_id(*database).name.clone(),
        })),
        None => Ok(()),
    }
}

fn find(
    topology: &Topology,
    database: &str,
    what: impl FnOnce() -> String,
) -> Result<DatabaseId, RoutingError> {
    topology.find_database(database).ok_or_else(|| {
        RoutingError::Binding(BindingError::UnknownBindingTarget {
            what: what(),
            database: database.to_owned(),
            known: crate::error::database_names(topology.database_names()),
        })
    })
}
