//! From a declaration to a connection: every check, and no I/O.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sea_orm::{DatabaseConnection, DbBackend};

use super::{Binding, RoutingBuilder, open_connection};
use crate::bind::{BindingOrigin, Bindings, BindingsBuilder, Forbidden, declared, in_module};
use crate::cluster::{Cluster, DatabaseOptions, Plan, Pool, Source, dialect_of};
use crate::connection::RoutingConnection;
use crate::dispatch::{Core, Randomness, Shared};
use crate::error::{RoutingError, dialect_name, list};
use crate::name::{DatabaseName, NodeName, TableName};
use crate::observe::Recorders;
use crate::route::Balancing;
use crate::scope::Scope;
use crate::sql::Cache;
use crate::topology::{Database, DatabaseId, Health, Node, NodeId, Role, Topology};

const HEAVIEST: u32 = 1_000_000;

/// Databases, nodes and pools as they are added up.
#[derive(Default)]
struct Parts {
    databases: Vec<Database>,
    nodes: Vec<Node>,
    pools: Vec<Pool>,
    balancing: Vec<Balancing>,
    names: HashSet<String>,
}

impl RoutingBuilder {
    pub(super) fn assemble(mut self) -> Result<RoutingConnection, RoutingError> {
        let (mode, read_only) = (self.transaction_mode, self.read_only_transactions);
        let mut parts = Parts::default();
        for (name, options) in std::mem::take(&mut self.databases) {
            parts.add(name, options)?;
        }
        let topology = Topology::new(parts.databases.into(), parts.nodes.into());
        let default =
            topology
                .find_database(&self.default)
                .ok_or_else(|| RoutingError::NoDefault {
                    name: self.default.clone(),
                    known: list(topology.database_names()),
                })?;
        let bindings = self.bind_all(&topology, default)?;
        let forbidden = self.forbid_all(&topology)?;
        check_bound(&forbidden, &bindings, &topology)?;
        let cluster = Cluster::new(parts.pools.into(), topology);
        let enlist = std::mem::take(&mut self.enlist);
        let mut connection = self
            .finish(cluster, bindings, forbidden, parts.balancing, default)
            .transaction_mode(mode)
            .read_only_transactions(read_only);
        for (database, statement) in enlist {
            connection = connection.on_enlist(&database, statement)?;
        }
        Ok(connection)
    }

    /// One open connection needs no check; even one that is not open is taken, and its statements
    /// fail as SeaORM's do.
    pub(super) fn assemble_single(self, connection: DatabaseConnection) -> RoutingConnection {
        let mut parts = Parts::default();
        let options = DatabaseOptions::from(connection.clone());
        let dialect = dialect_of(&connection).unwrap_or(DbBackend::Sqlite);
        let name = NodeName::new("default/1");
        parts.push_database("default".to_owned(), dialect);
        parts.push_node(name.clone(), Role::Primary, 1, None);
        parts.pools.push(Pool::opened(name, connection));
        parts.balancing.push(options.balancing);
        let topology = Topology::new(parts.databases.into(), parts.nodes.into());
        let default = DatabaseId::new(0);
        let bindings = BindingsBuilder::new(default, self.unbound).finish();
        let cluster = Cluster::new(parts.pools.into(), topology);
        let forbidden = Forbidden::default();
        self.finish(cluster, bindings, forbidden, parts.balancing, default)
    }

