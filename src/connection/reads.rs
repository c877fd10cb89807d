//! Statements outside a transaction: sent once, and a read that met a failing replica once more.

use std::future::ready;
use std::sync::Arc;

use sea_orm::DbErr;

use super::attempts::Attempt;
use super::on_node::{self, Sent};
use super::sent;
#[cfg(feature = "stream")]
use crate::cluster::FallbackPermit;
#[cfg(feature = "stream")]
use crate::dispatch::RowStream;
use crate::dispatch::{Action, Answer, Core, Known, Planned, Source, plan};
use crate::route::{Decision, WhyNode};
use crate::scope::Scope;
use crate::topology::{Health, Role};

/// Sends a statement to a pool.
///
/// Most statements need nothing before they are sent and after their answer: SeaORM's own future is
/// returned for them, and costs what it costs without us.
pub(crate) fn autocommit<'a, A: Action, S: Source + 'a>(
    core: &'a Core,
    scope: &'a Scope,
    mut source: S,
) -> Answer<'a, A::Output> {
    let planned = match plan_on_pool(core, scope, &mut source) {
        Ok(planned) => planned,
        Err(error) => return Box::pin(ready(Err(error))),
    };
    let pool = core.cluster.pool(planned.decision.pool);
    let Some(open) = pool.get().filter(|_| !is_prepared(planned.decision)) else {
        return Box::pin(prepared::<A, S>(core, scope, source, planned));
    };
    if !is_watched(core, scope, &planned) {
        core.report(&planned.known, planned.decision);
        return sent::send::<A>(pool, open, planned.statement);
    }
    if planned.decision.why_node.is_free() {
        source.keep(&planned.statement);
    }
    let Planned {
        statement,
        known,
        decision,
    } = planned;
    let answer = sent::send::<A>(pool, open, statement);
    Box::pin(watched::<A, S>(
        core, scope, source, known, decision, answer,
    ))
}

/// Whether something is to be done before it is sent.
fn is_prepared(decision: Decision) -> bool {
    matches!(
        decision.why_node,
        WhyNode::Trial | WhyNode::NotCaughtUp | WhyNode::NoneServes
    )
}

/// Whether something may have to be done meanwhile, or after the answer.
fn is_watched(core: &Core, scope: &Scope, planned: &Planned) -> bool {
    let decision = planned.decision;
    decision.role == Role::Replica
        || decision.why_node.is_free()
        || core.leaves_mark(&planned.known)
        || scope.session.is_some() && planned.known.may_write()
        || core.cluster.has_monitor(decision.database)
}

/// A statement on a pool, and what follows its answer. Its future is small: every read of a replica
/// has one.
async fn watched<A: Action, S: Source>(
    core: &Core,
    scope: &Scope,
    source: S,
    known: Arc<Known>,
    decision: Decision,
    answer: Answer<'_, A::Output>,
) -> Result<A::Output, DbErr> {
    core.report(&known, decision);
    let sent = Sent {
        core,
        scope,
        decision,
        writes: known.may_write(),
    };
    match on_node::heard(sent, answer).await {
        Ok(output) => {
            succeeded(core, &known, decision);
            Ok(output)
        }
        Err(error) if decision.why_node.is_free() => {
            Box::pin(move_on::<A, S>(
                core, scope, source, &known, decision, error,
            ))
            .await
        }
        Err(error) => {
            if decision.role == Role::Primary {
                core.cluster.report_primary(decision.database, &error);
            }
            Err(error)
        }
    }
}

/// A statement on a pool that is not open, or on a node that is asked for leave first.
async fn prepared<A: Action, S: Source>(
    core: &Core,
    scope: &Scope,
    mut source: S,
    planned: Planned,
) -> Result<A::Output, DbErr> {
    let planned = core.caught_up(scope, planned).await?;
    let Planned {
        statement,
        known,
        decision,
    } = planned;
    if decision.why_node.is_free() {
        source.keep(&statement);
    }
    let leave = core.leave(scope, decision).await?;
    let answer = async {
        let pool = core.cluster.pool(decision.pool);
        let answer = sent::send::<A>(pool, pool.open().await?, statement).await;
        drop(leave);
        answer
    };
    watched::<A, S>(core, scope, source, known, decision, Box::pin(answer)).await
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
    let planned = core.caught_up(scope, planned?).await?;
    core.report(&planned.known, planned.decision);
    let mut attempt = Attempt::new(core, scope, &planned.known, planned.decision);
    loop {
        let statement = planned.statement.clone();
        let decision = attempt.decision;
        let leave = core.leave(scope, decision).await?;
        let opened = rows(attempt.sent(), statement).await;
        let error = match opened {
            Ok(rows) => return Ok(rows.holding(leave.map(PermitHeld))),
            Err(error) if !decision.why_node.is_free() => return Err(error),
            Err(error) => error,
        };
        attempt = attempt.after(error, &planned.statement).await?;
    }
}

/// FallbackPermit to be on the primary, for as long as there are rows.
#[cfg(feature = "stream")]
struct PermitHeld(#[expect(dead_code, reason = "it is given back when dropped")] FallbackPermit);

#[cfg(feature = "stream")]
impl crate::dispatch::Held for PermitHeld {}

/// The rows of a statement on a node; on one that may be left, the first row has come.
#[cfg(feature = "stream")]
async fn rows(sent: Sent<'_>, statement: sea_orm::Statement) -> Result<RowStream<'static>, DbErr> {
    use futures_util::{StreamExt, stream};

    let decision = sent.decision;
    let pool = sent.core.cluster.pool(decision.pool);
    let mut under_way = on_node::UnderWay::begin(sent);
    let opening = async {
        let mut rows = super::sent::stream(pool, statement).await?;
        if !decision.why_node.is_free() {
            return Ok(rows);
        }
        Ok(match rows.next().await.transpose()? {
            Some(first) => RowStream::new(stream::iter([Ok(first)]).chain(rows)),
            None => RowStream::new(stream::empty()),
        })
    };
    let opened = match sent.core.cluster.has_monitor(decision.database) {
        true => {
            let opened = pool.unless_gone(decision.role, opening).await;
            opened.map(|rows| RowStream::new(pool.rows_unless_gone(decision.role, rows)))
        }
        false => opening.await,
    };
    match opened {
        Ok(rows) => {
            if decision.why_node.is_free() {
                under_way.measure();
            }
            Ok(rows.holding(Some(under_way)))
        }
        Err(error) => {
            under_way.ended(Some(&error));
            Err(error)
        }
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

fn succeeded(core: &Core, known: &Known, decision: Decision) {
    if decision.why_node.is_free() || decision.role == Role::Replica {
        let topology = core.cluster.topology();
        if topology.node(decision.node).health != Health::Up {
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
    let dialect = core
        .cluster
        .topology()
        .database_by_id(decision.database)
        .dialect;
    let statement = source.render(dialect);
    let attempt = Attempt::new(core, scope, known, decision);
    let mut attempt = attempt.after(error, &statement).await?;
    loop {
        let decision = attempt.decision;
        let leave = core.leave(scope, decision).await?;
        let sent = on_node::run::<A>(attempt.sent(), statement.clone()).await;
        drop(leave);
        match sent {
            Err(error) if decision.why_node.is_free() => {
                attempt = attempt.after(error, &statement).await?;
            }
            answer => return answer,
        }
    }
}
