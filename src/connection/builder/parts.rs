//! Checks declared databases and nodes and adds them to a topology, without I/O: when a connection is
//! built, and when an administrator adds one later.

use sea_orm::{DatabaseConnection, DbBackend};

use crate::cluster::{
    AddedMembers, DatabaseOptions, DatabaseSpec, NodeSource, OpenPlan, Pool, ReplicaOptions,
    RoleSource,
};
use crate::error::{AvailabilityError, ConfigError, RoutingError, dialect_name};
use crate::name::{DatabaseName, NodeName};
use crate::topology::{DatabaseId, Node, NodeId, PoolId, Role, Topology};

const HEAVIEST: u32 = 1_000_000;

/// Databases and nodes that are being added to a topology.
pub(crate) struct Parts<'t> {
    topology: &'t mut Topology,
    first_pool: PoolId,
    added_members: AddedMembers,
}

impl<'t> Parts<'t> {
    /// Adds to a topology. The next pool gets the index `first_pool`.
    pub(crate) fn of(topology: &'t mut Topology, first_pool: PoolId) -> Self {
        Self {
            topology,
            first_pool,
            added_members: AddedMembers::default(),
        }
    }

    pub(crate) fn finish(self) -> AddedMembers {
        self.added_members
    }

    /// Adds a database with its nodes.
    pub(crate) fn add(
        &mut self,
        name: String,
        options: DatabaseOptions,
    ) -> Result<DatabaseId, RoutingError> {
        self.check_name("database", &name)?;
        let name = DatabaseName::new(name);
        let node = options.primary;
        let own = node.name.unwrap_or_else(|| format!("{name}/1"));
        let primary = NodeName::new(own);
        check_weight(&primary, node.weight)?;
        let dialect = dialect(&primary, &node.source)?;
        options.settings.check(&name, dialect, node.endpoint)?;
        let id = self.topology.add_database(name.clone(), dialect);
        if let Some(server) = options.settings.server {
            self.topology.declare_server(id, server);
        }
        self.check_name("node", primary.as_str())?;
        let declared = DatabaseSpec::new(
            options.settings,
            options.balancing,
            node.source,
            options.guard,
        );
        let eager = is_eager(&declared, dialect);
        let pool = self.add_pool(primary.clone(), &declared.primary, || {
            OpenPlan::primary(declared.primary.clone(), eager, &declared.credentials)
        });
        self.topology.add_node(Node {
            weight: node.weight,
            zone: node.zone.map(Into::into),
            endpoint: node.endpoint,
            ..Node::new(primary, id, Role::Primary, pool)
        });
        for replica in options.replicas {
            self.add_replica(id, &declared, replica)?;
        }
        self.added_members.databases.push(declared);
        Ok(id)
    }

    /// Adds one database, `default`, for a connection that may not be open.
    pub(crate) fn add_unchecked(&mut self, connection: DatabaseConnection, dialect: DbBackend) {
        let options = DatabaseOptions::from(connection.clone());
        let id = self
            .topology
            .add_database(DatabaseName::new("default"), dialect);
        let name = NodeName::new("default/1");
        let pool = self.push_pool(Pool::opened(name.clone(), connection));
        self.topology
            .add_node(Node::new(name, id, Role::Primary, pool));
        let declared = DatabaseSpec::new(
            options.settings,
            options.balancing,
            options.primary.source,
            options.guard,
        );
        self.added_members.databases.push(declared);
    }

