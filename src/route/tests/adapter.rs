//! Decides a setting with the router, and writes the decision in the terms of the case file.
//!
//! The only file here that names the router's own types.

use std::time::Duration;

use sea_orm::{DbBackend, DbErr};

use super::setting::{
    AccessSpec, ConsistencySpec, PlaceSpec, Reads, RoleSpec, RouteSpec, Setting, Tables, WroteSpec,
};
use super::world::{World, position};
use crate::balance::{Balancing, LeastInFlight, PeakEwma, PrimaryReads, Random, RoundRobin, Zones};
use crate::bind::{Bind, BindRequest, Bound, RoutingPolicy};
use crate::error::{
    AvailabilityError, BindingError, RefusedError, RoutingError, TopologyError, TxnError,
};
pub(super) use crate::route::Admission;
use crate::route::{
    Decision, RoutingInput, StatementInput, Target, WhyDatabase, WhyNode, WhyRole,
    choose_branch_database, choose_database, decide,
};
use crate::scope::{Chosen, Place, Scope};
use crate::session::{
    Consistency, LastRead, OnTimeout, RouterId, Session, SessionHistory, Written,
};
use crate::sql::{Access, Evidence, Operation};
use crate::topology::{DatabaseId, NodeId, Role};

/// The outcome of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Goes(Goes),
    /// The database of a statement in a transaction, and why.
    Branch(String, &'static str),
    /// The kind of the error.
    Fails(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goes {
    pub(super) node: String,
    pub(super) role: Role,
    /// Why this database, this role, this node.
    pub(super) because: String,
    pub(super) admission: Admission,
    pub(super) may_retry: bool,
}

/// A router with the options of a setting.
pub(super) struct Router<'a> {
    setting: &'a Setting,
    pub(super) world: World,
    balancing: Balancing,
    policies: Vec<Box<dyn RoutingPolicy>>,
}

impl<'a> Router<'a> {
    pub(super) fn new(setting: &'a Setting) -> Self {
        let route = setting.given.route.clone();
        let policies = route.map(|route| Box::new(Says(route)) as Box<dyn RoutingPolicy>);
        Self {
            setting,
            world: World::new(&setting.databases, dialect(setting)),
            balancing: balancing_of(setting),
            policies: policies.into_iter().collect(),
        }
    }

    /// The outcome of the statement.
    pub(super) fn decide(&self, random: u64) -> Outcome {
        let (operation, bound, scope) = (self.operation(), self.bound(), self.scope());
        let input = StatementInput {
            operation: &operation,
            dialect: dialect(self.setting),
            bound: &bound,
            scope: &scope,
            topology: &self.world.topology,
            policies: &self.policies,
            default: DatabaseId::new(0),
            checks_using: false,
            random,
        };
        if self.setting.given.in_transaction {
            return self.branch(choose_branch_database(&input));
        }
        let target = choose_database(&input);
        let decided = target.and_then(|target| self.decide_on(target, &operation, random));
        match decided {
            Ok(decision) => Outcome::Goes(self.goes(decision)),
            Err(error) => Outcome::Fails(kind(&error)),
        }
    }

    fn decide_on(
        &self,
        target: Target,
        operation: &Operation,
        random: u64,
    ) -> Result<Decision, DbErr> {
        let given = &self.setting.given;
        let failed: Vec<NodeId> = given.failed.iter().map(|n| self.world.node(n)).collect();
        let follows_up = given.follows_up.as_deref().map(|n| self.world.database(n));
        let history = match target.database == DatabaseId::new(0) {
            true => self.history(),
            false => SessionHistory::default(),
        };
        Ok(decide(&RoutingInput {
            topology: &self.world.topology,
            target,
            access: operation.access(),
            evidence: operation.evidence(),
            role: given.role.map(role),
            is_follow_up: follows_up == Some(target.database),
            balancing: &self.balancing,
            history: self.consistency().map(|consistency| (consistency, history)),
            failed: &failed,
            now: self.world.now,
            random,
        })?)
    }

    fn branch(&self, found: Result<Target, DbErr>) -> Outcome {
        match found {
            Ok(target) => {
                let database = self.world.topology.database_by_id(target.database);
                Outcome::Branch(
                    database.name().as_str().to_owned(),
                    why_database(target.why),
                )
            }
            Err(error) => Outcome::Fails(kind(&error)),
        }
    }

    fn goes(&self, decision: Decision) -> Goes {
        let node = self.world.topology.node(decision.node);
        assert_eq!(node.pool, decision.pool, "the pool is the node's");
        assert_eq!(node.role, decision.role, "the role is the node's");
        assert_eq!(
            node.database, decision.database,
            "the database is the node's"
        );
        Goes {
            node: node.name.as_str().to_owned(),
            role: decision.role,
            because: because(decision),
            admission: decision.admission,
            may_retry: decision.may_retry_elsewhere,
        }
    }

    fn scope(&self) -> Scope {
        let given = &self.setting.given;
        let mut scope = Scope::new(dialect(self.setting));
        scope.read_only = given.read_only;
        scope.role = given.role.map(role);
        scope.session = self
            .consistency()
            .map(|consistency| Session::new(consistency, &RouterId::default()));
        scope.place = match &given.place {
            None => Place::Anywhere,
            Some(PlaceSpec::Using(name)) => {
                Place::Database(self.world.database(name), Chosen::Using)
            }
            Some(PlaceSpec::Entity(name)) => {
                Place::Database(self.world.database(name), Chosen::Entity)
            }
            Some(PlaceSpec::Node(name)) => Place::Node(self.world.node(name)),
        };
        scope
    }

    fn consistency(&self) -> Option<Consistency> {
        Some(match self.setting.given.consistency? {
            ConsistencySpec::Eventual => Consistency::Eventual,
            ConsistencySpec::Window(milliseconds) => Consistency::ReadYourWrites {
                window: Duration::from_millis(milliseconds.unsigned_abs()),
            },
            ConsistencySpec::Causal => Consistency::Causal {
                max_wait: Duration::from_millis(50),
                on_timeout: OnTimeout::Primary,
            },
        })
    }

    fn history(&self) -> SessionHistory {
        let given = &self.setting.given;
        SessionHistory {
            written: given.wrote.as_ref().map(|wrote| match wrote {
                WroteSpec::Ago(ago) => Written::At(self.world.ago(*ago)),
                WroteSpec::Until(end) => Written::Until(self.world.after_now(*end)),
                WroteSpec::Before(text) => Written::Before(position(text)),
                WroteSpec::InDoubt => Written::InDoubt,
            }),
            saw_primary: given.read.as_ref().and_then(|read| {
                let saw = read.node.as_deref().map(|name| self.world.node(name));
                let topology = &self.world.topology;
                let primary = topology.database_by_id(DatabaseId::new(0)).primary;
                let is_causal = given.consistency == Some(ConsistencySpec::Causal);
                let ago = read.ago.filter(|_| is_causal && saw == Some(primary))?;
                Some(self.world.ago(ago))
            }),
            read: given.read.as_ref().map(|read| LastRead {
                node: read.node.as_deref().map(|name| self.world.node(name)),
                ended: read.ago.map(|ago| self.world.ago(ago)),
            }),
        }
    }

    fn operation(&self) -> Operation {
        let (access, evidence) = match self.setting.statement.access {
            AccessSpec::Read | AccessSpec::ZeroByte => (Access::Read, Evidence::Proven),
            AccessSpec::PerNode => (Access::NodeRead, Evidence::DiffersByNode("pg_locks".into())),
            AccessSpec::Locking => (Access::LockingRead, Evidence::LockingClause),
            AccessSpec::Show => (Access::Session, Evidence::Keyword("show".into())),
            AccessSpec::Set => (Access::Session, Evidence::Keyword("set".into())),
            AccessSpec::Unknown => (Access::Unknown, Evidence::Function("f".into())),
            AccessSpec::Write => (Access::Write, Evidence::Keyword("insert".into())),
            AccessSpec::Schema => (Access::Schema, Evidence::Keyword("create".into())),
        };
        let tables = match self.setting.statement.tables {
            Tables::None => Box::default(),
            Tables::Bound(_) | Tables::Unbound | Tables::Refused => ["cake".into()].into(),
            Tables::Several => ["cake".into(), "fruit".into()].into(),
        };
        let zero_byte = self.setting.statement.access == AccessSpec::ZeroByte;
        Operation::new(access, tables, evidence).with_zero_byte(zero_byte)
    }

    fn bound(&self) -> Bound {
        match &self.setting.statement.tables {
            Tables::None => Bound::NoTable,
            Tables::Bound(name) => Bound::One {
                database: self.world.database(name),
                table: 0,
                explicit: true,
            },
            Tables::Unbound => Bound::One {
                database: DatabaseId::new(0),
                table: 0,
                explicit: false,
            },
            Tables::Refused => Bound::Refused(0),
            Tables::Several => {
                Bound::Several([(0, DatabaseId::new(0)), (1, DatabaseId::new(1))].into())
            }
        }
    }
}

fn balancing_of(setting: &Setting) -> Balancing {
    let (reads, words) = (setting.given.reads, &setting.given.policy);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut balancing = Balancing {
        primary_reads: match reads {
            Reads::Fallback => PrimaryReads::Fallback,
            Reads::Include => PrimaryReads::Include,
            Reads::Never => PrimaryReads::Never,
        },
        ..Balancing::default()
    };
    match words[..] {
        [] | ["random"] => balancing.set_policy(Random),
        ["round_robin"] => balancing.set_policy(RoundRobin::default()),
        ["least_in_flight"] => balancing.set_policy(LeastInFlight),
        ["peak_ewma"] => balancing.set_policy(PeakEwma),
        ["zones", own] => balancing.set_policy(Zones::prefer(own, Random)),
        _ => panic!("no replica policy: {words:?}"),
    }
    balancing
}

fn dialect(setting: &Setting) -> DbBackend {
    match setting.given.sqlite {
        true => DbBackend::Sqlite,
        false => DbBackend::Postgres,
    }
}

fn role(role: RoleSpec) -> Role {
    match role {
        RoleSpec::Primary => Role::Primary,
        RoleSpec::Replica => Role::Replica,
    }
}

/// A routing policy that always answers the same.
#[derive(Debug)]
struct Says(RouteSpec);

impl RoutingPolicy for Says {
    fn get_bind(&self, _: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        match self.0.clone() {
            RouteSpec::Database(name, None) => Ok(Some(Bind::database(name))),
            RouteSpec::Database(name, Some(RoleSpec::Primary)) => Ok(Some(Bind::primary(name))),
            RouteSpec::Database(name, Some(RoleSpec::Replica)) => Ok(Some(Bind::replica(name))),
            RouteSpec::Node(name) => Ok(Some(Bind::node(name))),
            RouteSpec::Fails => Err(DbErr::Custom("no tenant".to_owned())),
        }
    }
}

fn because(decision: Decision) -> String {
    let role = match decision.why.role {
        WhyRole::Scope => "scope",
        WhyRole::Policy => "policy",
        WhyRole::Node => "node",
        WhyRole::FollowUp => "follow-up",
        WhyRole::Session => "session",
        WhyRole::Read => "read",
        WhyRole::NotRead => "not a read",
        WhyRole::Transaction => "transaction",
    };
    let node = match decision.why.node {
        WhyNode::Replica { of } => format!("one of {of}"),
        WhyNode::Chosen => "chosen".to_owned(),
        WhyNode::Primary => "primary".to_owned(),
        WhyNode::SessionAffinity => "session affinity".to_owned(),
        WhyNode::HalfOpen => "half-open".to_owned(),
        WhyNode::LastResort => "last resort".to_owned(),
        WhyNode::NoReplicas => "no replicas".to_owned(),
        WhyNode::NotCaughtUp => "not caught up".to_owned(),
        WhyNode::NoReplicaAvailable => "no replica available".to_owned(),
    };
    format!("{}/{role}/{node}", why_database(decision.why.database))
}

fn why_database(why: WhyDatabase) -> &'static str {
    match why {
        WhyDatabase::Using => "using",
        WhyDatabase::Entity => "entity",
        WhyDatabase::Node => "node",
        WhyDatabase::Policy(_) => "policy",
        WhyDatabase::Binding { .. } => "bound",
        WhyDatabase::Unbound { .. } => "unbound",
        WhyDatabase::NoTable => "no table",
        WhyDatabase::Branch => "branch",
    }
}

