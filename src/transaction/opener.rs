//! How a branch opens: it chooses a node, takes a connection, begins, and runs the statements that the
//! user wants first on every branch. A replica that is lost meanwhile is replaced by another one.

use std::pin::pin;
use std::sync::Arc;

use sea_orm::{AccessMode, DbErr, ExecResult, Statement, TransactionOptions};
use smallvec::SmallVec;

use super::connection::BranchConnection;
use super::control;
use super::events::BranchEvents;
use super::state::{BranchState, Link, NodeWatch};
use crate::cluster::{FallbackPermit, Fault};
use crate::dispatch::{Admitted, Core, Execute, NodeRequest, Retried};
use crate::error::{RoutingError, TxnError};
use crate::route::{Decision, Fixed, Target, WhyDatabase};
use crate::scope::Transactions;
use crate::session::Session;
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, NodeId, Role};

/// What opening a branch depends on.
#[derive(Clone, Copy)]
pub(super) struct BranchOpener<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a TransactionOptions,
    pub(super) transactions: &'a Transactions,
    pub(super) database: DatabaseId,
    pub(super) session: Option<&'a Session>,
}

impl BranchOpener<'_> {
    /// Takes a connection, begins, and runs the statements that come first.
    pub(super) async fn open(self, state: &mut BranchState) -> Result<(), DbErr> {
        let opened = self.open_or_fail(state).await;
        match opened {
            Ok(()) => {
                state.phase.opened();
                let link = state.link_mut()?;
                link.events = BranchEvents::opened(self.core, self.database, link.at.0);
            }
            Err(_) => state.close(),
        }
        opened
    }

    async fn open_or_fail(self, state: &mut BranchState) -> Result<(), DbErr> {
        self.begin(state).await?;
        for statement in self.transactions.branch_begin(self.database) {
            let sent = self.send_first(state.link_mut()?, statement);
            sent.await
                .map_err(|error| self.branch_begin_failed(error))?;
        }
        Ok(())
    }

    /// Runs a statement that comes first on the branch.
    async fn send_first(self, link: &mut Link, statement: &Statement) -> Result<(), DbErr> {
        let observed = self.core.observed_statement(statement);
        let timer = self.core.time_attempt(link.at.0, observed);
        let answer = pin!(link.connection.statement::<Execute>(statement.clone()));
        let result = link.watch.until_lost(answer).await;
        if let Some(timer) = timer {
            let changed = result.as_ref().ok().map(ExecResult::rows_affected);
            timer.finished(result.as_ref().err(), changed);
        }
        result.map(drop)
    }

    /// Begins on the primary, or on one replica after the other.
    async fn begin(self, state: &mut BranchState) -> Result<(), DbErr> {
        let mut failed = SmallVec::<[NodeId; 4]>::new();
        loop {
            let (at, permit) = self.node(&failed).await?;
            let Err(error) = self.begin_on(state, at, permit).await else {
                if let (Some(session), (node, Role::Replica)) = (self.session, at) {
                    let now = self.core.cluster.clock().now();
                    session.read(self.database, Some(node), now);
                }
                return Ok(());
            };
            state.close();
            let lost = matches!(Fault::of(&error), Fault::NoConnection | Fault::Lost);
            if at.1 == Role::Primary || !lost {
                self.core.cluster.report_primary(self.database, &error);
                return Err(error);
            }
            self.core.cluster.report_error(at.0, &error);
            failed.push(at.0);
        }
    }

    async fn begin_on(
        self,
        state: &mut BranchState,
        at: (NodeId, Role),
        permit: Option<FallbackPermit>,
    ) -> Result<(), DbErr> {
        let pool = self.core.cluster.pool_of(at.0);
        let watched = self.core.cluster.has_monitor(self.database);
        let watch = NodeWatch {
            pool: watched.then(|| pool.clone()),
            role: at.1,
        };
        let acquired = pin!(BranchConnection::acquire(pool, *self.options));
        let link = Link {
            connection: watch.until_lost(acquired).await?,
            at,
            watch,
            _permit: permit,
            events: None,
        };
        let texts = control::begin(state.dialect, self.options);
        state.begin(link, &texts).await
    }

    /// Chooses the node: the primary, or for a read-only transaction that may run on replicas, a replica
    /// as for a read of its session, with the permit that needs.
    async fn node(
        self,
        failed: &[NodeId],
    ) -> Result<((NodeId, Role), Option<FallbackPermit>), DbErr> {
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

    /// The primary, if no other node is possible and it takes writes.
    fn plain_primary(self) -> Option<NodeId> {
        let topology = self.core.cluster.topology();
        let database = topology.database_by_id(self.database);
        let on_replica =
            self.transactions.on_replica(self.options) && !database.replicas.is_empty();
        let plain = !on_replica && database.write_block.is_none() && !database.removed;
        plain.then_some(database.primary)
    }

    /// Decides where a branch opens, before it waits for a replica.
    pub(super) fn decide(self, failed: &[NodeId]) -> Result<Decision, RoutingError> {
        let topology = self.core.cluster.topology();
        let database = topology.database_by_id(self.database);
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

    /// What the transaction may run: reads only, or everything.
    fn access(self) -> (Access, Evidence) {
        match self.options.access_mode {
            Some(AccessMode::ReadOnly) => (Access::Read, Evidence::Proven),
            _ => (Access::LockingRead, Evidence::LockingClause),
        }
    }

    fn branch_begin_failed(self, source: DbErr) -> DbErr {
        let topology = self.core.cluster.topology();
        RoutingError::Transaction(TxnError::BranchBegin {
            database: topology.database_by_id(self.database).name.clone(),
            source: Arc::new(source),
        })
        .into()
    }
}
