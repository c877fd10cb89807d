//! Which database? The scope of the handle, then the routing policies, then the bindings.

use sea_orm::{DbBackend, DbErr};

use super::{Fixed, NamedBy, Target, WhyDatabase};
use crate::bind::{Bind, BindRequest, Bound, RoutingPolicy};
use crate::error::{BindingError, RefusedError, RoutingError, TxnError};
use crate::scope::{Chosen, Place, Scope};
use crate::sql::Operation;
use crate::topology::{DatabaseId, NodeId, Role, Topology};

/// Everything that the choice of a database depends on.
#[derive(Debug)]
pub(crate) struct StatementInput<'a> {
    pub(crate) operation: &'a Operation,
    /// The dialect the statement is written in.
    pub(crate) dialect: DbBackend,
    /// The databases that the tables of the statement are bound to.
    pub(crate) bound: &'a Bound,
    pub(crate) scope: &'a Scope,
    pub(crate) topology: &'a Topology,
    pub(crate) policies: &'a [Box<dyn RoutingPolicy>],
    /// The database of statements that name no table.
    pub(crate) default: DatabaseId,
    /// Whether `using(..)` may not reach a table that is bound to another database.
    pub(crate) checks_using: bool,
    /// Uniform over `u64`, for the policies.
    pub(crate) random: u64,
}

/// The database of a statement outside a transaction.
///
/// # Errors
///
/// Statements that must not be sent: those over tables of several databases, and writes through a
/// read-only handle; and the error of a policy.
pub(crate) fn choose_database(input: &StatementInput<'_>) -> Result<Target, DbErr> {
    input.check_text()?;
    input.check_read_only()?;
    let (database, why, fixed) = match input.scope.place {
        Place::Node(node) => {
            let database = input.topology.node(node).database;
            input.check_using(database)?;
            (
                database,
                WhyDatabase::Node,
                Fixed::Node(node, NamedBy::Handle),
            )
        }
        Place::Database(database, Chosen::Using) => {
            input.check_using(database)?;
            (database, WhyDatabase::Using, Fixed::Nothing)
        }
        Place::Database(database, Chosen::Entity) => {
            (database, WhyDatabase::Entity, Fixed::Nothing)
        }
        Place::Anywhere => match input.ask_policies()? {
            Some((policy, bind)) => return Ok(input.policy_target(policy, &bind)?),
            None => return Ok(input.bound_target()?),
        },
    };
    Ok(Target {
        database,
        why,
        fixed,
    })
}

/// The database of a statement in a transaction, which runs on the primary.
///
/// # Errors
///
/// The errors of [`choose_database`], and the choice of a replica.
pub(crate) fn choose_branch_database(input: &StatementInput<'_>) -> Result<Target, DbErr> {
    input.check_text()?;
    input.check_read_only()?;
    if input.scope.role == Some(Role::Replica) {
        return Err(RoutingError::Transaction(TxnError::ReplicaInTransaction {
            scope: "on_replica()".to_owned(),
            primary: None,
        })
        .into());
    }
    if let Place::Node(node) = input.scope.place {
        input.check_is_primary(node)?;
    }
    choose_database(input)
}

