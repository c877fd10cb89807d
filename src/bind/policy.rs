//! The policy: a user's own rule about where statements go.

use std::borrow::Cow;
use std::fmt;

use sea_orm::{DbBackend, DbErr, EntityTrait};

use super::Bound;
use crate::name::{DatabaseName, TableName};
use crate::sql::{Access, Operation};
use crate::topology::{Role, Topology};

/// A rule about where a statement goes, asked once per statement before the default rule.
///
/// Several policies are asked in the order they were given; the first with an opinion wins, and one
/// without (`Ok(None)`) is passed over. An error reaches the caller as it is, and nothing is sent.
/// What a handle has fixed (`using`, `on_primary`, ...) is not asked about.
///
/// The idea is SQLAlchemy's `Session.get_bind` and Django's database routers.
///
/// ```
/// use sea_orm::DbErr;
/// use sea_orm_routing::{Access, Bind, BindRequest, RoutingPolicy};
///
/// #[derive(Debug)]
/// struct AuditElsewhere;
///
/// impl RoutingPolicy for AuditElsewhere {
///     fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
///         let audit = request.tables().iter().any(|table| table.name().starts_with("audit_"));
///         Ok(audit.then(|| Bind::database("warehouse")))
///     }
/// }
/// ```
pub trait RoutingPolicy: fmt::Debug + Send + Sync {
    /// Where the statement goes; `None`: no opinion.
    ///
    /// # Errors
    ///
    /// Whatever the policy wants the caller to see instead of a result.
    fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr>;

    /// Which tables may be on which database, if the policy restricts them. Defaults to `None`: every
    /// table may be anywhere.
    fn table_rules(&self) -> Option<&dyn TableRules> {
        None
    }
}

/// Which tables may be on which database.
///
/// The rules are asked before the schema of a database is changed, by migrations too, each of whose
/// statements is then checked before it is sent. One policy that refuses a table is enough.
///
/// The idea is Django's `allow_migrate`.
pub trait TableRules {
    /// Whether a table may be on a database.
    fn allows(&self, table: &TableName, database: &DatabaseName) -> bool;
}

/// What a policy is told about a statement.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BindRequest<'a> {
    /// What the statement does.
    pub operation: &'a Operation,
    /// The dialect it is written in.
    pub dialect: DbBackend,
    /// A random number, uniform over `u64`, for policies that choose.
    pub random: u64,
    pub(crate) bound: &'a Bound,
    pub(crate) topology: &'a Topology,
}

/// A policy's answer: a database and perhaps a role, or one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bind {
    /// A database; without a role, reads go to a replica and everything else to the primary.
    Database {
        /// The name of the database.
        name: Cow<'static, str>,
        /// The role of the node, if the policy says.
        role: Option<Role>,
    },
    /// One node by its name. It is obeyed even when the node cannot be reached.
    Node(Cow<'static, str>),
}

impl<'a> BindRequest<'a> {
    /// What the statement does to the data.
    pub fn access(&self) -> Access {
        self.operation.access()
    }

    /// The tables it names.
    pub fn tables(&self) -> &'a [TableName] {
        self.operation.tables()
    }

    /// Whether it names the table of an entity.
    pub fn names<E: EntityTrait>(&self, entity: E) -> bool {
        let entity = TableName::of(entity);
        self.tables()
            .iter()
            .any(|table| entity.is(table, self.dialect))
    }

    /// The database the bindings name; nothing when there is no table, or when there are tables of
    /// several.
    pub fn bound_database(&self) -> Option<&'a DatabaseName> {
        match self.bound {
            Bound::One { database, .. } => Some(self.topology.database(*database).name()),
            Bound::NoTable | Bound::Several(_) | Bound::Refused(_) => None,
        }
    }
}

impl Bind {
    /// A database; reads go to its replicas, everything else to its primary.
    pub fn database(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Database {
            name: name.into(),
            role: None,
        }
    }

    /// The primary of a database.
    pub fn primary(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Database {
            name: name.into(),
            role: Some(Role::Primary),
        }
    }

    /// A replica of a database.
    pub fn replica(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Database {
            name: name.into(),
            role: Some(Role::Replica),
        }
    }

    /// One node.
    pub fn node(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Node(name.into())
    }
}
