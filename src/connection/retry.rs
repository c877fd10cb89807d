//! One attempt to get a statement answered, and the next one on another node.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{DatabaseConnection, DbErr, Statement};
use smallvec::SmallVec;

use super::pending_reply::{Delivered, PendingReply};
use super::send::{Deliver, OpenPool, Reply};
use crate::cluster::Fault;
use crate::dispatch::{Analysis, Answer, Core, Origin, Planned, Retried, Source};
use crate::error::RoutingError;
use crate::observe::{Event, EventKind};
use crate::route::{Decision, Remembers};
use crate::scope::Scope;
use crate::topology::{Attempted, Load, NodeId, Role};

/// A statement on its way to the node that was decided on.
pub(crate) struct Attempt<'a> {
    core: &'a Core,
    scope: &'a Scope,
    analysis: Arc<Analysis>,
    pub(super) decision: Decision,
    /// Load of the node, if it is a replica or was chosen among several.
    load: Option<Arc<Load>>,
    /// Whether a monitor reports when the node is dead.
    has_monitor: bool,
    /// The attempts that failed before this one.
    failures: Option<Box<Failures>>,
}

/// The attempts that failed.
#[derive(Default)]
struct Failures {
    nodes: SmallVec<[NodeId; 4]>,
    /// Whether a replica has refused the statement as a write.
    was_refused: bool,
    /// The instant after which no further replica is tried.
    deadline: Option<Instant>,
}

/// Where a statement that failed may be sent.
enum Retry {
    Never,
    /// To another node, as a read.
    Elsewhere,
    /// To the primary: a replica refused it as a write.
    OnPrimary,
}

impl<'a> Attempt<'a> {
    /// The first attempt of a statement.
    pub(super) fn first(core: &'a Core, scope: &'a Scope, planned: Planned) -> (Self, Statement) {
        let Planned {
            statement,
            analysis,
            decision,
            load,
        } = planned;
        let attempt = Self {
            core,
            scope,
            analysis,
            load,
            has_monitor: core.cluster.has_monitor(decision.database),
            decision,
            failures: None,
        };
        (attempt, statement)
    }

    /// Whether something has to be done while the statement is in flight, or after the reply.
    pub(super) fn needs_bookkeeping(&self) -> bool {
        let decision = self.decision;
        decision.role == Role::Replica
            || decision.may_retry_elsewhere
            || self.has_monitor
            || self.core.may_leave_mark(&self.analysis)
            || self.scope.session.is_some()
                && (self.may_write() || decision.remembers == Remembers::Primary)
            || self.core.times_attempts()
    }

    /// Whether its session counts it as a write.
    fn may_write(&self) -> bool {
        let failures = self.failures.as_ref();
        let was_refused = failures.is_some_and(|failures| failures.was_refused);
        was_refused || self.analysis.counts_as_write()
    }

    fn failed_nodes(&self) -> &[NodeId] {
        let failures = self.failures.as_ref();
        failures.map_or(&[], |failures| &failures.nodes)
    }

    pub(super) fn tell_attempt(&self) {
        self.core
            .tell_route(EventKind::Attempted, &self.analysis, self.decision);
    }

    /// The pool of the decision, which is open.
    pub(super) fn on(&self, open: &'a DatabaseConnection) -> OpenPool<'a> {
        OpenPool::new(self.scope, self.core.cluster.pool(self.decision.pool), open)
    }

    /// Sends the statement to the pool of the decision, which is open.
    pub(super) fn send_on<D: Deliver, S: Source>(
        &self,
        source: &mut S,
        open: &'a DatabaseConnection,
        statement: Statement,
    ) -> Reply<'a, D::Output> {
        let observed = self.keep(source, &statement);
        Reply {
            answer: D::send(self.on(open), statement, self.decision),
            permit: None,
            statement: observed,
        }
    }