impl StatementInput<'_> {
    /// sqlx's SQLite driver never finds the end of a text that contains a NUL byte.
    fn check_text(&self) -> Result<(), RoutingError> {
        match self.operation.has_zero_byte() && self.dialect == DbBackend::Sqlite {
            true => Err(RoutingError::Refused(RefusedError::NulByte)),
            false => Ok(()),
        }
    }

    fn check_read_only(&self) -> Result<(), RoutingError> {
        let access = self.operation.access();
        if self.scope.read_only && !access.is_read() {
            return Err(RoutingError::Refused(RefusedError::ReadOnly {
                scope: "read_only()",
                access,
                evidence: self.operation.evidence().clone(),
            }));
        }
        Ok(())
    }

    /// Refuses tables that are bound elsewhere, if that is to be checked.
    fn check_using(&self, used: DatabaseId) -> Result<(), RoutingError> {
        if !self.checks_using {
            return Ok(());
        }
        let elsewhere = match self.bound {
            Bound::One {
                database,
                table,
                explicit: true,
            } => Some((*table, *database)).filter(|(_, bound)| *bound != used),
            // A table without a binding counts as one of the default.
            Bound::Several(tables) => {
                let mut tables = tables.iter().copied();
                tables.find(|(_, bound)| *bound != used && *bound != self.default)
            }
            Bound::One { .. } | Bound::NoTable | Bound::Refused(_) => None,
        };
        let name = |id| self.topology.database_by_id(id).name.clone();
        match elsewhere {
            Some((table, bound)) => Err(RoutingError::Binding(BindingError::BoundElsewhere {
                table: self.operation.tables()[table].clone(),
                bound: name(bound),
                used: name(used),
            })),
            None => Ok(()),
        }
    }

    /// The answer of the first policy that gives one.
    fn ask_policies(&self) -> Result<Option<(usize, Bind)>, DbErr> {
        if self.policies.is_empty() {
            return Ok(None);
        }
        let request = BindRequest {
            operation: self.operation,
            dialect: self.dialect,
            random: self.random,
            bound_database: self.bound.database(self.topology),
        };
        for (index, policy) in self.policies.iter().enumerate() {
            if let Some(bind) = policy.get_bind(&request)? {
                return Ok(Some((index, bind)));
            }
        }
        Ok(None)
    }

    fn policy_target(&self, policy: usize, bind: &Bind) -> Result<Target, RoutingError> {
        let (database, fixed) = match bind {
            Bind::Node(name) => {
                let node = self.topology.require_node(name)?;
                (
                    self.topology.node(node).database,
                    Fixed::Node(node, NamedBy::Policy),
                )
            }
            Bind::Database { name, role } => {
                let fixed = role.map_or(Fixed::Nothing, Fixed::Role);
                (self.topology.require_database(name)?, fixed)
            }
        };
        Ok(Target {
            database,
            why: WhyDatabase::Policy(policy),
            fixed,
        })
    }

    /// The database that the bindings name.
    fn bound_target(&self) -> Result<Target, RoutingError> {
        let (database, why) = match self.bound {
            Bound::NoTable => (self.default, WhyDatabase::NoTable),
            Bound::One {
                database,
                table,
                explicit: true,
            } => (*database, WhyDatabase::Binding { table: *table }),
            Bound::One {
                database, table, ..
            } => (*database, WhyDatabase::Unbound { table: *table }),
            Bound::Refused(table) => {
                return Err(RoutingError::Binding(BindingError::Unbound {
                    table: self.operation.tables()[*table].clone(),
                }));
            }
            Bound::Several(tables) => return Err(self.several_databases(tables)),
        };
        Ok(Target {
            database,
            why,
            fixed: Fixed::Nothing,
        })
    }

    #[cold]
    fn several_databases(&self, tables: &[(usize, DatabaseId)]) -> RoutingError {
        let tables: Vec<_> = tables
            .iter()
            .map(|(table, database)| {
                let table = &self.operation.tables()[*table];
                (
                    table.clone(),
                    self.topology.database_by_id(*database).name.clone(),
                )
            })
            .collect();
        RoutingError::Binding(BindingError::SeveralDatabases { tables })
    }

    /// A transaction runs on the primary: no other node can be named in it.
    fn check_is_primary(&self, id: NodeId) -> Result<(), RoutingError> {
        let node = self.topology.node(id);
        let primary = self.topology.database_by_id(node.database).primary;
        match primary == id {
            true => Ok(()),
            false => Err(RoutingError::Transaction(TxnError::ReplicaInTransaction {
                scope: format!("using(..) with node \"{}\"", node.name),
                primary: Some(self.topology.node(primary).name.clone()),
            })),
        }
    }
}
