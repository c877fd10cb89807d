//! What a transaction refuses before anything is sent: writes where it only reads, writes to a second
//! database, a primary that has lost its role.

use sea_orm::{AccessMode, DbBackend};

use super::protocol;
use super::state::BranchState;
use super::transaction_state::TransactionState;
use crate::dispatch::Analysis;
use crate::error::{RefusedError, RoutingError, TxnError};
use crate::scope::TransactionMode;
use crate::sql::Access;
use crate::topology::{DatabaseId, NodeId, Role};

impl TransactionState {
    /// Refuses a statement that the transaction must not run. `access_mode` is the access mode of
    /// its level.
    pub(super) fn check(
        &self,
        analysis: &Analysis,
        database: DatabaseId,
        access_mode: Option<AccessMode>,
    ) -> Result<(), RoutingError> {
        let access = analysis.operation.access();
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        protocol::check_statement(&analysis.operation, found.dialect, &found.name)?;
        let writes = matches!(access, Access::Write | Access::Schema);
        // The server enforces read-only transactions, except SQLite, and except in a savepoint. Where it
        // does not, a statement that may write counts as a write.
        let enforced_here =
            found.dialect == DbBackend::Sqlite || access_mode != self.options.access_mode;
        let refused = writes || access == Access::Unknown && enforced_here;
        if refused && access_mode == Some(AccessMode::ReadOnly) {
            return Err(RoutingError::Refused(RefusedError::ReadOnly {
                scope: "a read-only transaction",
                access,
                evidence: analysis.operation.evidence().clone(),
            }));
        }
        self.check_writer(analysis, database, self.writes_to.get().copied())
    }

    /// Refuses a node by its name if the transaction reads from a replica.
    pub(super) fn check_node(
        &self,
        node: NodeId,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let topology = self.core.cluster.topology();
        let (mode, options) = (&self.transactions, &self.options);
        let on_replica =
            mode.on_replica(options) && !topology.database_by_id(database).replicas.is_empty();
        match on_replica {
            true => Err(RoutingError::Transaction(
                TxnError::NodeInReplicaTransaction {
                    node: topology.node(node).name.clone(),
                },
            )),
            false => Ok(()),
        }
    }

    /// Refuses to go on if a branch is open on a node that is no longer the primary. While that is undecided, it
    /// refuses what has written or may write.
    pub(super) fn check_primary(
        &self,
        state: &mut BranchState,
        database: DatabaseId,
        may_write: bool,
    ) -> Result<(), RoutingError> {
        let Some((node, Role::Primary)) = state.at() else {
            return Ok(());
        };
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        match &found.write_block {
            _ if found.primary != node => {
                let reason = format!("another node is the primary of \"{}\" now", found.name);
                state.phase.doom(reason.clone());
                Err(RoutingError::Transaction(TxnError::Doomed { reason }))
            }
            Some(block) if block.stops_transactions() && (may_write || state.is_written()) => {
                Err(block.error(found))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that a statement is about to be sent to an open branch: whether it may write or lock.
    pub(super) fn note_effects(
        &self,
        analysis: &Analysis,
        database: DatabaseId,
        state: &mut BranchState,
    ) -> Result<(), RoutingError> {
        if let Some(active) = state.phase.active_mut() {
            active.locks |= analysis.may_lock();
            active.unproven |= analysis.is_unproven_session();
        }
        if !analysis.may_write() {
            return Ok(());
        }
        let first = *self.writes_to.get_or_init(|| database);
        self.check_writer(analysis, database, Some(first))?;
        if let Some(active) = state.phase.active_mut() {
            active.written = true;
        }
        Ok(())
    }

    fn check_writer(
        &self,
        analysis: &Analysis,
        database: DatabaseId,
        first: Option<DatabaseId>,
    ) -> Result<(), RoutingError> {
        match (self.transactions.mode, first) {
            (TransactionMode::SingleDatabase, Some(first))
                if first != database && analysis.may_write() =>
            {
                let topology = self.core.cluster.topology();
                Err(RoutingError::Transaction(TxnError::SecondDatabase {
                    first: topology.database_by_id(first).name.clone(),
                    second: topology.database_by_id(database).name.clone(),
                }))
            }
            _ => Ok(()),
        }
    }
}
