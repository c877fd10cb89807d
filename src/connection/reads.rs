//! Statements outside a transaction: sent once, and a read that met a failing replica once more.

use std::future::ready;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr, Statement};
use smallvec::SmallVec;

use super::sent;
use crate::cluster::{Fault, Pool};
#[cfg(feature = "stream")]
use crate::dispatch::RowStream;
use crate::dispatch::{Action, Answer, Core, Known, Planned, Source, plan};
use crate::route::{Decision, WhyNode};
use crate::scope::{Chosen, Place, Scope};
use crate::sql::Access;
use crate::topology::{NodeId, Role};

/// Sends a statement to a pool.
///
/// Most statements need nothing after their answer: SeaORM's own future is returned for them, and
/// costs what it costs without us.
pub(crate) fn autocommit<'a, A: Action, S: Source + 'a>(
    core: &'a Core,
    scope: &'a Scope,
    mut source: S,
) -> Answer<'a, A::Output> {
    let planned = match plan_on_pool(core, scope, &mut source) {
        Ok(planned) => planned,
        Err(error) => return Box::pin(ready(Err(error))),
    };
    core.report(&planned.known, planned.decision);
    let pool = core.cluster.pool(planned.decision.node);
    match pool.get() {
        Some(open) if !is_watched(core, &planned) => sent::send::<A>(pool, open, planned.statement),
        Some(open) => Box::pin(watched::<A, S>(core, scope, source, planned, pool, open)),
        None => Box::pin(async move {
            match pool.open().await {
                Ok(open) => watched::<A, S>(core, scope, source, planned, pool, open).await,
                Err(error) if is_movable(planned.decision) => {
                    source.keep(&planned.statement);
                    let (known, decision) = (planned.known, planned.decision);
                    move_on::<A, S>(core, scope, source, &known, decision, error.into()).await
                }
                Err(error) => Err(error.into()),
            }
        }),
    }
}

/// Whether something may have to be done after the answer.
fn is_watched(core: &Core, planned: &Planned) -> bool {
    planned.decision.role == Role::Replica || core.leaves_mark(&planned.known)
}

/// A statement on a pool, and what follows its answer.
async fn watched<A: Action, S: Source>(
    core: &Core,
    scope: &Scope,
    mut source: S,
    planned: Planned,
    pool: &Pool,
    open: &DatabaseConnection,
) -> Result<A::Output, DbErr> {
    let Planned {
        statement,
        known,
        decision,
    } = planned;
    let movable = is_movable(decision);
    if movable {
        source.keep(&statement);
    }
    match sent::send::<A>(pool, open, statement).await {
        Ok(output) => {
            succeeded(core, &known, decision);
            Ok(output)
        }
        Err(error) if movable => {
            Box::pin(move_on::<A, S>(
                core, scope, source, &known, decision, error,
            ))
            .await
        }
        Err(error) => Err(error),
    }
}

/// Opens a stream.
///
/// One that is under way stays where it is. A replica that fails before its first row is left for
/// another node, as for every other read.
#[cfg(feature = "stream")]
pub(crate) async fn stream(
    core: &Core,
    scope: &Scope,
    planned: Result<Planned, DbErr>,
) -> Result<RowStream<'static>, DbErr> {
    let planned = planned?;
    core.report(&planned.known, planned.decision);
    let mut attempt = Attempt::new(core, scope, &planned.known, planned.decision);
    loop {
        let statement = planned.statement.clone();
        let opened = rows(core, attempt.decision, statement).await;
        let error = match opened {
            Ok(rows) => return Ok(rows),
            Err(error) if !is_movable(attempt.decision) => return Err(error),
            Err(error) => error,
        };
        attempt = attempt.after(error, &planned.statement)?;
    }
}

/// The rows of a statement on a node; on one that may be left, the first row has come.
#[cfg(feature = "stream")]
async fn rows(
    core: &Core,
    decision: Decision,
    statement: sea_orm::Statement,
) -> Result<RowStream<'static>, DbErr> {
    use futures_util::{StreamExt, stream};

    let mut rows = sent::stream(core.cluster.pool(decision.node), statement).await?;
    if !is_movable(decision) {
        return Ok(rows);
    }
    match rows.next().await.transpose()? {
        Some(first) => Ok(RowStream::new(stream::iter([Ok(first)]).chain(rows))),
        None => Ok(RowStream::new(stream::empty())),
    }
}

