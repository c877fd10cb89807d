//! Puts a setting to the router, and its decision into the words of the case file.
//!
//! The one file here that names the router's own types.

use std::time::Duration;

use sea_orm::{DbBackend, DbErr};

use super::setting::{
    AccessSpec, ConsistencySpec, PlaceSpec, Reads, RoleSpec, RouteSpec, Setting, Tables, WroteSpec,
};
use super::world::{DATABASES, World, position};
use crate::balance::{
    ExcludePrimary, IncludePrimary, LeastInFlight, PeakEwma, Random, ReplicaPolicy, RoundRobin,
    Weighted, Zones,
};
use crate::bind::{Bind, BindRequest, Bound, RoutingPolicy};
use crate::error::RoutingError;
use crate::route::{
    Balancing, Balancings, Decision, Question, ReplicaFallback, WhyDatabase, WhyNode, WhyRole,
    decide, decide_branch,
};
use crate::scope::{Chosen, Place, Scope};
use crate::session::{Consistency, Home, LastRead, OnTimeout, Past, Session, Written};
use crate::sql::{Access, Evidence, Operation};
use crate::topology::{DatabaseId, NodeId, Role};

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Goes(Goes),
    /// The branch of a transaction, or `None` where nothing says which.
    Branch(Option<(String, &'static str)>),
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

/// What comes before a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Now,
    HalfOpenTrial,
    FallbackPermit,
    AwaitCatchUp,
}

/// A router with the options of a setting.
pub(super) struct Router<'a> {
    setting: &'a Setting,
    pub(super) world: World,
    balancing: Balancings,
    policies: Vec<Box<dyn RoutingPolicy>>,
}

impl<'a> Router<'a> {
    pub(super) fn new(setting: &'a Setting) -> Self {
        let balancing = Balancings::new();
        for _ in DATABASES {
            balancing.push(balancing_of(setting));
        }
        let route = setting.given.route.clone();
        let policies = route.map(|route| Box::new(Says(route)) as Box<dyn RoutingPolicy>);
        Self {
            setting,
            world: World::new(&setting.databases, dialect(setting)),
            balancing,
            policies: policies.into_iter().collect(),
        }
    }

    /// What becomes of the statement.
    pub(super) fn decide(&self, random: u64) -> Outcome {
        let given = &self.setting.given;
        let main = DatabaseId::new(0);
        let scope = self.scope();
        let (consistency, past) = (self.consistency(), self.past());
        let failed: Vec<NodeId> = given.failed.iter().map(|n| self.world.node(n)).collect();
        let question = Question {
            operation: &self.operation(),
            dialect: dialect(self.setting),
            bound: &self.bound(),
            scope: &scope,
            topology: &self.world.topology,
            policies: &self.policies,
            balancing: &self.balancing,
            default: main,
            follows_up: given.follows_up.as_deref().map(|n| self.world.database(n)),
            past: &|database| {
                let past = match database == main {
                    true => past.clone(),
                    false => Past::default(),
                };
                Some((consistency?, past))
            },
            failed: &failed,
            random: &|| random,
            now: &|| self.world.now,
        };
        match given.in_transaction {
            true => self.branch(decide_branch(&question)),
            false => match decide(&question) {
                Ok(decision) => Outcome::Goes(self.goes(decision, consistency)),
                Err(error) => Outcome::Fails(kind(&error)),
            },
        }
    }

    fn branch(&self, found: Result<Option<(DatabaseId, WhyDatabase)>, DbErr>) -> Outcome {
        let named = |(id, why): (DatabaseId, WhyDatabase)| {
            let name = self.world.topology.database(id).name().as_str().to_owned();
            (name, why_database(why))
        };
        match found {
            Ok(found) => Outcome::Branch(found.map(named)),
            Err(error) => Outcome::Fails(kind(&error)),
        }
    }

    fn goes(&self, decision: Decision, consistency: Option<Consistency>) -> Goes {
        let node = self.world.topology.node(decision.node);
        assert_eq!(node.pool, decision.pool, "the pool is that of the node");
        assert_eq!(node.role, decision.role, "the role is that of the node");
        assert_eq!(node.database, decision.database, "so is the database");
        Goes {
            node: node.name.as_str().to_owned(),
            role: decision.role,
            because: because(decision),
            admission: admission(decision.why_node, consistency),
            may_retry: decision.why_node.is_free(),
        }
    }

