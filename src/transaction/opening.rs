//! How a branch opens: on which node, with what.

use sea_orm::{DbBackend, DbErr, TransactionOptions};
use smallvec::SmallVec;

use super::control;
use super::open::Open;
use super::state::State;
use crate::cluster::Fault;
use crate::dispatch::Core;
use crate::error::RoutingError;
use crate::scope::{Chosen, Place, Scope, Transactions};
use crate::topology::{DatabaseId, NodeId, Role};

/// Everything that opening a branch depends on.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a TransactionOptions,
    pub(super) transactions: &'a Transactions,
    pub(super) database: DatabaseId,
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
            let at = self.node(&failed)?;
            let Err(error) = self.begin_on(state, at).await else {
                return Ok(());
            };
            state.give_up();
            let lost = matches!(Fault::of(&error), Fault::NoConnection | Fault::Lost);
            if at.1 == Role::Primary || !lost {
                return Err(error);
            }
            self.core.cluster.report_error(at.0, &error);
            failed.push(at.0);
        }
    }

    async fn begin_on(self, state: &mut State, at: (NodeId, Role)) -> Result<(), DbErr> {
        let open = Open::acquire(self.core.cluster.pool(at.0), *self.options).await?;
        let begin = control::begin(self.dialect(), self.options);
        state.begin(open, at, &begin).await
    }

    /// The primary; for a transaction that only reads, where that is wanted, a replica as for a read.
    pub(super) fn node(self, failed: &[NodeId]) -> Result<(NodeId, Role), DbErr> {
        let topology = self.core.cluster.topology();
        let database = topology.database(self.database);
        let on_replica = self.transactions.on_replica(self.options);
        if !on_replica || database.replicas.is_empty() {
            return Ok((database.primary, Role::Primary));
        }
        let scope = Scope {
            place: Place::Database(self.database, Chosen::Using),
            ..Scope::new(database.dialect)
        };
        let read = self.core.know("SELECT 1", database.dialect);
        let decision =
            self.core
                .decide(&topology, &scope, &read, database.dialect, failed, None)?;
        Ok((decision.node, decision.role))
    }

    fn dialect(self) -> DbBackend {
        self.core.cluster.topology().database(self.database).dialect
    }

    fn not_enlisted(self, source: DbErr) -> DbErr {
        let topology = self.core.cluster.topology();
        RoutingError::Enlist {
            database: topology.database(self.database).name.clone(),
            source: std::sync::Arc::new(source),
        }
        .into()
    }
}
