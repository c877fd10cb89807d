//! Databases and nodes as they are added up, with every check and no I/O: when a connection is built,
//! and when something comes to it later.

use sea_orm::{DatabaseConnection, DbBackend};

use crate::cluster::{
    DatabaseOptions, Declared, Newcomers, Plan, Pool, ReplicaOptions, Roles, Source,
};
use crate::error::{AvailabilityError, ConfigError, RoutingError, dialect_name};
use crate::name::{DatabaseName, NodeName};
use crate::topology::{DatabaseId, Node, NodeId, PoolId, Role, Topology};

const HEAVIEST: u32 = 1_000_000;

/// What is added to a topology.
pub(crate) struct Parts<'t> {
    topology: &'t mut Topology,
    first_pool: PoolId,
    newcomers: Newcomers,
}

impl<'t> Parts<'t> {
    /// Adds to a topology; the next pool has that place.
    pub(crate) fn of(topology: &'t mut Topology, first_pool: PoolId) -> Self {
        Self {
            topology,
            first_pool,
            newcomers: Newcomers::default(),
        }
    }

    pub(crate) fn finish(self) -> Newcomers {
        self.newcomers
    }

    /// Adds a database with its nodes.
    pub(crate) fn add(
        &mut self,
        name: String,
        options: DatabaseOptions,
    ) -> Result<DatabaseId, RoutingError> {
        self.check_name("database", &name)?;
        let name = DatabaseName::new(name);
        let own = match &options.name {
            Some(own) => own.clone(),
            None => format!("{name}/1"),
        };
        let primary = NodeName::new(own);
        let dialect = dialect(&primary, &options.primary)?;
        options.settings.check(&name, dialect)?;
        let id = self.topology.add_database(name.clone(), dialect);
        self.check_name("node", primary.as_str())?;
        let declared = Declared::new(
            options.settings,
            options.balancing,
            options.primary,
            options.guard,
        );
        let eager = is_eager(&declared, dialect);
        let pool = self.add_pool(primary.clone(), &declared.primary, || {
            Plan::primary(declared.primary.clone(), eager, &declared.credentials)
        });
        self.add_node(Node {
            zone: options.zone.map(Into::into),
            endpoint: declared.settings.endpoint,
            ..Node::new(primary, id, Role::Primary, pool)
        });
        for replica in options.replicas {
            self.add_replica(id, &declared, replica)?;
        }
        self.newcomers.databases.push(declared);
        Ok(id)
    }

    /// One database, `default`, of a connection that may not even be open.
    pub(crate) fn add_unchecked(&mut self, connection: DatabaseConnection, dialect: DbBackend) {
        let options = DatabaseOptions::from(connection.clone());
        let id = self
            .topology
            .add_database(DatabaseName::new("default"), dialect);
        let name = NodeName::new("default/1");
        let pool = self.push_pool(Pool::opened(name.clone(), connection));
        self.add_node(Node::new(name, id, Role::Primary, pool));
        let declared = Declared::new(
            options.settings,
            options.balancing,
            options.primary,
            options.guard,
        );
        self.newcomers.databases.push(declared);
    }

    /// Adds a replica to a database.
    pub(crate) fn add_replica(
        &mut self,
        database: DatabaseId,
        declared: &Declared,
        replica: ReplicaOptions,
    ) -> Result<NodeId, RoutingError> {
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
            Plan::replica(replica.source.clone(), declared)
        });
        Ok(self.add_node(Node {
            weight: replica.weight,
            zone: replica.zone.map(Into::into),
            endpoint: replica.endpoint,
            ..Node::new(name, database, Role::Replica, pool)
        }))
    }

    fn add_node(&mut self, node: Node) -> NodeId {
        self.topology.add_node(node)
    }

    fn add_pool(&mut self, name: NodeName, source: &Source, plan: impl FnOnce() -> Plan) -> PoolId {
        self.push_pool(match source {
            Source::Open(connection) => Pool::opened(name, connection.clone()),
            Source::Url(_) | Source::Options(_) => Pool::planned(name, plan()),
        })
    }

    fn push_pool(&mut self, pool: Pool) -> PoolId {
        let place = self.first_pool.index() + self.newcomers.pools.len();
        self.newcomers.pools.push(pool);
        // There is no memory for more.
        PoolId::new(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// `warehouse/2`, `warehouse/3`, ...: the place it was declared at. One that comes later gets the
    /// next number that was never given.
    fn next_name(&self, database: DatabaseId) -> String {
        let database_name = &self.topology.database(database).name;
        let first = self.topology.nodes_ever_of(database) + 1;
        let names = (first..).map(|number| format!("{database_name}/{number}"));
        let mut free = names.filter(|name| !self.topology.was_ever(name));
        free.next().unwrap_or_default()
    }

    /// Databases and nodes share their names: `using(..)` takes both.
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
        source: &Source,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let found = dialect(node, source)?;
        let database = self.topology.database(database);
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

/// Whether the primary's pool is opened with its first connection. A primary that may be down, or
/// may not be the primary any more, is looked at by the monitor first. SQLite opens files.
fn is_eager(declared: &Declared, dialect: DbBackend) -> bool {
    let settings = &declared.settings;
    let observed = settings.monitored && settings.roles == Roles::Observed;
    dialect == DbBackend::Sqlite || settings.require_primary && !observed
}

fn dialect(node: &NodeName, source: &Source) -> Result<DbBackend, RoutingError> {
    source.dialect().map_err(|reason| match source {
        Source::Open(_) => {
            RoutingError::Availability(AvailabilityError::NotOpen { node: node.clone() })
        }
        Source::Url(_) | Source::Options(_) => RoutingError::Config(ConfigError::InvalidUrl {
            node: node.clone(),
            reason,
        }),
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
