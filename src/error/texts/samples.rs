//! One value of every variant.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use super::super::*;
use crate::name::{DatabaseName, NodeName, TableName};
use crate::sql::{Access, Evidence};

const WAITED: Duration = Duration::from_millis(1500);

pub(super) fn database(name: &str) -> DatabaseName {
    DatabaseName::new(name)
}

pub(super) fn node(name: &str) -> NodeName {
    NodeName::new(name)
}

pub(super) fn item() -> TableName {
    TableName::new("item")
}

pub(super) fn cause() -> Arc<DbErr> {
    Arc::new(DbErr::Custom("connection refused".to_owned()))
}

pub(super) fn known() -> Vec<DatabaseName> {
    vec![database("default"), database("warehouse")]
}

pub(super) fn config() -> Vec<ConfigError> {
    vec![
        ConfigError::DuplicateName {
            name: "default".into(),
        },
        ConfigError::InvalidName {
            what: "database",
            name: "a\nb".into(),
        },
        ConfigError::NoDefault {
            name: "main".into(),
            known: known(),
        },
        ConfigError::MixedDialects {
            database: database("default"),
            expected: "Postgres",
            node: node("default/2"),
            found: "MySQL",
        },
        ConfigError::InvalidUrl {
            node: node("default/1"),
            reason: "it names no host".into(),
        },
        ConfigError::PrivateReplica {
            node: node("default/2"),
        },
        ConfigError::PrimaryOnlyReads {
            node: node("default/1"),
            database: database("default"),
        },
        ConfigError::InvalidOption {
            what: "the weight",
            node: node("default/2"),
            value: "0".into(),
            reason: "it must be from 1 to 1,000,000",
        },
        ConfigError::InvalidSetting {
            what: "probe_interval",
            database: database("default"),
            value: "0ns".into(),
            reason: "it must be from 10 ms to an hour",
        },
        ConfigError::InvalidTokenSetting {
            reason: "the key has only 3 bytes".into(),
        },
        ConfigError::DriverOff {
            node: node("default/1"),
            dialect: "Postgres",
        },
    ]
}

pub(super) fn binding() -> Vec<BindingError> {
    vec![
        BindingError::UnknownBindingTarget {
            what: "table \"item\"".into(),
            database: "warehose".into(),
            known: known(),
        },
        BindingError::ConflictingBindings {
            table: item(),
            first: "entity \"a::Entity\"".into(),
            first_database: "default".into(),
            second: "entity \"b::Entity\"".into(),
            second_database: "warehouse".into(),
        },
        BindingError::EmptyModule {
            module: "crate::shop".into(),
            hint: String::new(),
        },
        BindingError::Unbound { table: item() },
        BindingError::Forbidden {
            table: item(),
            database: database("warehouse"),
        },
        BindingError::BoundElsewhere {
            table: item(),
            bound: database("default"),
            used: database("warehouse"),
        },
        BindingError::SeveralDatabases {
            tables: vec![
                (item(), database("default")),
                (TableName::with_schema("w", "stock"), database("warehouse")),
            ],
        },
    ]
}

pub(super) fn topology() -> Vec<TopologyError> {
    vec![
        TopologyError::UnknownDatabase {
            name: "warehose".into(),
            known: known(),
        },
        TopologyError::UnknownNode {
            name: "default/9".into(),
            known: vec!["default".into(), "default/1".into()],
        },
        TopologyError::Removed {
            name: "default/3".into(),
        },
        TopologyError::NotAReplica {
            node: node("default/1"),
            database: database("default"),
        },
        TopologyError::ForeignReplica {
            node: node("default/2"),
            database: database("default"),
            reason: "it belongs to another cluster".into(),
        },
        TopologyError::CannotRemove {
            database: database("default"),
            reason: "it is the default database".into(),
        },
        TopologyError::CannotAccept {
            node: node("default/2"),
            database: database("default"),
            reason: "it reports that it is a replica".into(),
        },
        TopologyError::Draining {
            what: "node \"default/2\"".into(),
            waited: WAITED,
        },
        TopologyError::Closed,
        TopologyError::StillOpen {
            nodes: vec![node("default/1"), node("default/2")],
            waited: WAITED,
        },
    ]
}

