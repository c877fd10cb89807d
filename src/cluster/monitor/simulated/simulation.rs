//! Servers that follow a script, and the loop that asks them.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{DbBackend, MockDatabase};

use crate::balance::Balancing;
use crate::clock::{Clock, Jitter};
use crate::cluster::monitor::observation::Observation;
use crate::cluster::monitor::wanted::Wanted;
use crate::cluster::monitor::{ProbeOutcome, Watch};
use crate::cluster::options::{NodeSource, ReplicaGuard};
use crate::cluster::settings::{RoleSource, Settings};
use crate::cluster::{AddedMembers, Cluster, DatabaseSpec, Pool};
use crate::name::{DatabaseName, NodeName};
use crate::topology::{
    DatabaseId, Endpoint, Lsn, Node, NodeId, NodeState, PoolId, Position, Role, Topology,
    WriteBlock,
};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A node is asked again this soon at the earliest.
const LEAST_PAUSE: Duration = Duration::from_millis(2);

thread_local! {
    static NOW: Cell<Instant> = Cell::new(Instant::now());
    static CHANCE: Cell<u64> = const { Cell::new(0) };
}

/// What a server does when it is asked.
#[derive(Clone, Copy)]
pub(super) enum Answers {
    Normally,
    /// With an error: it has too many connections.
    Busy,
    /// Not at all.
    Never,
    /// Nothing listens at its address.
    Refuses,
    /// It refuses the user.
    LoginRefused,
}

/// A server behind a node.
#[derive(Clone, Copy)]
pub(super) struct Server {
    pub(super) role: Role,
    pub(super) answers: Answers,
    /// The end of its log, or of what it has replayed.
    pub(super) position: u64,
    pub(super) cluster: &'static str,
    /// Another one after each restart.
    pub(super) identity: &'static str,
    /// Of the log that it writes, or has received.
    pub(super) timeline: u32,
}

struct Member {
    id: NodeId,
    server: Server,
    wanted: Arc<Wanted>,
    asked: Instant,
    due: Instant,
    /// It was asked, and the probe gives up when it is due.
    is_hanging: bool,
    /// When it was asked, each time.
    times: Vec<Instant>,
}

/// A database `a`, `b`, `c` with `a` its primary, and its monitor.
pub(super) struct Simulation {
    pub(super) cluster: Cluster,
    pub(super) watch: Arc<Watch>,
    database: DatabaseId,
    members: Vec<Member>,
}

pub(super) fn observed() -> Settings {
    Settings {
        roles: RoleSource::Observed,
        ..Settings::default()
    }
}

/// The random number of every backoff; half of all unless set, which means no jitter.
pub(super) fn set_chance(chance: u64) {
    CHANCE.set(chance);
}

pub(super) fn now() -> Instant {
    NOW.get()
}

impl Simulation {
    pub(super) fn new(settings: Settings) -> Self {
        Self::with_endpoint(settings, Endpoint::Server)
    }

