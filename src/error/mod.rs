//! What can go wrong before a statement is sent, and how to tell it from what a server answered.

mod convert;
mod words;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use crate::name::{DatabaseName, NodeName, TableName};
use crate::sql::{Access, Evidence};
pub(crate) use words::{dialect_name, list};
use words::{names, node_names};

/// An error of the routing layer itself. Where it is returned, nothing was sent, except where the
/// variant says otherwise.
///
/// SeaORM's traits return [`DbErr`]; a `RoutingError` becomes one with `?`, and is found again with
/// [`RoutingError::of`].
///
/// ```
/// use sea_orm::DbErr;
/// use sea_orm_routing::RoutingError;
///
/// let error = RoutingError::unknown_database("wharehouse", ["default", "warehouse"]);
/// let error: DbErr = error.into();
/// assert!(matches!(
///     RoutingError::of(&error),
///     Some(RoutingError::UnknownDatabase { .. })
/// ));
/// assert!(error.to_string().contains("wharehouse"));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RoutingError {
    /// A name that no database has.
    #[error("there is no database {name:?}; declared are {known}")]
    UnknownDatabase {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A name that neither a node nor a database has.
    #[error("there is no database or node {name:?}; there are {known}")]
    UnknownNode {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Two databases or nodes of one name.
    #[error(
        "{name:?} is declared twice; names of databases and nodes are unique, give one another with name(..)"
    )]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A name that cannot be one.
    #[error(
        "{name:?} is no name for a {what}: it must not be empty, nor have control characters in it"
    )]
    InvalidName {
        /// What was to be named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is no database at all, or none named `default`.
    #[error(
        "no database is named {name:?} (declared: {known}); tables without a binding live there: declare it, or name another with default_database(..)"
    )]
    NoDefault {
        /// The name of the default database.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A binding to a database that was not declared.
    #[error("{what} names the database {database:?}, which is not declared; declared are {known}")]
    BindingToNothing {
        /// What is bound, or forbidden: an entity, a table, a schema, a module.
        what: String,
        /// The database it names.
        database: String,
        /// The names there are.
        known: String,
    },
    /// One table, two databases.
    #[error(
        "{first} and {second} are both the table {table}, but one is bound to {first_database:?} and the other to {second_database:?}; give one a schema name, or bind neither and say using(..) for one of them"
    )]
    Twins {
        /// The table both name.
        table: TableName,
        /// What was bound first.
        first: Box<str>,
        /// Where the first is bound.
        first_database: Box<str>,
        /// What was bound second.
        second: Box<str>,
        /// Where the second is bound.
        second_database: Box<str>,
    },
    /// No registered entity lives in a module that was bound.
    #[error(
        "no registered entity lives in the module {module:?}; entities register themselves with SeaORM's feature `entity-registry`{hint}"
    )]
    EmptyModule {
        /// The module.
        module: String,
        /// What may be wrong with the name.
        hint: String,
    },
    /// Nodes of one database that speak different dialects.
    #[error(
        "the database {database} is {expected}, but its node {node} is {found}; a database has one dialect, declare two databases"
    )]
    MixedDialects {
        /// The database.
        database: DatabaseName,
        /// The dialect of its primary.
        expected: &'static str,
        /// The node that differs.
        node: NodeName,
        /// Its dialect.
        found: &'static str,
    },
    /// A URL that is none. It is not repeated here: it may hold a password.
    #[error("the URL of the node {node} cannot be used: {reason}")]
    InvalidUrl {
        /// The node.
        node: NodeName,
        /// What is wrong with it.
        reason: String,
    },
    /// A node that does not open.
    #[error("cannot connect to the node {node}: {source}")]
    Connect {
        /// The node.
        node: NodeName,
        /// What SeaORM or the server said.
        source: Arc<DbErr>,
    },
    /// A connection that is not open, or a URL given to `build()`, which opens nothing.
    #[error(
        "the node {node} is not open; give an open DatabaseConnection, or a URL or options and connect().await instead of build(); after add_database(..), call open_database(..)"
    )]
    NotOpen {
        /// The node.
        node: NodeName,
    },
    /// A replica that can never hold what its primary holds.
    #[error(
        "the node {node} is a private in-memory database, which cannot be a replica of anything; use a file"
    )]
    PrivateReplica {
        /// The node.
        node: NodeName,
    },
    /// A number that makes no sense.
    #[error("{what} of the node {node} cannot be {value}: {reason}")]
    InvalidOption {
        /// The option.
        what: &'static str,
        /// The node.
        node: NodeName,
        /// What was given.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// A setting of a database that makes no sense.
    #[error("{what} of the database {database} cannot be {value}: {reason}")]
    InvalidSetting {
        /// The setting.
        what: &'static str,
        /// The database.
        database: DatabaseName,
        /// What was given.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// One statement names tables of several databases.
    #[error(
        "one statement names tables of several databases: {tables}; no server can join them: load one side, then the other with load_one or load_many (a many-to-many load is a join with its junction table)"
    )]
    SeveralDatabases {
        /// Each table with its database.
        tables: String,
    },
    /// A text with a zero byte, which sends SQLite's driver into an endless loop.
    #[error("the text has a zero byte in it, which no SQLite statement can; bind it as a value")]
    ZeroByte,
    /// A table without a binding, where that is refused.
    #[error(
        "the table {table} is bound to no database, and unbound tables are refused; bind it, or say using(..)"
    )]
    Unbound {
        /// The table.
        table: TableName,
    },
    /// A table that must not be on a database.
    #[error(
        "the table {table} must not be on the database {database}: forbid(..) or a policy says so; name another database, or lift that"
    )]
    Forbidden {
        /// The table.
        table: TableName,
        /// The database.
        database: DatabaseName,
    },
    /// The schema of several databases at once, where one must be named.
    #[error(
        "a schema is read and changed on one database: say which with using(..), or sync every database with sync_schema(..)"
    )]
    WhichDatabase,
    /// A sync of the schema of one database failed; those before it are done.
    #[error("the schema of {database} could not be synced: {source}")]
    Sync {
        /// The database.
        database: DatabaseName,
        /// What it, or its driver, said.
        source: Arc<DbErr>,
    },
    /// A statement that would have to be spoken in another dialect than its handle's.
    #[error(
        "{what} goes to the database {database}, which is {node_dialect}, but this handle speaks {handle_dialect}; use {way_out}"
    )]
    ForeignDialect {
        /// What the statement is.
        what: String,
        /// The database it goes to.
        database: DatabaseName,
        /// What that speaks.
        node_dialect: &'static str,
        /// What the handle speaks.
        handle_dialect: &'static str,
        /// Which handle to use.
        way_out: String,
    },
    /// A raw statement that says it is written in another dialect than its node's.
    #[error("a raw statement for {statement_dialect} was routed to the node {node} of the database {database}, which is {node_dialect}; build it with the backend of the handle it is run on, that of using({database:?}) or for_entity(..)", database = .database.as_str())]
    StatementDialect {
        /// What the statement says it is.
        statement_dialect: &'static str,
        /// The database it would go to.
        database: DatabaseName,
        /// The node it would go to.
        node: NodeName,
        /// What that speaks.
        node_dialect: &'static str,
    },
    /// A statement that is no read, on a handle or in a transaction that only reads.
    #[error(
        "{scope} only reads, and this statement is {access}: {evidence}; run it on a handle without that limit"
    )]
    ReadOnly {
        /// What limits it.
        scope: &'static str,
        /// What the statement does.
        access: Access,
        /// How it is known.
        evidence: Evidence,
    },
    /// A write that an explicit choice would send to a replica.
    #[error(
        "{by} sends this statement to a replica of {database}, and it is {access}: {evidence}; writes go to the primary, as they do without that choice"
    )]
    WriteOnReplica {
        /// Who chose the replica.
        by: &'static str,
        /// The database.
        database: DatabaseName,
        /// What the statement does.
        access: Access,
        /// How it is known.
        evidence: Evidence,
    },
    /// No replica can serve, and the primary must not.
    #[error(
        "no replica of {database} can serve ({considered}), and ReplicaFallback::Error keeps reads off its primary"
    )]
    NoReplica {
        /// The database.
        database: DatabaseName,
        /// Each replica and its state.
        considered: String,
    },
    /// No node can serve a read: neither a replica nor the primary.
    #[error("no node of {database} can serve: {considered}; the monitor goes on asking them")]
    NoNode {
        /// The database.
        database: DatabaseName,
        /// Each node and its state.
        considered: String,
    },
    /// The primary is known to be down.
    #[error(
        "the primary of {database} is down: {reason}; wait_for_primary(..) waits until it, or another one, is there"
    )]
    PrimaryDown {
        /// The database.
        database: DatabaseName,
        /// What the monitor was told.
        reason: String,
    },
    /// Nothing is written while it is not clear which node is the primary.
    #[error(
        "{database} takes no writes: {reason}; see to it that exactly one server is the primary, writes then go on by themselves"
    )]
    WritesStopped {
        /// The database.
        database: DatabaseName,
        /// Which nodes say what.
        reason: String,
    },
    /// No primary took writes while `wait_for_primary(..)` waited.
    #[error("{database} has no primary that takes writes after {waited:?}: {reason}")]
    NoPrimary {
        /// The database.
        database: DatabaseName,
        /// How long.
        waited: Duration,
        /// Why not.
        reason: String,
    },
    /// No replica has what a causal session has written, and the session or the database keeps the read
    /// off the primary.
    #[error(
        "no replica of {database} has caught up with this session after {waited:?} ({considered}), and OnTimeout::Error, ReplicaFallback::Error or ExcludePrimary keeps the read off its primary"
    )]
    NotCaughtUp {
        /// The database.
        database: DatabaseName,
        /// How long it waited.
        waited: Duration,
        /// Each replica and its lag.
        considered: String,
    },
    /// Too many reads are on the primary because no replica serves.
    #[error(
        "no replica of {database} serves ({considered}), and {bound} reads are on its primary already, as many as max_fallback_reads(..) allows; waited {waited:?}"
    )]
    SpillOver {
        /// The database.
        database: DatabaseName,
        /// How many may be there.
        bound: u32,
        /// How long it waited.
        waited: Duration,
        /// Each replica and its state.
        considered: String,
    },
    /// The node was given up while a statement was on it.
    #[error("the node {node} was given up while a statement was on it: {reason}")]
    Gone {
        /// The node.
        node: NodeName,
        /// What that means for the statement.
        reason: &'static str,
    },
    /// A replica that belongs to another primary than its database's.
    #[error(
        "the node {node} is no replica of {database}: {reason}; correct its address, or declare it as a database of its own"
    )]
    ForeignReplica {
        /// The node.
        node: NodeName,
        /// The database it was declared in.
        database: DatabaseName,
        /// What both say of themselves.
        reason: String,
    },
    /// A database or node that is there no more.
    #[error("{name} was removed; make a new handle with using(..)")]
    Removed {
        /// Its name.
        name: String,
    },
    /// A node that can only be drained or removed when it is a replica.
    #[error("the node {node} is the primary of {database}; only replicas are drained and removed")]
    NotAReplica {
        /// The node.
        node: NodeName,
        /// Its database.
        database: DatabaseName,
    },
    /// A database that cannot be removed.
    #[error("the database {database} cannot be removed: {reason}")]
    CannotRemove {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: String,
    },
    /// Something under way did not end in time.
    #[error(
        "{what} was still in use after {waited:?}: it gets nothing more, and what is under way goes on"
    )]
    Draining {
        /// The node or database.
        what: String,
        /// How long.
        waited: Duration,
    },
    /// A change of a connection that is closed, or a wait for one.
    #[error("the RoutingConnection is closed: nothing can be added, changed or waited for")]
    Closed,
    /// Connections that were in use when the time to close was over.
    #[error("connections of {nodes} were still in use after {waited:?}; nothing new is sent", nodes = node_names(.nodes))]
    StillOpen {
        /// The nodes.
        nodes: Vec<NodeName>,
        /// How long.
        waited: Duration,
    },
    /// A key of session tokens that would keep no secret, or a life of none.
    #[error("session tokens cannot be made like that: {reason}")]
    InvalidTokenSetting {
        /// Why not.
        reason: String,
    },
    /// A session token that cannot be used.
    #[error("this session token cannot be used: {reason}; start a new session")]
    InvalidToken {
        /// Why not.
        reason: String,
    },
    /// A session of another connection.
    #[error(
        "the session {id} belongs to another RoutingConnection; go on with resume_session(..) from its session_token()"
    )]
    ForeignSession {
        /// The number of the session.
        id: u64,
    },
    /// Something only sessions have, on a handle without one.
    #[error("{what} is for a handle with a session; make one with session()")]
    NoSession {
        /// What was called.
        what: &'static str,
    },
    /// A second database written to in one transaction.
    #[error(
        "this transaction has written to {first}, and cannot write to {second} too: the two could not be committed as one; use two transactions"
    )]
    SecondDatabase {
        /// The database with changes.
        first: DatabaseName,
        /// The database that was to be changed.
        second: DatabaseName,
    },
    /// A MySQL statement that commits the transaction it runs in, before it does anything.
    #[error(
        "{keyword} makes {database} commit the transaction before it runs, and what follows would not be in it; run it outside of a transaction"
    )]
    ImplicitCommit {
        /// The keyword of the statement.
        keyword: &'static str,
        /// The database.
        database: DatabaseName,
    },
    /// Some databases were committed, another one was not. Only where each is committed for itself
    /// ([`TransactionMode::Independent`](crate::TransactionMode::Independent)).
    #[error(
        "{failed} {what}: {source}; committed and kept: {committed}; rolled back: {rolled_back}",
        what = match .unknown {
            true => "lost its connection while it committed, and may have committed or not",
            false => "did not commit",
        },
        committed = names(.committed),
        rolled_back = names(.rolled_back)
    )]
    PartialCommit {
        /// The database that did not commit.
        failed: DatabaseName,
        /// Whether it may have committed all the same: its answer was lost.
        unknown: bool,
        /// The databases whose changes are kept.
        committed: Vec<DatabaseName>,
        /// The databases whose changes are gone.
        rolled_back: Vec<DatabaseName>,
        /// What the database, or its driver, said.
        source: Arc<DbErr>,
    },
    /// The answer to a commit was lost: it may have happened or not.
    #[error(
        "the connection to {database} was lost while it committed: the transaction may have been committed or not, look before you run it again ({source})"
    )]
    CommitUnknown {
        /// The database.
        database: DatabaseName,
        /// What the driver said.
        source: Arc<DbErr>,
    },
    /// A statement of `on_enlist` failed, so that the branch did not open.
    #[error("the statement of on_enlist(..) failed on {database}, nothing else was run: {source}")]
    Enlist {
        /// The database.
        database: DatabaseName,
        /// What it said.
        source: Arc<DbErr>,
    },
    /// A statement that cannot be one of `on_enlist`.
    #[error(
        "this statement cannot be run by on_enlist(..) on {database}: {reason}; it is for settings of a transaction, as SET LOCAL"
    )]
    InvalidEnlist {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: String,
    },
    /// Options of a nested transaction that only the outermost can have.
    #[error(
        "a nested transaction cannot have {option}: it is a savepoint; give the option to the outermost transaction"
    )]
    NestedOption {
        /// The option.
        option: String,
    },
    /// `rollback_on(..)` where it does not exist.
    #[error("{database} cannot be rolled back for itself: {reason}")]
    RollbackOn {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: &'static str,
    },
    /// A statement without a table in a transaction: it says nothing about where it belongs.
    #[error(
        "this statement names no table, and the transaction {branches}: say where with txn.using(..)"
    )]
    WhichBranch {
        /// What the transaction has open.
        branches: String,
    },
    /// A replica chosen for a transaction.
    #[error(
        "{scope} chose a replica, but a transaction runs on the primary{primary}; begin it on a handle without that choice"
    )]
    NotInTransaction {
        /// What chose it.
        scope: String,
        /// Which primary, where one is known.
        primary: String,
    },
    /// A control statement of a branch was cut off: whether it ran is not known.
    #[error(
        "the transaction on {database} is in doubt: {statement} was cut off before its answer; its connection is closed and the server rolls back what was not committed"
    )]
    InDoubt {
        /// The database.
        database: DatabaseName,
        /// What was cut off.
        statement: &'static str,
    },
    /// A text that would begin or end a transaction inside one.
    #[error(
        "{keyword} inside a transaction would begin or end one behind its back; use commit(), rollback() or begin()"
    )]
    Control {
        /// The keyword of the statement.
        keyword: &'static str,
    },
    /// The transaction can only be rolled back.
    #[error("the transaction cannot go on: {reason}; roll it back")]
    Doomed {
        /// Why.
        reason: String,
    },
    /// A level of the transaction that is not the innermost.
    #[error("a nested transaction is still open inside this one; commit it or roll it back first")]
    NestedOpen,
    /// A connection whose driver cannot hold a branch.
    #[error(
        "the node {node} is a connection of a driver whose feature is off in sea-orm-routing; turn on the one of {dialect}"
    )]
    DriverOff {
        /// The node.
        node: NodeName,
        /// Its dialect.
        dialect: &'static str,
    },
}