    /// Adds a replica to a database.
    pub(crate) fn add_replica(
        &mut self,
        database: DatabaseId,
        declared: &DatabaseSpec,
        replica: ReplicaOptions,
    ) -> Result<NodeId, RoutingError> {
        let replica = replica.node;
        let name = match replica.name {
            Some(name) => name,
            None => self.next_name(database),
        };
        self.check_name("node", &name)?;
        let name = NodeName::new(name);
        check_weight(&name, replica.weight)?;
        self.check_dialect(&name, &replica.source, database)?;
        if replica.source.is_private_memory() {
            return Err(RoutingError::Config(ConfigError::PrivateReplica {
                node: name,
            }));
        }
        let pool = self.add_pool(name.clone(), &replica.source, || {
            OpenPlan::replica(replica.source.clone(), declared)
        });
        Ok(self.topology.add_node(Node {
            weight: replica.weight,
            zone: replica.zone.map(Into::into),
            endpoint: replica.endpoint,
            ..Node::new(name, database, Role::Replica, pool)
        }))
    }

    fn add_pool(
        &mut self,
        name: NodeName,
        source: &NodeSource,
        plan: impl FnOnce() -> OpenPlan,
    ) -> PoolId {
        self.push_pool(match source {
            NodeSource::Open(connection) => Pool::opened(name, connection.clone()),
            NodeSource::Url(_) | NodeSource::Options(_) => Pool::planned(name, plan()),
        })
    }

    fn push_pool(&mut self, pool: Pool) -> PoolId {
        let place = self.first_pool.index() + self.added_members.pools.len();
        self.added_members.pools.push(pool);
        // The memory is exhausted before the numbers are.
        PoolId::new(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// `warehouse/2`, `warehouse/3`, ... in the order of declaration. A node that is added later gets the
    /// next number that was never used.
    fn next_name(&self, database: DatabaseId) -> String {
        let database_name = &self.topology.database_by_id(database).name;
        let first = self.topology.nodes_ever_of(database) + 1;
        let names = (first..).map(|number| format!("{database_name}/{number}"));
        let mut free = names.filter(|name| !self.topology.was_ever(name));
        free.next().unwrap_or_default()
    }

    /// Databases and nodes share one namespace, because `using(..)` takes both.
    fn check_name(&self, what: &'static str, name: &str) -> Result<(), RoutingError> {
        RoutingError::check_name(what, name)?;
        match self.topology.is_taken(name) {
            false => Ok(()),
            true => Err(RoutingError::Config(ConfigError::DuplicateName {
                name: name.to_owned(),
            })),
        }
    }

    fn check_dialect(
        &self,
        node: &NodeName,
        source: &NodeSource,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let found = dialect(node, source)?;
        let database = self.topology.database_by_id(database);
        match found == database.dialect {
            true => Ok(()),
            false => Err(RoutingError::Config(ConfigError::MixedDialects {
                database: database.name.clone(),
                expected: dialect_name(database.dialect),
                node: node.clone(),
                found: dialect_name(found),
            })),
        }
    }
}

/// Whether the pool of the primary is opened with a first connection. A primary that may be down,
/// or may no longer be the primary, is probed by the monitor first. SQLite opens files.
fn is_eager(declared: &DatabaseSpec, dialect: DbBackend) -> bool {
    let settings = &declared.settings;
    let observed = settings.monitored && settings.roles == RoleSource::Observed;
    dialect == DbBackend::Sqlite || settings.require_primary && !observed
}

fn dialect(node: &NodeName, source: &NodeSource) -> Result<DbBackend, RoutingError> {
    source.dialect().map_err(|reason| match source {
        NodeSource::Open(_) => {
            RoutingError::Availability(AvailabilityError::NotOpen { node: node.clone() })
        }
        NodeSource::Url(_) | NodeSource::Options(_) => {
            RoutingError::Config(ConfigError::InvalidUrl {
                node: node.clone(),
                reason,
            })
        }
    })
}

fn check_weight(node: &NodeName, weight: u32) -> Result<(), RoutingError> {
    if (1..=HEAVIEST).contains(&weight) {
        return Ok(());
    }
    Err(RoutingError::Config(ConfigError::InvalidOption {
        what: "the weight",
        node: node.clone(),
        value: weight.to_string(),
        reason: "it must be from 1 to 1,000,000",
    }))
}