    fn finish(
        self,
        cluster: Cluster,
        bindings: Bindings,
        forbidden: Forbidden,
        balancing: Vec<Balancing>,
        default: DatabaseId,
    ) -> RoutingConnection {
        let topology = cluster.snapshot();
        let lacks_returning =
            |d: &Database| d.dialect == DbBackend::MySql || !d.dialect.support_returning();
        let shared = Shared {
            bindings,
            policies: self.policies.into(),
            forbidden,
            balancing: balancing.into(),
            functions: self.functions,
            cache: Cache::new(self.cache_bytes),
            random: match self.seed {
                Some(seed) => Randomness::Seeded(Box::new(StdRng::seed_from_u64(seed).into())),
                None => Randomness::Thread,
            },
            recorders: Recorders::default(),
            reads_after_writes: topology.databases().iter().any(lacks_returning),
            refusals: AtomicU64::new(0),
        };
        RoutingConnection {
            scope: Scope::new(topology.database(default).dialect),
            core: Arc::new(Core {
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
        let name_of = |id: DatabaseId| topology.database(id).name.to_string();
        let dialect_of = |id: DatabaseId| topology.database(id).dialect;
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
                    let what = || format!("the schema {schema}");
                    builder.schema(schema, find(topology, database, what)?, name_of)?;
                }
                Binding::Module { module, database } => {
                    let what = || format!("the module {module}");
                    let database = find(topology, database, what)?;
                    for (table, path) in in_module(module)? {
                        let what = format!("the entity {path}::Entity");
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

/// A table that is bound where it is forbidden could never be reached.
fn check_bound(
    forbidden: &Forbidden,
    bindings: &Bindings,
    topology: &Topology,
) -> Result<(), RoutingError> {
    let contradicts = |(table, database): &&(TableName, DatabaseId)| {
        let dialect = topology.database(*database).dialect;
        bindings.database_of(table, dialect) == Some(*database)
    };
    match forbidden.iter().find(contradicts) {
        Some((table, database)) => Err(RoutingError::Forbidden {
            table: table.clone(),
            database: topology.database(*database).name.clone(),
        }),
        None => Ok(()),
    }
}

fn find(
    topology: &Topology,
    database: &str,
    what: impl FnOnce() -> String,
) -> Result<DatabaseId, RoutingError> {
    topology
        .find_database(database)
        .ok_or_else(|| RoutingError::BindingToNothing {
            what: what(),
            database: database.to_owned(),
            known: list(topology.database_names()),
        })
}

impl Parts {
    fn add(&mut self, name: String, options: DatabaseOptions) -> Result<(), RoutingError> {
        self.take_name("database", &name)?;
        let primary = self.node_name(&name, options.name, 1)?;
        let dialect = dialect(&primary, &options.primary)?;
        self.push_database(name.clone(), dialect);
        self.push_node(primary.clone(), Role::Primary, 1, None);
        self.pools.push(pool(primary, &options.primary, || {
            Plan::primary(options.primary.clone())
        }));
        for (index, replica) in options.replicas.into_iter().enumerate() {
            let node = self.node_name(&name, replica.name, index + 2)?;
            check_weight(&node, replica.weight)?;
            self.check_dialect(&node, &replica.source, dialect)?;
            if replica.source.is_private_memory() {
                return Err(RoutingError::PrivateReplica { node });
            }
            self.push_node(node.clone(), Role::Replica, replica.weight, replica.zone);
            self.pools.push(pool(node, &replica.source, || {
                Plan::replica(replica.source.clone(), &options.primary, options.guard)
            }));
        }
        self.balancing.push(options.balancing);
        Ok(())
    }

    fn push_database(&mut self, name: String, dialect: DbBackend) {
        self.databases.push(Database {
            name: DatabaseName::new(name),
            dialect,
            primary: self.next_node(),
            replicas: Box::default(),
        });
    }

    fn push_node(&mut self, name: NodeName, role: Role, weight: u32, zone: Option<String>) {
        let id = self.next_node();
        let database = DatabaseId::new(to_index(self.databases.len().saturating_sub(1)));
        self.nodes.push(Node {
            name,
            database,
            role,
            weight,
            zone: zone.map(Into::into),
            health: Health::Up,
        });
        if role == Role::Replica
            && let Some(database) = self.databases.last_mut()
        {
            let replicas = std::mem::take(&mut database.replicas).into_iter();
            database.replicas = replicas.chain([id]).collect();
        }
    }

    fn next_node(&self) -> NodeId {
        NodeId::new(to_index(self.nodes.len()))
    }

    fn node_name(
        &mut self,
        database: &str,
        name: Option<String>,
        number: usize,
    ) -> Result<NodeName, RoutingError> {
        let name = name.unwrap_or_else(|| format!("{database}/{number}"));
        self.take_name("node", &name)?;
        Ok(NodeName::new(name))
    }

    /// Databases and nodes share their names: `using(..)` takes both.
    fn take_name(&mut self, what: &'static str, name: &str) -> Result<(), RoutingError> {
        if name.trim().is_empty() {
            return Err(RoutingError::EmptyName {
                what,
                name: name.to_owned(),
            });
        }
        match self.names.insert(name.to_owned()) {
            true => Ok(()),
            false => Err(RoutingError::DuplicateName {
                name: name.to_owned(),
            }),
        }
    }

    fn check_dialect(
        &self,
        node: &NodeName,
        source: &Source,
        expected: DbBackend,
    ) -> Result<(), RoutingError> {
        let found = dialect(node, source)?;
        match self.databases.last() {
            Some(database) if found != expected => Err(RoutingError::MixedDialects {
                database: database.name.clone(),
                expected: dialect_name(expected),
                node: node.clone(),
                found: dialect_name(found),
            }),
            _ => Ok(()),
        }
    }
}

fn dialect(node: &NodeName, source: &Source) -> Result<DbBackend, RoutingError> {
    source.dialect().map_err(|reason| match source {
        Source::Open(_) => RoutingError::NotOpen { node: node.clone() },
        Source::Url(_) | Source::Options(_) => RoutingError::InvalidUrl {
            node: node.clone(),
            reason,
        },
    })
}

fn check_weight(node: &NodeName, weight: u32) -> Result<(), RoutingError> {
    if (1..=HEAVIEST).contains(&weight) {
        return Ok(());
    }
    Err(RoutingError::InvalidOption {
        what: "the weight",
        node: node.clone(),
        value: weight.to_string(),
        reason: "it must be from 1 to 1,000,000",
    })
}

fn pool(name: NodeName, source: &Source, plan: impl FnOnce() -> Plan) -> Pool {
    match open_connection(source) {
        Some(connection) => Pool::opened(name, connection.clone()),
        None => Pool::planned(name, plan()),
    }
}

/// There is no memory for more.
fn to_index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