fn kind(error: &DbErr) -> &'static str {
    match RoutingError::of(error) {
        None => "the policy's own",
        Some(RoutingError::Availability(AvailabilityError::NoReplica { .. })) => "NoReplica",
        Some(RoutingError::Availability(AvailabilityError::NoNode { .. })) => "NoNode",
        Some(RoutingError::Availability(AvailabilityError::PrimaryDown { .. })) => "PrimaryDown",
        Some(RoutingError::Availability(AvailabilityError::WritesStopped { .. })) => {
            "WritesStopped"
        }
        Some(RoutingError::Refused(RefusedError::WriteOnReplica { .. })) => "WriteOnReplica",
        Some(RoutingError::Refused(RefusedError::ReadOnly { .. })) => "ReadOnly",
        Some(RoutingError::Topology(TopologyError::Removed { .. })) => "Removed",
        Some(RoutingError::Binding(BindingError::Unbound { .. })) => "Unbound",
        Some(RoutingError::Binding(BindingError::SeveralDatabases { .. })) => "SeveralDatabases",
        Some(RoutingError::Topology(TopologyError::UnknownDatabase { .. })) => "UnknownDatabase",
        Some(RoutingError::Topology(TopologyError::UnknownNode { .. })) => "UnknownNode",
        Some(RoutingError::Refused(RefusedError::NulByte)) => "ZeroByte",
        Some(RoutingError::Transaction(TxnError::ReplicaInTransaction { .. })) => {
            "NotInTransaction"
        }
        Some(other) => panic!("an error no case expects: {other:?}"),
    }
}