pub(super) fn availability() -> Vec<AvailabilityError> {
    let considered = vec![
        ConsideredNode::new(&node("default/2"), "down"),
        ConsideredNode::new(&node("default/3"), "draining"),
    ];
    vec![
        AvailabilityError::Connect {
            node: node("default/1"),
            source: cause(),
        },
        AvailabilityError::NotOpen {
            node: node("default/1"),
        },
        AvailabilityError::NoReplica {
            database: database("default"),
            considered: Vec::new(),
        },
        AvailabilityError::NoNode {
            database: database("default"),
            considered: considered.clone(),
        },
        AvailabilityError::PrimaryDown {
            database: database("default"),
            reason: "it does not answer".into(),
        },
        AvailabilityError::WritesStopped {
            database: database("default"),
            reason: "\"default/1\" and \"default/2\" are all primaries".into(),
        },
        AvailabilityError::NoPrimary {
            database: database("default"),
            waited: WAITED,
            reason: "it does not answer".into(),
        },
        AvailabilityError::NotCaughtUp {
            database: database("default"),
            waited: WAITED,
            considered: vec![ConsideredNode::new(&node("default/2"), "2.0 s behind")],
        },
        AvailabilityError::FallbackLimit {
            database: database("default"),
            limit: 10,
            waited: WAITED,
            considered,
        },
        AvailabilityError::NodeLost {
            node: node("default/2"),
            reason: "it is down",
        },
    ]
}

pub(super) fn refused() -> Vec<RefusedError> {
    vec![
        RefusedError::NulByte,
        RefusedError::ForeignDialect {
            what: "raw SQL".into(),
            database: database("warehouse"),
            node_dialect: "MySQL",
            handle_dialect: "Postgres",
            way_out: "using(\"warehouse\")".into(),
        },
        RefusedError::StatementDialect {
            statement_dialect: "MySQL",
            database: database("default"),
            node: node("default/1"),
            node_dialect: "Postgres",
        },
        RefusedError::ReadOnly {
            scope: "read_only()",
            access: Access::Write,
            evidence: Evidence::Keyword("insert".into()),
        },
        RefusedError::WriteOnReplica {
            by: "on_replica()",
            database: database("default"),
            access: Access::Write,
            evidence: Evidence::Keyword("insert".into()),
        },
    ]
}

pub(super) fn transaction() -> Vec<TxnError> {
    vec![
        TxnError::SecondDatabase {
            first: database("default"),
            second: database("warehouse"),
        },
        TxnError::ImplicitCommit {
            keyword: "CREATE",
            database: database("default"),
        },
        TxnError::PartialCommit {
            failed: database("warehouse"),
            unknown: false,
            committed: vec![database("default")],
            rolled_back: Vec::new(),
            source: cause(),
        },
        TxnError::CommitUnknown {
            database: database("default"),
            source: cause(),
        },
        TxnError::BranchBegin {
            database: database("default"),
            source: cause(),
        },
        TxnError::InvalidBranchBegin {
            database: database("default"),
            reason: "it is a write".into(),
        },
        TxnError::NestedOption {
            option: "the isolation level SERIALIZABLE".into(),
        },
        TxnError::RollbackOn {
            database: database("default"),
            reason: "a nested transaction is rolled back as a whole",
        },
        TxnError::AmbiguousBranch { branches: known() },
        TxnError::ReplicaInTransaction {
            scope: "on_replica()".into(),
            primary: Some(node("default/1")),
        },
        TxnError::NodeInReplicaTransaction {
            node: node("default/1"),
        },
        TxnError::InDoubt {
            database: database("default"),
            statement: "COMMIT",
        },
        TxnError::WaitsForItself {
            node: node("default/1"),
        },
        TxnError::TransactionControl { keyword: "COMMIT" },
        TxnError::Doomed {
            reason: "it is over".into(),
        },
        TxnError::NestedOpen,
    ]
}

pub(super) fn session() -> Vec<SessionError> {
    vec![
        SessionError::InvalidToken {
            source: TokenError::Forged,
        },
        SessionError::ForeignSession { id: 7 },
        SessionError::NoSession {
            what: "session_token()",
        },
    ]
}

pub(super) fn token() -> Vec<TokenError> {
    vec![
        TokenError::Unreadable,
        TokenError::Forged,
        TokenError::Expired { ago: WAITED },
        TokenError::IssuedInFuture,
        TokenError::TooLong { limit: 8192 },
        TokenError::UnknownVersion,
        TokenError::UnknownDatabase {
            database: "warehouse".into(),
        },
        TokenError::ForeignCluster {
            database: "default".into(),
            issued: "1".into(),
            here: "2".into(),
        },
        TokenError::InvalidPosition {
            position: "x".into(),
        },
    ]
}
