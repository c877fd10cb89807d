//! The rule of the house.

use sea_orm::{DbBackend, DbErr};

use super::replica::Read;
use super::{Decision, Question, WhyDatabase, WhyNode, WhyRole};
use crate::bind::{Bind, BindRequest, Bound};
use crate::error::RoutingError;
use crate::scope::{Chosen, Place};
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, NodeId, Role, Service, WriteBlock};

/// The database, what fixed it, and the role that was fixed with it.
struct Target {
    database: DatabaseId,
    why: WhyDatabase,
    role: Option<Role>,
}

/// Where the statement goes.
///
/// # Errors
///
/// What must not be sent: tables of several databases, a write where only reads may go, a policy's
/// own error, no replica where the primary is no substitute.
pub(crate) fn decide(question: &Question<'_>) -> Result<Decision, DbErr> {
    question.check_text()?;
    question.check_read_only()?;
    if let Place::Node(node) = question.scope.place {
        return Ok(question.node(node, WhyDatabase::Node, "using(..)")?);
    }
    let target = match question.scope.place {
        Place::Database(database, chosen) => Target {
            database,
            why: match chosen {
                Chosen::Using => WhyDatabase::Using,
                Chosen::Entity => WhyDatabase::Entity,
            },
            role: None,
        },
        Place::Anywhere | Place::Node(_) => match question.ask_policies()? {
            Some((policy, Bind::Node(name))) => {
                let node = question.find_node(&name)?;
                let why = WhyDatabase::Policy(policy);
                return match question.follows_up_on_replica(node) {
                    Some(database) => Ok(question.choose(&Target {
                        database,
                        why,
                        role: None,
                    })?),
                    None => Ok(question.node(node, why, "the routing policy")?),
                };
            }
            Some((policy, Bind::Database { name, role })) => Target {
                database: question.find_database(&name)?,
                why: WhyDatabase::Policy(policy),
                role,
            },
            None => question.bound_target()?,
        },
    };
    Ok(question.choose(&target)?)
}

/// The database a statement of a transaction belongs to: its scope, its policies, its bindings.
/// Nothing when it names no table and nothing else says.
pub(crate) fn decide_branch(
    question: &Question<'_>,
) -> Result<Option<(DatabaseId, WhyDatabase)>, DbErr> {
    question.check_text()?;
    question.check_read_only()?;
    if question.scope.role == Some(Role::Replica) {
        return Err(RoutingError::NotInTransaction {
            scope: "on_replica()".to_owned(),
            primary: String::new(),
        }
        .into());
    }
    match question.scope.place {
        Place::Database(database, Chosen::Using) => Ok(Some((database, WhyDatabase::Using))),
        Place::Database(database, Chosen::Entity) => Ok(Some((database, WhyDatabase::Entity))),
        Place::Node(node) => {
            let database = question.primary_only(node)?;
            Ok(Some((database, WhyDatabase::Node)))
        }
        Place::Anywhere => match question.ask_policies()? {
            Some((policy, Bind::Node(name))) => {
                let node = question.find_node(&name)?;
                let database = question.topology.node(node).database;
                Ok(Some((database, WhyDatabase::Policy(policy))))
            }
            Some((policy, Bind::Database { name, .. })) => {
                let database = question.find_database(&name)?;
                Ok(Some((database, WhyDatabase::Policy(policy))))
            }
            None if *question.bound == Bound::NoTable => Ok(None),
            None => {
                let target = question.bound_target()?;
                Ok(Some((target.database, target.why)))
            }
        },
    }
}

