//! How a branch opens: on which node, with what.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{AccessMode, DbBackend, DbErr, TransactionOptions};
use smallvec::SmallVec;

use super::control;
use super::open::Open;
use super::state::State;
use crate::cluster::{FallbackPermit, Fault};
use crate::dispatch::{Core, Known};
use crate::error::RoutingError;
use crate::route::{Decision, WhyNode};
use crate::scope::{Chosen, Place, Scope, Transactions};
use crate::session::Session;
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
        for statement in self.transactions.enlist(self.database) {
            if let Err(error) = state.run_first(statement).await {
                state.give_up();
                return Err(self.not_enlisted(error));
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
        let open = match self.core.cluster.has_monitor(self.database) {
            true => pool.unless_gone(at.1, acquired).await?,
            false => acquired.await?,
        };
        let begin = control::begin(self.dialect(), self.options);
        let watched = self.core.cluster.has_monitor(self.database);
        let watched = watched.then(|| pool.clone());
        state.begin(open, watched, at, &begin).await
    }

    /// The primary, if it takes what may come; for a transaction that only reads, where that is wanted,
    /// a replica as for a read of its session, with the leave that needs.
    async fn node(
        self,
        failed: &[NodeId],
    ) -> Result<((NodeId, Role), Option<FallbackPermit>), DbErr> {
        if let Some(primary) = self.plain_primary() {
            return Ok(((primary, Role::Primary), None));
        }
        let mut decision = self.decide(failed)?;
        let scope = self.scope();
        if decision.why_node == WhyNode::NotCaughtUp {
            let read = self.read();
            let waited = self.core.wait_for_replica(&scope, &read, decision, failed);
            decision = Box::pin(waited).await?;
        }
        let leave = Box::pin(self.core.leave(&scope, decision)).await?;
        Ok(((decision.node, decision.role), leave))
    }

    /// The primary, where nothing else is to be thought of.
    fn plain_primary(self) -> Option<NodeId> {
        let topology = self.core.cluster.topology();
        let database = topology.database_by_id(self.database);
        let on_replica =
            self.transactions.on_replica(self.options) && !database.replicas.is_empty();
        let plain = !on_replica && database.write_block.is_none() && !database.removed;
        plain.then_some(database.primary)
    }

    /// Where a branch opens, before it waits for a replica.
    pub(super) fn decide(self, failed: &[NodeId]) -> Result<Decision, DbErr> {
        let topology = self.core.cluster.topology();
        let database = topology.database_by_id(self.database);
        let mut scope = self.scope();
        if !self.transactions.on_replica(self.options) || database.replicas.is_empty() {
            scope.role = Some(Role::Primary);
        }
        let first = match self.options.access_mode {
            Some(AccessMode::ReadOnly) => self.read(),
            _ => self.core.know("SELECT 1 FOR UPDATE", database.dialect),
        };
        self.core
            .decide(&topology, &scope, &first, database.dialect, failed, None)
    }

    fn scope(self) -> Scope {
        Scope {
            place: Place::Database(self.database, Chosen::Using),
            session: self.session.cloned(),
            ..Scope::new(self.dialect())
        }
    }

    fn read(self) -> Arc<Known> {
        self.core.know("SELECT 1", self.dialect())
    }

    fn dialect(self) -> DbBackend {
        self.core
            .cluster
            .topology()
            .database_by_id(self.database)
            .dialect
    }

    fn not_enlisted(self, source: DbErr) -> DbErr {
        let topology = self.core.cluster.topology();
        RoutingError::Enlist {
            database: topology.database_by_id(self.database).name.clone(),
            source: std::sync::Arc::new(source),
        }
        .into()
    }
}