    fn scope(&self) -> Scope {
        let given = &self.setting.given;
        let mut scope = Scope::new(dialect(self.setting));
        scope.read_only = given.read_only;
        scope.role = given.role.map(role);
        scope.session = self
            .consistency()
            .map(|consistency| Session::new(consistency, &Home::default()));
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

    fn past(&self) -> Past {
        let given = &self.setting.given;
        Past {
            written: given.wrote.as_ref().map(|wrote| match wrote {
                WroteSpec::Ago(ago) => Written::At(self.world.ago(*ago)),
                WroteSpec::Until(end) => Written::Until(self.world.from_now(*end)),
                WroteSpec::Before(text) => Written::Before(position(text)),
                WroteSpec::InDoubt => Written::InDoubt,
            }),
            read: given.read.as_ref().map(|read| LastRead {
                node: read.node.as_deref().map(|name| self.world.node(name)),
                over: read.ago.map(|ago| self.world.ago(ago)),
            }),
        }
    }

    fn operation(&self) -> Operation {
        let (access, evidence) = match self.setting.statement.access {
            AccessSpec::Read | AccessSpec::ZeroByte => (Access::Read, Evidence::Proven),
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
    let policy = match words[..] {
        [] | ["random"] => with_reads(reads, Random),
        ["round_robin"] => with_reads(reads, RoundRobin::default()),
        ["weighted"] => with_reads(reads, Weighted),
        ["least_in_flight"] => with_reads(reads, LeastInFlight),
        ["peak_ewma"] => with_reads(reads, PeakEwma),
        ["zones", own] => with_reads(reads, Zones::prefer(own, Random)),
        _ => panic!("no replica policy: {words:?}"),
    };
    Balancing {
        policy,
        fallback: match reads {
            Reads::KeepPrimary => ReplicaFallback::Error,
            Reads::Fallback | Reads::Include | Reads::Never => ReplicaFallback::Primary,
        },
    }
}

fn with_reads(reads: Reads, policy: impl ReplicaPolicy + 'static) -> Box<dyn ReplicaPolicy> {
    match reads {
        Reads::Fallback | Reads::KeepPrimary => Box::new(policy),
        Reads::Include => Box::new(IncludePrimary(policy)),
        Reads::Never => Box::new(ExcludePrimary(policy)),
    }
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

/// A routing policy that always says the same.
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

/// What delivery does before it sends, as `Core::caught_up` and `Core::leave` read the reason.
fn admission(why: WhyNode, consistency: Option<Consistency>) -> Admission {
    match why {
        WhyNode::Trial => Admission::HalfOpenTrial,
        WhyNode::NoneServes => Admission::FallbackPermit,
        WhyNode::NotCaughtUp => match consistency {
            Some(Consistency::Causal { .. }) => Admission::AwaitCatchUp,
            Some(Consistency::Eventual | Consistency::ReadYourWrites { .. }) | None => {
                Admission::FallbackPermit
            }
        },
        WhyNode::Chosen
        | WhyNode::Primary
        | WhyNode::Replica { .. }
        | WhyNode::Same
        | WhyNode::LastResort
        | WhyNode::NoReplicas => Admission::Now,
    }
}

fn because(decision: Decision) -> String {
    let role = match decision.why_role {
        WhyRole::Scope => "scope",
        WhyRole::Policy => "policy",
        WhyRole::Node => "node",
        WhyRole::FollowUp => "follow-up",
        WhyRole::Session => "session",
        WhyRole::Read => "read",
        WhyRole::NotRead => "not a read",
        WhyRole::Transaction => "transaction",
    };
    let node = match decision.why_node {
        WhyNode::Replica { of } => format!("one of {of}"),
        WhyNode::Chosen => "chosen".to_owned(),
        WhyNode::Primary => "primary".to_owned(),
        WhyNode::Same => "session affinity".to_owned(),
        WhyNode::Trial => "half-open".to_owned(),
        WhyNode::LastResort => "last resort".to_owned(),
        WhyNode::NoReplicas => "no replicas".to_owned(),
        WhyNode::NotCaughtUp => "not caught up".to_owned(),
        WhyNode::NoneServes => "no replica available".to_owned(),
    };
    format!("{}/{role}/{node}", why_database(decision.why_database))
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
        Some(RoutingError::NoReplica { .. }) => "NoReplica",
        Some(RoutingError::NoNode { .. }) => "NoNode",
        Some(RoutingError::PrimaryDown { .. }) => "PrimaryDown",
        Some(RoutingError::WritesStopped { .. }) => "WritesStopped",
        Some(RoutingError::WriteOnReplica { .. }) => "WriteOnReplica",
        Some(RoutingError::ReadOnly { .. }) => "ReadOnly",
        Some(RoutingError::Removed { .. }) => "Removed",
        Some(RoutingError::Unbound { .. }) => "Unbound",
        Some(RoutingError::SeveralDatabases { .. }) => "SeveralDatabases",
        Some(RoutingError::UnknownDatabase { .. }) => "UnknownDatabase",
        Some(RoutingError::UnknownNode { .. }) => "UnknownNode",
        Some(RoutingError::ZeroByte) => "ZeroByte",
        Some(RoutingError::NotInTransaction { .. }) => "NotInTransaction",
        Some(other) => panic!("an error no case expects: {other:?}"),
    }
}