impl Question<'_> {
    /// sqlx's SQLite driver never finds the end of a text with a zero byte.
    #[inline]
    fn check_text(&self) -> Result<(), RoutingError> {
        match self.operation.has_zero_byte() && self.dialect == DbBackend::Sqlite {
            true => Err(RoutingError::ZeroByte),
            false => Ok(()),
        }
    }

    #[inline]
    fn check_read_only(&self) -> Result<(), RoutingError> {
        let access = self.operation.access();
        if self.scope.read_only && access != Access::Read {
            return Err(RoutingError::ReadOnly {
                scope: "read_only()",
                access,
                evidence: self.operation.evidence().clone(),
            });
        }
        Ok(())
    }

    /// The database of a replica that a policy named for a read of the row that was just written.
    fn follows_up_on_replica(&self, node: NodeId) -> Option<DatabaseId> {
        let node = self.topology.node(node);
        let replica = node.role == Role::Replica && self.follows_up == Some(node.database);
        replica.then_some(node.database)
    }

    /// The first policy with an opinion.
    #[inline]
    fn ask_policies(&self) -> Result<Option<(usize, Bind)>, DbErr> {
        if self.policies.is_empty() {
            return Ok(None);
        }
        let request = BindRequest {
            operation: self.operation,
            dialect: self.dialect,
            random: (self.random)(),
            bound: self.bound,
            topology: self.topology,
        };
        for (index, policy) in self.policies.iter().enumerate() {
            if let Some(bind) = policy.get_bind(&request)? {
                return Ok(Some((index, bind)));
            }
        }
        Ok(None)
    }

    /// The database the bind table names.
    #[inline]
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
                return Err(RoutingError::Unbound {
                    table: self.operation.tables()[*table].clone(),
                });
            }
            Bound::Several(tables) => return Err(self.several(tables)),
        };
        Ok(Target {
            database,
            why,
            role: None,
        })
    }

    fn several(&self, tables: &[(usize, DatabaseId)]) -> RoutingError {
        let tables: Vec<_> = tables
            .iter()
            .map(|(table, database)| {
                let table = &self.operation.tables()[*table];
                format!("{table} ({})", self.topology.database_by_id(*database).name)
            })
            .collect();
        RoutingError::SeveralDatabases {
            tables: tables.join(", "),
        }
    }

    #[inline]
    fn choose(&self, target: &Target) -> Result<Decision, RoutingError> {
        let (role, why_role) = self.role(target)?;
        let database = self.topology.database_by_id(target.database);
        if database.removed {
            return Err(self.removed(database.name.as_str()));
        }
        let picked = match role {
            Role::Primary => self
                .primary(target.database)
                .map(|node| (node, WhyNode::Primary)),
            Role::Replica if database.replicas.is_empty() => {
                let fallback = self.fall_back(target.database, &[], &[]);
                fallback.map(|node| (node, WhyNode::NoReplicas))
            }
            Role::Replica => match self.read(target.database)? {
                Read::OnPrimary => {
                    let node = self.primary(target.database)?;
                    return Ok(self.decision(target, node, WhyRole::Session, WhyNode::Primary));
                }
                Read::On(node, why) => Ok((node, why)),
            },
        };
        let (node, why_node) = picked?;
        Ok(self.decision(target, node, why_role, why_node))
    }

    fn decision(
        &self,
        target: &Target,
        id: NodeId,
        why_role: WhyRole,
        why_node: WhyNode,
    ) -> Decision {
        let node = self.topology.node(id);
        Decision {
            database: target.database,
            node: id,
            pool: node.pool,
            role: node.role,
            why_database: target.why,
            why_role,
            why_node,
        }
    }

    /// The primary, if it takes what is to be sent.
    #[inline]
    pub(super) fn primary(&self, id: DatabaseId) -> Result<NodeId, RoutingError> {
        let database = self.topology.database_by_id(id);
        match &database.write_block {
            None => Ok(database.primary),
            Some(halt) => match self.halts(halt) {
                false => Ok(database.primary),
                true => Err(halt.error(database)),
            },
        }
    }

    /// Whether a halt is one for this statement.
    fn halts(&self, halt: &WriteBlock) -> bool {
        match halt {
            WriteBlock::SplitBrain(_) | WriteBlock::NoPrimary => {
                self.operation.access() != Access::Read
            }
            WriteBlock::Unreachable { .. } => halt.holds((self.now)()),
        }
    }

    #[inline]
    fn role(&self, target: &Target) -> Result<(Role, WhyRole), RoutingError> {
        let access = self.operation.access();
        let (role, why, by) = match (self.scope.role, target.role) {
            (Some(role), _) => (role, WhyRole::Scope, "on_replica()"),
            (None, _) if self.follows_up == Some(target.database) => {
                return Ok((Role::Primary, WhyRole::FollowUp));
            }
            (None, Some(role)) => (role, WhyRole::Policy, "the routing policy"),
            (None, None) if access == Access::Read => return Ok((Role::Replica, WhyRole::Read)),
            (None, None) => return Ok((Role::Primary, WhyRole::NotRead)),
        };
        if role == Role::Replica {
            self.check_replica(target.database, by)?;
        }
        Ok((role, why))
    }

    /// An explicit choice of a replica is obeyed, but not for what is known to write or lock.
    fn check_replica(&self, database: DatabaseId, by: &'static str) -> Result<(), RoutingError> {
        let access = self.operation.access();
        // SET would lift the guard of a connection that others use next.
        let sets = matches!(self.operation.evidence(), Evidence::Keyword(word)
            if !word.eq_ignore_ascii_case("show") && !word.eq_ignore_ascii_case("explain"));
        match access {
            Access::Read | Access::Unknown => Ok(()),
            Access::Session if !sets => Ok(()),
            Access::Session | Access::LockingRead | Access::Write | Access::Schema => {
                Err(RoutingError::WriteOnReplica {
                    by,
                    database: self.topology.database_by_id(database).name.clone(),
                    access,
                    evidence: self.operation.evidence().clone(),
                })
            }
        }
    }

    /// One node, chosen by name.
    fn node(
        &self,
        id: NodeId,
        why_database: WhyDatabase,
        by: &'static str,
    ) -> Result<Decision, RoutingError> {
        let node = self.topology.node(id);
        if node.service == Service::Removed {
            return Err(self.removed(node.name.as_str()));
        }
        if self.scope.role.is_some_and(|role| role != node.role) {
            return self.choose(&Target {
                database: node.database,
                why: why_database,
                role: None,
            });
        }
        match node.role {
            Role::Replica => self.check_replica(node.database, by)?,
            Role::Primary => drop(self.primary(node.database)?),
        }
        Ok(Decision {
            database: node.database,
            node: id,
            pool: node.pool,
            role: node.role,
            why_database,
            why_role: WhyRole::Node,
            why_node: WhyNode::Chosen,
        })
    }

    /// The database of a node a transaction can run on.
    fn primary_only(&self, id: NodeId) -> Result<DatabaseId, RoutingError> {
        let node = self.topology.node(id);
        let primary = self.topology.database_by_id(node.database).primary;
        match primary == id {
            true => Ok(node.database),
            false => Err(RoutingError::NotInTransaction {
                scope: format!("using(..) with the node {}", node.name),
                primary: format!(", {}", self.topology.node(primary).name),
            }),
        }
    }

    #[cold]
    fn removed(&self, name: &str) -> RoutingError {
        RoutingError::Removed {
            name: name.to_owned(),
        }
    }

    fn find_database(&self, name: &str) -> Result<DatabaseId, RoutingError> {
        self.topology
            .find_database(name)
            .ok_or_else(|| RoutingError::unknown_database(name, self.topology.database_names()))
    }

    fn find_node(&self, name: &str) -> Result<NodeId, RoutingError> {
        self.topology
            .find_node(name)
            .ok_or_else(|| RoutingError::unknown_node(name, self.topology.node_names()))
    }
}
