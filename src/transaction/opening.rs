//! How a branch opens: on which node, with what.

use std::time::Instant;

use sea_orm::{AccessMode, DbBackend, DbErr, TransactionOptions};
use smallvec::SmallVec;

use super::control;
use super::open::Open;
use super::state::State;
use crate::cluster::{Fault, Leave};
use crate::dispatch::{Admitted, Core, NodeRequest, Retried};
use crate::error::{RoutingError, TxnError};
use crate::route::{Decision, Fixed, Target, WhyDatabase};
use crate::scope::Transactions;
use crate::session::Session;
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, NodeId, Role};

/// Everything that opening a branch depends on.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a TransactionOptions,
    pub(super) transactions: &'a Transactions,
    pub(super) database: DatabaseId,
    pub(super) session: Option<&'a Session>,
}

impl Opening<'_> {
    /// Takes a connection, begins, and runs what is to be run first.
    pub(super) async fn open(self, state: &mut State) -> Result<(), DbErr> {
        self.begin(state).await?;
        for statement in self.transactions.branch_begin(self.database) {
            if let Err(error) = state.run_first(statement).await {
                state.give_up();
                return Err(self.branch_begin_failed(error));
            }
        }
        state.opened();
        Ok(())
    }

    /// Begins on the primary, or on one replica after the other.
    async fn begin(self, state: &mut State) -> Result<(), DbErr> {
        let mut failed = SmallVec::<[NodeId; 4]>::new();
        loop {
            let (at, leave) = self.node(&failed).await?;
            let Err(error) = self.begin_on(state, at).await else {
                if let (Some(session), (node, Role::Replica)) = (self.session, at) {
                    session.read(self.database, Some(node), Instant::now());
                }
                state.leave = leave;
                return Ok(());
            };
            state.give_up();
            let lost = matches!(Fault::of(&error), Fault::NoConnection | Fault::Lost);
            if at.1 == Role::Primary || !lost {
                self.core.cluster.report_primary(self.database, &error);
                return Err(error);
            }
            self.core.cluster.report_error(at.0, &error);
            failed.push(at.0);
        }
    }

    async fn begin_on(self, state: &mut State, at: (NodeId, Role)) -> Result<(), DbErr> {
        let pool = self.core.cluster.pool_of(at.0);
        let acquired = Open::acquire(pool, *self.options);
        let open = match self.core.cluster.is_watched(self.database) {
            true => pool.unless_gone(at.1, acquired).await?,
            false => acquired.await?,
        };
        let begin = control::begin(self.dialect(), self.options);
        let watched = self.core.cluster.is_watched(self.database);
        let watched = watched.then(|| pool.clone());
        state.begin(open, watched, at, &begin).await
    }

    /// The primary, if it takes what may come; for a transaction that only reads, where that is wanted,
    /// a replica as for a read of its session, with the permit that needs.
    async fn node(self, failed: &[NodeId]) -> Result<((NodeId, Role), Option<Leave>), DbErr> {
        if let Some(primary) = self.plain_primary() {
            return Ok(((primary, Role::Primary), None));
        }
        let (access, evidence) = self.access();
        let retried = Retried {
            before: self.decide(failed)?,
            access,
            evidence: &evidence,
            session: self.session,
        };
        let Admitted { decision, permit } = Box::pin(self.core.admit(retried, failed)).await?;
        Ok(((decision.node, decision.role), permit))
    }

    /// The primary, where nothing else is to be thought of.
    fn plain_primary(self) -> Option<NodeId> {
        let topology = self.core.cluster.topology();
        let database = topology.database(self.database);
        let on_replica =
            self.transactions.on_replica(self.options) && !database.replicas.is_empty();
        let plain = !on_replica && database.halt.is_none() && !database.removed;
        plain.then_some(database.primary)
    }

    /// Where a branch opens, before it waits for a replica.
    pub(super) fn decide(self, failed: &[NodeId]) -> Result<Decision, RoutingError> {
        let topology = self.core.cluster.topology();
        let database = topology.database(self.database);
        let on_primary =
            !self.transactions.on_replica(self.options) || database.replicas.is_empty();
        let (access, evidence) = self.access();
        self.core.choose_node(
            &topology,
            NodeRequest {
                target: Target {
                    database: self.database,
                    why: WhyDatabase::Using,
                    fixed: Fixed::Nothing,
                },
                access,
                evidence: &evidence,
                role: on_primary.then_some(Role::Primary),
                is_follow_up: false,
                session: self.session,
                failed,
            },
        )
    }

    /// What may come: reads only, or everything.
    fn access(self) -> (Access, Evidence) {
        match self.options.access_mode {
            Some(AccessMode::ReadOnly) => (Access::Read, Evidence::Proven),
            _ => (Access::LockingRead, Evidence::LockingClause),
        }
    }

    fn dialect(self) -> DbBackend {
        self.core.cluster.topology().database(self.database).dialect
    }

    fn branch_begin_failed(self, source: DbErr) -> DbErr {
        let topology = self.core.cluster.topology();
        RoutingError::Transaction(TxnError::BranchBegin {
            database: topology.database(self.database).name.clone(),
            source: std::sync::Arc::new(source),
        })
        .into()
    }
}