    /// Keeps a statement that is about to be sent, as far as it is needed later: for a retry, and for
    /// observers.
    fn keep<S: Source>(&self, source: &mut S, statement: &Statement) -> Option<Box<Statement>> {
        if self.decision.may_retry_elsewhere {
            source.keep(statement);
        }
        self.core.observed_statement(statement)
    }

    /// Does what the decision needs before sending, then sends the statement.
    pub(super) async fn admit_then_send<D: Deliver, S: Source>(
        &mut self,
        source: &mut S,
        statement: Statement,
    ) -> Result<Reply<'a, D::Output>, DbErr> {
        let admitted = {
            let retried = Retried::new(self.scope, &self.analysis, self.decision);
            let admitted = self.core.admit(retried, self.failed_nodes()).await;
            admitted.inspect_err(|error| self.core.tell_refusal(error))?
        };
        self.go_to(admitted.decision);
        let observed = self.keep(source, &statement);
        let (core, scope, decision) = (self.core, self.scope, self.decision);
        let answer: Answer<'a, D::Output> = Box::pin(async move {
            let pool = core.cluster.pool(decision.pool);
            let on = OpenPool::new(scope, pool, pool.open().await?);
            D::send(on, statement, decision).await
        });
        Ok(Reply {
            answer,
            permit: admitted.permit,
            statement: observed,
        })
    }

    fn go_to(&mut self, decision: Decision) {
        if decision.node != self.decision.node {
            let topology = self.core.cluster.topology();
            self.load = decision.load(&topology);
        }
        self.decision = decision;
    }

    /// Awaits the reply of the node, and reports how it ended.
    pub(super) async fn await_reply<D: Deliver>(
        &self,
        reply: Reply<'_, D::Output>,
    ) -> Result<D::Output, DbErr> {
        self.tell_attempt();
        let (core, decision) = (self.core, self.decision);
        let mut pending = PendingReply::begin(
            core,
            self.scope,
            decision,
            self.load.as_ref(),
            self.may_write(),
            reply.statement,
        );
        let monitored = self.has_monitor.then(|| core.cluster.pool(decision.pool));
        let answer = match monitored {
            Some(pool) => pool.unless_lost(decision.role, reply.answer).await,
            None => reply.answer.await,
        };
        match answer {
            Ok(output) => {
                let delivered = Delivered {
                    pending,
                    permit: reply.permit,
                    cluster: &core.cluster,
                    monitored,
                };
                let output = D::delivered(output, delivered);
                if D::proves_answer(decision) {
                    self.report_success();
                }
                self.named::<D>(Ok(output))
            }
            Err(error) => {
                pending.ended(Some(&error), None);
                let attempted = Attempted {
                    may_write: !self.scope.read_only,
                    ..decision.attempted()
                };
                core.cluster.report_failure(attempted, &error);
                self.named::<D>(Err(error))
            }
        }
    }

    /// What the node has answered. Its errors, and those of rows that are still to come, say where they came
    /// from.
    pub(super) fn named<D: Deliver>(
        &self,
        answer: Result<D::Output, DbErr>,
    ) -> Result<D::Output, DbErr> {
        let origin = || Origin::new(self.core, &self.analysis, self.decision);
        match answer {
            Ok(output) => Ok(D::keep_origin(output, origin)),
            Err(error) if self.has_waited_for_itself(&error) => {
                let pool = self.core.cluster.pool(self.decision.pool);
                Err(RoutingError::waits_for_itself(pool.name()).into())
            }
            Err(error) => Err(origin().named(error)),
        }
    }

    fn has_waited_for_itself(&self, error: &DbErr) -> bool {
        let pool = || self.core.cluster.pool(self.decision.pool);
        !self.decision.may_retry_elsewhere
            && Fault::is_pool_timeout(error)
            && pool().waits_for_itself()
    }

    /// A reply of a node that was not known to be healthy is reported. After a write, a mark is
    /// left, since SeaORM may read the row next.
    fn report_success(&self) {
        match &self.load {
            Some(load) if !load.is_healthy() => {
                self.core.cluster.report_success(self.decision.node);
            }
            Some(_) => {}
            None => self.core.leave_mark(&self.analysis, self.decision.database),
        }
    }

    /// Sends a read that failed on a node to another one. Each node is tried once, and none after
    /// the deadline; a statement that a replica refused as a write goes to the primary.
    ///
    /// # Errors
    ///
    /// The error of the node, if it is final; that no node is left, with the state of each, if all have
    /// failed.
    pub(super) async fn retry_elsewhere<D: Deliver, S: Source>(
        &mut self,
        source: &mut S,
        error: DbErr,
    ) -> Result<Reply<'a, D::Output>, DbErr> {
        let was_refused = match self.retry_after(&error) {
            Retry::Never => return Err(error),
            Retry::Elsewhere => false,
            Retry::OnPrimary => true,
        };
        let dialect = {
            let topology = self.core.cluster.topology();
            topology.database_by_id(self.decision.database).dialect
        };
        let statement = source.render(dialect);
        if was_refused {
            self.core
                .learn_refusal(&statement.sql, &self.analysis, self.decision);
        }
        let failed = self.decision;
        let Some(next) = self.next_decision(was_refused) else {
            return Err(error);
        };
        let next = next.map_err(DbErr::from);
        self.go_to(next.inspect_err(|error| self.core.tell_refusal(error))?);
        self.tell_retry(failed, &error);
        self.admit_then_send::<D, S>(source, statement).await
    }

    /// Where the statement may be sent after this error.
    fn retry_after(&self, error: &DbErr) -> Retry {
        let is_read = self.analysis.operation.access().is_read();
        let must_stay = self.scope.read_only || self.scope.role == Some(Role::Replica);
        match Fault::of(error) {
            Fault::NoConnection => Retry::Elsewhere,
            // The statement may have run, so only a proven read is run again.
            Fault::Lost | Fault::RecoveryConflict if is_read => Retry::Elsewhere,
            Fault::RefusedAsWrite if !must_stay => Retry::OnPrimary,
            Fault::NotSupported if !must_stay && self.decision.role == Role::Replica => {
                Retry::OnPrimary
            }
            Fault::Lost
            | Fault::RecoveryConflict
            | Fault::RefusedAsWrite
            | Fault::NotSupported
            | Fault::Statement
            | Fault::Protocol => Retry::Never,
        }
    }

    /// The decision without the nodes that failed. `None` if the deadline has passed and the primary
    /// may not serve.
    fn next_decision(&mut self, was_refused: bool) -> Option<Result<Decision, RoutingError>> {
        let (core, before) = (self.core, self.decision);
        let failures = self.failures.get_or_insert_default();
        failures.nodes.push(before.node);
        failures.was_refused |= was_refused;
        let now = core.cluster.clock().now();
        let patience = core.cluster.read_deadline(before.database);
        let deadline = *failures.deadline.get_or_insert_with(|| now + patience);
        let retried = Retried::new(self.scope, &self.analysis, before);
        let topology = core.cluster.topology();
        let again = |role| core.redecide(&topology, retried, role, &failures.nodes);
        let primary = topology.database_by_id(before.database).primary;
        let has_primary_failed = failures.nodes.contains(&primary);
        if was_refused {
            return (!has_primary_failed).then(|| again(Role::Primary));
        }
        if now < deadline {
            return Some(again(Role::Replica));
        }
        let may_fall_back = core.cluster.balancing(before.database).may_fall_back();
        let on_primary = || again(Role::Primary).map(Decision::after_deadline);
        (may_fall_back && !has_primary_failed).then(on_primary)
    }

    fn tell_retry(&self, failed: Decision, error: &DbErr) {
        let observers = &self.core.observers;
        if observers.want(EventKind::Retried) {
            let topology = self.core.cluster.snapshot();
            observers.tell(&Event::Retried {
                from: &topology.node(failed.node).name,
                error,
                route: &self.core.route(&self.analysis, self.decision),
            });
        }
    }
}