pub(crate) fn plan_on_pool<S: Source>(
    core: &Core,
    scope: &Scope,
    source: &mut S,
) -> Result<Planned, DbErr> {
    let mark = core.take_mark();
    plan(
        core,
        scope,
        source,
        |known| core.settled(scope, known),
        |topology, known, dialect| core.decide(topology, scope, known, dialect, &[], mark),
    )
}

/// Whether a failed read may go to another node: it went to a replica that a policy picked.
fn is_movable(decision: Decision) -> bool {
    decision.role == Role::Replica && matches!(decision.why_node, WhyNode::Replica { .. })
}

fn succeeded(core: &Core, known: &Known, decision: Decision) {
    if decision.role == Role::Replica {
        let topology = core.cluster.topology();
        if !topology.is_all_up() && !topology.node(decision.node).is_up() {
            core.cluster.report_success(decision.node);
        }
        return;
    }
    core.leave_mark(known, decision.database);
}

/// Sends a read that a replica failed to another node, until one answers.
async fn move_on<A: Action, S: Source>(
    core: &Core,
    scope: &Scope,
    mut source: S,
    known: &Arc<Known>,
    decision: Decision,
    error: DbErr,
) -> Result<A::Output, DbErr> {
    let dialect = core.cluster.topology().database(decision.database).dialect;
    let statement = source.render(dialect);
    let mut attempt = Attempt::new(core, scope, known, decision).after(error, &statement)?;
    loop {
        let pool = core.cluster.pool(attempt.decision.node);
        let sent = match pool.open().await {
            Ok(open) => sent::send::<A>(pool, open, statement.clone()).await,
            Err(error) => Err(error.into()),
        };
        match sent {
            Err(error) if is_movable(attempt.decision) => {
                attempt = attempt.after(error, &statement)?;
            }
            answer => return answer,
        }
    }
}

/// A read that is tried on one node after the other.
struct Attempt<'a> {
    core: &'a Core,
    scope: &'a Scope,
    known: &'a Known,
    decision: Decision,
    failed: SmallVec<[NodeId; 4]>,
}

impl<'a> Attempt<'a> {
    fn new(core: &'a Core, scope: &'a Scope, known: &'a Known, decision: Decision) -> Self {
        Self {
            core,
            scope,
            known,
            decision,
            failed: SmallVec::new(),
        }
    }

    /// What follows on a replica's error: the primary for a statement it refused as a write, another
    /// node for a read it could not finish, the error itself otherwise. Each replica is tried once.
    fn after(mut self, error: DbErr, statement: &Statement) -> Result<Self, DbErr> {
        let fault = Fault::of(&error);
        let refused = match fault {
            Fault::Statement | Fault::Protocol => return Err(error),
            // It may have run: only what is proven a read is run again.
            Fault::Lost | Fault::RecoveryConflict
                if self.known.operation.access() != Access::Read =>
            {
                return Err(error);
            }
            Fault::RefusedAsWrite if self.scope.read_only => return Err(error),
            Fault::RefusedAsWrite if self.scope.role == Some(Role::Replica) => return Err(error),
            Fault::RefusedAsWrite => true,
            Fault::NoConnection | Fault::Lost | Fault::RecoveryConflict => false,
        };
        if refused {
            let dialect = statement.db_backend;
            self.core.learn_refusal(&statement.sql, dialect, self.known);
        } else if fault != Fault::RecoveryConflict {
            self.core.cluster.report_error(self.decision.node, &error);
        }
        self.failed.push(self.decision.node);
        self.decision = self.elsewhere(refused)?;
        self.core.report(self.known, self.decision);
        Ok(self)
    }

    /// A decision without the nodes that failed, or for the primary. The policies are not asked
    /// again.
    fn elsewhere(&self, on_primary: bool) -> Result<Decision, DbErr> {
        let topology = self.core.cluster.topology();
        let before = self.decision;
        let scope = Scope {
            place: Place::Database(before.database, Chosen::Using),
            role: Some(match on_primary {
                true => Role::Primary,
                false => Role::Replica,
            }),
            ..self.scope.clone()
        };
        let dialect = topology.database(before.database).dialect;
        let decision =
            self.core
                .decide(&topology, &scope, self.known, dialect, &self.failed, None)?;
        Ok(Decision {
            why_database: before.why_database,
            why_role: before.why_role,
            ..decision
        })
    }
}
