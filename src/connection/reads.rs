//! Statements outside a transaction: sent once, and a read that met a failing replica once more.

use std::future::ready;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr};

use crate::cluster::{Fault, has_connections};
use crate::dispatch::{Action, Answer, Core, Known, Planned, Source, plan};
use crate::route::{Decision, WhyNode};
use crate::scope::{Chosen, Place, Scope};
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
        Some(pool) if !is_watched(core, &planned) => A::on_pool(pool, planned.statement),
        Some(pool) => Box::pin(watched::<A, S>(core, scope, source, planned, pool)),
        None => Box::pin(async move {
            match pool.open().await {
                Ok(pool) => watched::<A, S>(core, scope, source, planned, pool).await,
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
    pool: &DatabaseConnection,
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
    match A::on_pool(pool, statement).await {
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

/// The pool of a stream, and the statement to run on it.
///
/// A stream that is under way stays where it is; only a replica that hands out no connection is
/// left for another node.
#[cfg(feature = "stream")]
pub(crate) async fn stream(
    core: &Core,
    scope: &Scope,
    planned: Result<Planned, DbErr>,
) -> Result<sea_orm::QueryStream, DbErr> {
    use sea_orm::StreamTrait;

    let Planned {
        statement,
        known,
        decision,
    } = planned?;
    core.report(&known, decision);
    let kept = is_movable(decision).then(|| statement.clone());
    let opened = match core.cluster.pool(decision.node).open().await {
        Ok(pool) => pool.stream_raw(statement).await,
        Err(error) => Err(error.into()),
    };
    let (error, statement) = match (opened, kept) {
        (Err(error), Some(kept)) if Fault::of(&error) == Fault::NoConnection => (error, kept),
        (other, _) => return other,
    };
    node_failed(core, decision.node, &error);
    let decision = decide_elsewhere(core, scope, &known, decision, false)?;
    core.report(&known, decision);
    let pool = core.cluster.pool(decision.node).open().await?;
    pool.stream_raw(statement).await
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

/// What follows on a replica's error: the primary for a statement it refused as a write, another
/// node for a read it could not finish, the error otherwise.
async fn move_on<A: Action, S: Source>(
    core: &Core,
    scope: &Scope,
    mut source: S,
    known: &Arc<Known>,
    decision: Decision,
    error: DbErr,
) -> Result<A::Output, DbErr> {
    let dialect = core.cluster.topology().database(decision.database).dialect;
    let fault = Fault::of(&error);
    let refused = match fault {
        Fault::Statement => return Err(error),
        Fault::RefusedAsWrite if scope.role == Some(Role::Replica) => return Err(error),
        Fault::RefusedAsWrite => true,
        Fault::NoConnection | Fault::Lost | Fault::RecoveryConflict => false,
    };
    if !refused && fault != Fault::RecoveryConflict {
        node_failed(core, decision.node, &error);
    }
    let statement = source.render(dialect);
    if refused {
        core.learn_refusal(&statement.sql, dialect, known);
    }
    let decision = decide_elsewhere(core, scope, known, decision, refused)?;
    core.report(known, decision);
    let pool = core.cluster.pool(decision.node).open().await?;
    A::on_pool(pool, statement).await
}

/// A decision without the node that failed, or for the primary. The policies are not asked again.
fn decide_elsewhere(
    core: &Core,
    scope: &Scope,
    known: &Known,
    failed: Decision,
    on_primary: bool,
) -> Result<Decision, DbErr> {
    let topology = core.cluster.topology();
    let scope = Scope {
        place: Place::Database(failed.database, Chosen::Using),
        role: Some(match on_primary {
            true => Role::Primary,
            false => Role::Replica,
        }),
        ..scope.clone()
    };
    let dialect = topology.database(failed.database).dialect;
    let decision = core.decide(&topology, &scope, known, dialect, &[failed.node], None)?;
    Ok(Decision {
        why_database: failed.why_database,
        why_role: failed.why_role,
        ..decision
    })
}

/// A pool that has connections and hands out none is busy; one without cannot reach its server.
fn node_failed(core: &Core, node: NodeId, error: &DbErr) {
    let has = |pool: &DatabaseConnection| has_connections(pool);
    let busy =
        Fault::of(error) == Fault::NoConnection && core.cluster.pool(node).get().is_some_and(has);
    if !busy {
        core.cluster.report_failure(node);
    }
}
