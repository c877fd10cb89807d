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
use crate::dispatch::{Admitted, Core, Execute, NodeRequest, Retried, place_of};
use crate::error::{AvailabilityError, RoutingError, TxnError, at_node};
use crate::route::{Decision, Fixed, Target, WhyDatabase};
use crate::scope::Transactions;
use crate::session::Session;
use crate::sql::{Access, Evidence};
use crate::topology::{Attempted, DatabaseId, NodeId, PoolId, Role};

/// What opening a branch depends on.
#[derive(Clone, Copy)]
pub(super) struct BranchOpener<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a TransactionOptions,
    pub(super) transactions: &'a Transactions,
    pub(super) database: DatabaseId,
    pub(super) session: Option<&'a Session>,
}

/// Where a branch opens.
struct Place {
    attempted: Attempted,
    /// The pool of the node at the time of the decision: another one may be another role's.
    pool: PoolId,
    permit: Option<FallbackPermit>,
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
        if let Some(mut timer) = timer {
            let changed = result.as_ref().ok().map(ExecResult::rows_affected);
            timer.finished(result.as_ref().err(), changed);
        }
        result.map(drop)
    }

    /// Begins on the primary, or on one replica after the other.
    async fn begin(self, state: &mut BranchState) -> Result<(), DbErr> {
        let mut failed = SmallVec::<[NodeId; 4]>::new();
        let cluster = &self.core.cluster;
        loop {
            let place = self.place(&failed).await?;
            let (attempted, pool) = (place.attempted, place.pool);
            let Err(error) = self.begin_on(state, place).await else {
                if attempted.role == Role::Replica {
                    self.began_on_replica(attempted.node);
                }
                return Ok(());
            };
            state.close();
            cluster.report_failure(attempted, &error);
            let lost = matches!(Fault::of(&error), Fault::NoConnection | Fault::Lost);
            if attempted.role == Role::Primary || !lost {
                let topology = cluster.topology();
                if Fault::is_pool_timeout(&error) && cluster.pool(pool).waits_for_itself() {
                    return Err(RoutingError::waits_for_itself(
                        &topology.node(attempted.node).name,
                    )
                    .into());
                }
                return Err(at_node(error, || place_of(&topology, attempted.node)));
            }
            failed.push(attempted.node);
        }
    }

    fn began_on_replica(self, node: NodeId) {
        let cluster = &self.core.cluster;
        cluster.report_success(node);
        if let Some(session) = self.session {
            session.read(self.database, Some(node), cluster.clock().now());
        }
    }

    async fn begin_on(self, state: &mut BranchState, place: Place) -> Result<(), DbErr> {
        let Attempted { node, role, .. } = place.attempted;
        let pool = self.core.cluster.pool(place.pool);
        let has_monitor = self.core.cluster.has_monitor(self.database);
        let watch = NodeWatch {
            pool: has_monitor.then(|| pool.clone()),
            role,
        };
        pool.warn_of_itself();
        let acquired = pin!(BranchConnection::acquire(pool, *self.options));
        let link = Link {
            connection: watch.until_lost(acquired).await.map_err(not_sent)?,
            at: (node, role),
            pool: place.pool,
            watch,
            _permit: place.permit,
            _only: pool.hold_only(),
            events: None,
        };
        let texts = control::begin(state.dialect, self.options);
        state.begin(link, &texts).await
    }

    /// Chooses the node: the primary, or for a read-only transaction that may run on replicas, a replica
    /// as for a read of its session, with the permit that needs.
    async fn place(self, failed: &[NodeId]) -> Result<Place, DbErr> {
        if let Some(primary) = self.plain_primary() {
            return Ok(primary);
        }
        let (_, evidence) = self.access();
        let retried = self.retried(failed, &evidence)?;
        let Admitted { decision, permit } = Box::pin(self.core.admit(retried, failed)).await?;
        Ok(Place {
            attempted: decision.attempted(),
            pool: decision.pool,
            permit,
        })
    }

    /// The primary, if no other node is possible and it takes writes.
    fn plain_primary(self) -> Option<Place> {
        let topology = self.core.cluster.topology();
        let database = topology.database_by_id(self.database);
        let on_replica =
            self.transactions.on_replica(self.options) && !database.replicas.is_empty();
        let plain = !on_replica && database.write_block.is_none() && !database.removed;
        plain.then(|| Place {
            attempted: Attempted {
                database: self.database,
                node: database.primary,
                role: Role::Primary,
                pool: topology.node(database.primary).pool,
                was_chosen: false,
                may_write: true,
            },
            pool: topology.node(database.primary).pool,
            permit: None,
        })
    }

    /// Where a branch would open as the nodes are now.
    pub(super) fn foreseen(self) -> Result<Decision, DbErr> {
        let (_, evidence) = self.access();
        let retried = self.retried(&[], &evidence)?;
        self.core.foreseen(&self.core.cluster.topology(), retried)
    }

    fn retried<'e>(
        self,
        failed: &[NodeId],
        evidence: &'e Evidence,
    ) -> Result<Retried<'e>, RoutingError>
    where
        Self: 'e,
    {
        Ok(Retried {
            before: self.decide(failed)?,
            access: self.access().0,
            evidence,
            session: self.session,
        })
    }

    /// Decides where a branch opens, before it waits for a replica.
    fn decide(self, failed: &[NodeId]) -> Result<Decision, RoutingError> {
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

    /// What the transaction will run: reads only, or something that is not known yet.
    fn access(self) -> (Access, Evidence) {
        match self.options.access_mode {
            Some(AccessMode::ReadOnly) => (Access::Read, Evidence::Proven),
            _ => (Access::Unknown, Evidence::Unparsed),
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

/// The node was lost while the transaction waited for a connection.
fn not_sent(error: DbErr) -> DbErr {
    match RoutingError::of(&error) {
        Some(RoutingError::Availability(AvailabilityError::NodeLost { node, .. })) => {
            let node = node.clone();
            let reason =
                "the transaction still waited for a connection, and nothing of it was sent";
            RoutingError::Availability(AvailabilityError::NodeLost { node, reason }).into()
        }
        _ => error,
    }
}
