//! The routing policy: the user's own rule about where a statement goes.

use std::borrow::Cow;
use std::fmt;

use sea_orm::{DbBackend, DbErr, EntityTrait};

use crate::name::{DatabaseName, TableName};
use crate::sql::{Access, Operation};
use crate::topology::Role;

/// A rule about where a statement goes, called once per statement before the default rule.
///
/// Several policies are called in the order they were added; the first that returns a [`Bind`] wins.
/// An error reaches the caller as it is, and nothing is sent. A policy is not called for what a handle
/// has fixed (`using`, `on_primary`, ...).
///
/// The idea is SQLAlchemy's `Session.get_bind` and Django's database routers.
///
/// [`BindRequest::new`] makes a request for a unit test, which needs no database then.
///
/// ```
/// use sea_orm::{DbBackend, DbErr};
/// use sea_orm_routing::sql::Operation;
/// use sea_orm_routing::{Bind, BindRequest, RoutingPolicy};
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
///
/// let bind_of = |sql| {
///     let operation = Operation::of(sql, DbBackend::Postgres);
///     AuditElsewhere.get_bind(&BindRequest::new(&operation, DbBackend::Postgres))
/// };
/// assert_eq!(bind_of("SELECT * FROM audit_log")?, Some(Bind::database("warehouse")));
/// assert_eq!(bind_of("SELECT * FROM cake")?, None);
/// # Ok::<(), DbErr>(())
/// ```
pub trait RoutingPolicy: fmt::Debug + Send + Sync {
    /// Where the statement goes. Returns `None` to leave it to the next policy, and after the last
    /// one to the bindings.
    ///
    /// # Errors
    ///
    /// Any error that the policy wants the caller to see instead of a result.
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

/// What a policy knows about a statement.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BindRequest<'a> {
    /// What the statement does.
    pub operation: &'a Operation,
    /// The dialect it is written in.
    pub dialect: DbBackend,
    /// A random number, uniform over `u64`, for policies that choose.
    pub random: u64,
    /// The database that the bindings name.
    pub(crate) bound_database: Option<&'a DatabaseName>,
}

/// A policy's answer: a database and perhaps a role, or one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bind {
    /// A database. Without a role, reads go to a replica and everything else to the primary.
    Database {
        /// The name of the database.
        name: Cow<'static, str>,
        /// The role of the node, if the policy fixes it.
        role: Option<Role>,
    },
    /// One node by its name. The statement goes there even if the node cannot be reached.
    Node(Cow<'static, str>),
}

impl<'a> BindRequest<'a> {
    /// A request for the unit test of a policy: of a statement whose tables are not bound, with the
    /// random number 0. [`Operation::of`] makes the operation from a text.
    ///
    /// ```
    /// use sea_orm::DbBackend;
    /// use sea_orm_routing::sql::{Access, Operation};
    /// use sea_orm_routing::{BindRequest, DatabaseName};
    ///
    /// let operation = Operation::of("DELETE FROM cake", DbBackend::Sqlite);
    /// let warehouse = DatabaseName::new("warehouse");
    /// let request = BindRequest::new(&operation, DbBackend::Sqlite)
    ///     .with_bound_database(&warehouse)
    ///     .with_random(7);
    /// assert_eq!(request.access(), Access::Write);
    /// assert_eq!(request.tables()[0].name(), "cake");
    /// assert_eq!(request.bound_database(), Some(&warehouse));
    /// ```
    pub fn new(operation: &'a Operation, dialect: DbBackend) -> Self {
        Self {
            operation,
            dialect,
            random: 0,
            bound_database: None,
        }
    }

    /// Sets the database that the bindings name. Defaults to none.
    #[must_use]
    pub fn with_bound_database(self, database: &'a DatabaseName) -> Self {
        let bound_database = Some(database);
        Self {
            bound_database,
            ..self
        }
    }

    /// Sets the random number. Defaults to 0.
    #[must_use]
    pub fn with_random(self, random: u64) -> Self {
        Self { random, ..self }
    }

    /// What the statement does to the data.
    pub fn access(&self) -> Access {
        self.operation.access()
    }

    /// The tables the statement names.
    pub fn tables(&self) -> &'a [TableName] {
        self.operation.tables()
    }

    /// Whether the statement names the table of an entity.
    pub fn names<E: EntityTrait>(&self, entity: E) -> bool {
        let entity = TableName::of(entity);
        self.tables()
            .iter()
            .any(|table| entity.is(table, self.dialect))
    }

    /// The database that holds all tables of the statement, by the bindings. Returns `None` if the
    /// statement names no table, tables of several databases, or an unbound table that is refused.
    pub fn bound_database(&self) -> Option<&'a DatabaseName> {
        self.bound_database
    }
}

impl Bind {
    /// A database: reads go to its replicas, everything else to its primary.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct LockingReadsElsewhere;

    impl RoutingPolicy for LockingReadsElsewhere {
        fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
            let locks = request.access() == Access::LockingRead;
            Ok(locks.then(|| Bind::primary("locks")))
        }
    }

    #[test]
    fn a_policy_is_an_object_and_needs_no_database() -> Result<(), DbErr> {
        let policy: Box<dyn RoutingPolicy> = Box::new(LockingReadsElsewhere);
        let operation = Operation::of("SELECT * FROM a FOR UPDATE", DbBackend::Postgres);
        let request = BindRequest::new(&operation, DbBackend::Postgres);
        assert_eq!(policy.get_bind(&request)?, Some(Bind::primary("locks")));
        let operation = Operation::of("SELECT * FROM a", DbBackend::Postgres);
        let request = BindRequest::new(&operation, DbBackend::Postgres);
        assert_eq!(policy.get_bind(&request)?, None);
        assert!(policy.table_rules().is_none());
        Ok(())
    }
}