    /// With `c` behind that endpoint.
    pub(super) fn with_endpoint(settings: Settings, endpoint: Endpoint) -> Self {
        set_chance(u64::MAX / 2);
        let mut topology = Topology::empty();
        let database = topology.add_database(DatabaseName::new("default"), DbBackend::Postgres);
        let mut first = AddedMembers::default();
        let mut members = Vec::new();
        for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
            let role = if index == 0 {
                Role::Primary
            } else {
                Role::Replica
            };
            let pool = PoolId::new(index as u32);
            let mut node = Node::new(NodeName::new(name), database, role, pool);
            if index == 2 {
                node.endpoint = endpoint;
            }
            let id = topology.add_node(node);
            first.pools.push(Pool::opened(NodeName::new(name), mock()));
            members.push((id, Server::new(role, name)));
        }
        let spec = DatabaseSpec::new(
            settings,
            Balancing::default(),
            NodeSource::Open(mock()),
            ReplicaGuard::Off,
        );
        first.databases.push(spec);
        let clock = Clock { now };
        let backoffs = Jitter::Given(|| CHANCE.get());
        let cluster = Cluster::with_clock(first, topology, Arc::default(), clock, backoffs);
        let watch = Arc::new(Watch::new(cluster.state(), database));
        let monitors = &cluster.state().monitors;
        monitors.lock().insert(database, Arc::clone(&watch));
        let members = members.into_iter().map(|(id, server)| Member {
            id,
            server,
            wanted: {
                let wanted = Arc::default();
                watch.register_probe(id, &wanted);
                wanted
            },
            asked: now(),
            due: now(),
            is_hanging: false,
            times: Vec::new(),
        });
        Self {
            members: members.collect(),
            cluster,
            watch,
            database,
        }
    }

    pub(super) fn server(&mut self, name: &str) -> &mut Server {
        &mut self.member(name).server
    }

    /// Lets the monitor ask for a while.
    pub(super) async fn run(&mut self, time: Duration) {
        let end = now() + time;
        loop {
            for member in &mut self.members {
                let is_woken =
                    !member.is_hanging && member.wanted.notify.notified().now_or_never().is_some();
                if is_woken {
                    member.due = member.due.min(now().max(member.asked + LEAST_PAUSE));
                }
            }
            let next = self.members.iter_mut().min_by_key(|member| member.due);
            let Some(next) = next.filter(|next| next.due <= end) else {
                NOW.set(end);
                return;
            };
            NOW.set(next.due.max(now()));
            next.step(&self.watch);
            // A promotion has a task of its own.
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
        }
    }

    pub(super) fn id(&mut self, name: &str) -> NodeId {
        self.member(name).id
    }

    pub(super) fn state(&mut self, name: &str) -> NodeState {
        let id = self.member(name).id;
        self.cluster.topology().node(id).state()
    }

    pub(super) fn node(&mut self, name: &str) -> Node {
        let id = self.member(name).id;
        self.cluster.topology().node(id).clone()
    }

    pub(super) fn primary(&self) -> String {
        let topology = self.cluster.topology();
        let primary = topology.database_by_id(self.database).primary;
        topology.node(primary).name.to_string()
    }

    pub(super) fn write_block(&self) -> Option<WriteBlock> {
        let topology = self.cluster.topology();
        topology.database_by_id(self.database).write_block.clone()
    }

    /// When a node was asked.
    pub(super) fn times(&mut self, name: &str) -> Vec<Instant> {
        self.member(name).times.clone()
    }

    fn member(&mut self, name: &str) -> &mut Member {
        let index = match name {
            "a" => 0,
            "b" => 1,
            _ => 2,
        };
        &mut self.members[index]
    }
}

impl Member {
    /// Asks the server, or gives up waiting for its answer; as the probe loop does.
    fn step(&mut self, watch: &Arc<Watch>) {
        if !self.is_hanging {
            self.asked = now();
            self.times.push(now());
        }
        let Some(request) = watch.probe_request(self.id) else {
            self.due = now() + Duration::from_secs(1_000_000);
            return;
        };
        let hangs = matches!(self.server.answers, Answers::Never);
        if hangs && !self.is_hanging {
            self.is_hanging = true;
            self.due = now() + request.timeout;
            return;
        }
        self.is_hanging = false;
        watch.record_outcome(self.id, self.asked, self.server.answer());
        let pause = watch.pause(self.id).expect("the cluster is there");
        self.due = (self.asked + pause).max(now() + LEAST_PAUSE);
    }
}

impl Server {
    fn new(role: Role, identity: &'static str) -> Self {
        Self {
            role,
            answers: Answers::Normally,
            position: 1000,
            cluster: "cluster",
            identity,
            timeline: 1,
        }
    }

    /// Makes it a primary, on a timeline of its own.
    pub(super) fn promote(&mut self, timeline: u32) {
        self.role = Role::Primary;
        self.timeline = timeline;
    }

    fn answer(&self) -> ProbeOutcome {
        match self.answers {
            Answers::Normally => ProbeOutcome::Observed(Box::new(self.observation())),
            Answers::Busy => ProbeOutcome::Alive,
            Answers::Never => ProbeOutcome::Silent,
            Answers::Refuses => ProbeOutcome::Dead("connection refused".to_owned()),
            Answers::LoginRefused => ProbeOutcome::LoginRefused("no such user".to_owned()),
        }
    }

    fn observation(&self) -> Observation {
        let position = Some(Position::Lsn(Lsn {
            timeline: Some(self.timeline),
            byte: self.position,
        }));
        Observation {
            role: Some(self.role),
            software: None,
            cluster: Some(self.cluster.into()),
            server: Some(self.identity.into()),
            timeline: Some(self.timeline),
            started: None,
            catalog: Some("app".into()),
            is_guarded: None,
            is_full: None,
            written: position.clone().filter(|_| self.role == Role::Primary),
            replayed: position,
        }
    }
}

fn mock() -> sea_orm::DatabaseConnection {
    MockDatabase::new(DbBackend::Postgres).into_connection()
}
