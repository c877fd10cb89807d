//! The topology of a setting.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sea_orm::DbBackend;

use super::setting::{Block, DatabaseSpec, HealthSpec, NodeSpec, ServiceSpec};
use crate::name::{DatabaseName, NodeName};
use crate::topology::{
    DatabaseId, Health, Lsn, Node, NodeId, PoolId, Position, Progress, Role, Service, Topology,
    WriteBlock, since_start,
};

/// The names of the databases, in the order of a case.
const DATABASES: [&str; 2] = ["main", "other"];

/// The topology at an instant, and its places by name: a removed node keeps its place.
pub(super) struct World {
    pub(super) topology: Topology,
    pub(super) now: Instant,
    nodes: HashMap<String, NodeId>,
}

impl World {
    pub(super) fn new(databases: &[DatabaseSpec], dialect: DbBackend) -> Self {
        let mut world = Self {
            topology: Topology::empty(),
            // Far enough from the start of the clock to subtract from.
            now: Instant::now() + Duration::from_secs(3600),
            nodes: HashMap::new(),
        };
        for (spec, name) in databases.iter().zip(DATABASES) {
            world.add(spec, name, dialect);
        }
        world
    }

    pub(super) fn node(&self, name: &str) -> NodeId {
        *self.nodes.get(name).expect("a node of the case")
    }

    pub(super) fn database(&self, name: &str) -> DatabaseId {
        let place = DATABASES.iter().position(|one| *one == name);
        DatabaseId::new(place.expect("a database of the case") as u32)
    }

    pub(super) fn ago(&self, milliseconds: i64) -> Instant {
        self.after_now(-milliseconds)
    }

    pub(super) fn after_now(&self, milliseconds: i64) -> Instant {
        let distance = Duration::from_millis(milliseconds.unsigned_abs());
        match milliseconds < 0 {
            true => self.now - distance,
            false => self.now + distance,
        }
    }

    fn add(&mut self, spec: &DatabaseSpec, name: &str, dialect: DbBackend) {
        let id = self.topology.add_database(DatabaseName::new(name), dialect);
        for (place, node) in spec.nodes.iter().enumerate() {
            let role = match place {
                0 => Role::Primary,
                _ => Role::Replica,
            };
            let built = self.build(node, id, role);
            let node_id = self.topology.add_node(built);
            self.nodes.insert(node.name.clone(), node_id);
        }
        if spec.tracks_positions {
            self.topology.set_tracks_positions(id);
        }
        let block = spec.block.map(|block| self.write_block_of(block, spec));
        self.topology.set_write_block(id, block);
        for node in &spec.nodes {
            if node.service == ServiceSpec::Removed {
                self.topology.remove_node(self.node(&node.name));
            }
        }
        if spec.removed {
            self.topology.remove_database(id);
        }
    }

    fn build(&self, spec: &NodeSpec, database: DatabaseId, role: Role) -> Node {
        let pool = PoolId::new(100 + self.nodes.len() as u32);
        let node = Node {
            weight: spec.weight,
            zone: spec.zone.as_deref().map(Into::into),
            health: self.health(spec.health),
            service: match spec.service {
                ServiceSpec::In | ServiceSpec::Removed => Service::In,
                ServiceSpec::Joining => Service::Joining,
                ServiceSpec::Draining => Service::Draining,
            },
            refused: spec.refused.then(|| "another cluster".into()),
            progress: Progress {
                replayed: spec.at.as_deref().map(position),
                caught_up_to: spec.has.map(|ago| self.ago(ago)),
                lag: None,
                lagging: spec.lagging,
            },
            back_since: spec.back.map(|ago| self.ago(ago)),
            ..Node::new(NodeName::new(spec.name.as_str()), database, role, pool)
        };
        (0..spec.busy).for_each(|_| node.load.begin());
        if let Some(latency) = spec.slow {
            let latency = Duration::from_millis(latency.unsigned_abs());
            node.load.observe(latency, since_start(self.now));
        }
        node
    }

    fn health(&self, spec: HealthSpec) -> Health {
        match spec {
            HealthSpec::Up => Health::Up,
            HealthSpec::Probation => Health::Probation {
                failures: 1,
                until: self.after_now(5_000),
            },
            HealthSpec::Suspect(until) => Health::Suspect {
                until: self.after_now(until),
            },
            HealthSpec::Down(until) => Health::Down {
                failures: 1,
                retry_at: self.after_now(until),
                confirmed: None,
            },
            HealthSpec::Dead(until) => Health::Down {
                failures: 1,
                retry_at: self.ago(1),
                confirmed: Some(self.after_now(until)),
            },
        }
    }

    fn write_block_of(&self, block: Block, spec: &DatabaseSpec) -> WriteBlock {
        match block {
            Block::SplitBrain => {
                let names = spec.nodes.iter().take(2);
                WriteBlock::SplitBrain(
                    names
                        .map(|node| NodeName::new(node.name.as_str()))
                        .collect(),
                )
            }
            Block::NoPrimary => WriteBlock::NoPrimary,
            Block::Unreachable(until) => WriteBlock::Unreachable {
                reason: "connection refused".into(),
                until: self.after_now(until),
            },
        }
    }
}

/// `lsn:7`, or `lsn:2/7` on the timeline 2.
pub(super) fn position(text: &str) -> Position {
    let lsn = text.strip_prefix("lsn:").expect("lsn:");
    let (timeline, byte) = match lsn.split_once('/') {
        Some((timeline, byte)) => (Some(timeline.parse().expect("a timeline")), byte),
        None => (None, lsn),
    };
    Position::Lsn(Lsn {
        timeline,
        byte: byte.parse().expect("a number"),
    })
}
