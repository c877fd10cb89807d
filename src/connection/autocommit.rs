//! Statements and streams outside a transaction: one path.
//!
//! A statement is planned, admitted, sent, its reply is awaited, and a read that failed on one node is
//! sent to another. Most statements need no admission and no bookkeeping: around SeaORM's own future
//! there is only what names the node in an error.

use std::future::ready;

use sea_orm::DbErr;

use super::retry::Attempt;
use super::send::{Deliver, Reply};
use crate::dispatch::{Answer, Core, Planned, Rendered, Source};
use crate::observe::EventKind;
use crate::route::Admission;
use crate::scope::Scope;

/// Plans a statement and sends it.
pub(crate) fn autocommit<'a, D: Deliver, S: Source + 'a>(
    core: &'a Core,
    scope: &'a Scope,
    mut source: S,
) -> Answer<'a, D::Output> {
    let planned = plan(core, scope, &mut source);
    deliver::<D, S>(core, scope, source, planned)
}

/// Sends a statement that was planned; `source` is rendered again only if a read is retried.
pub(super) fn deliver<'a, D: Deliver, S: Source + 'a>(
    core: &'a Core,
    scope: &'a Scope,
    mut source: S,
    planned: Result<Planned, DbErr>,
) -> Answer<'a, D::Output> {
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            core.tell_refusal(&error);
            return Box::pin(ready(Err(error)));
        }
    };
    core.tell_route(EventKind::Decided, &planned.analysis, planned.decision);
    let pool = core.cluster.pool(planned.decision.pool);
    pool.warn_of_itself();
    let open = pool.get();
    let (attempt, statement) = Attempt::first(core, scope, planned);
    match open {
        Some(open) if attempt.decision.admission == Admission::Now => {
            if !attempt.needs_bookkeeping() {
                attempt.tell_attempt();
                let answer = D::send(attempt.on(open), statement, attempt.decision);
                return Box::pin(async move { attempt.named::<D>(answer.await) });
            }
            let reply = attempt.send_on::<D, S>(&mut source, open, statement);
            Box::pin(until_answered::<D, S>(attempt, source, reply))
        }
        Some(_) | None => Box::pin(async move {
            let mut attempt = attempt;
            let reply = attempt.admit_then_send::<D, S>(&mut source, statement);
            let reply = reply.await?;
            until_answered::<D, S>(attempt, source, reply).await
        }),
    }
}

/// Awaits the reply of one node after the other. This future is small, because every read of a
/// replica has one.
async fn until_answered<'a, D: Deliver, S: Source>(
    mut attempt: Attempt<'a>,
    mut source: S,
    mut reply: Reply<'a, D::Output>,
) -> Result<D::Output, DbErr> {
    loop {
        let error = match attempt.await_reply::<D>(reply).await {
            Ok(output) => return Ok(output),
            Err(error) if !attempt.decision.may_retry_elsewhere => return Err(error),
            Err(error) => error,
        };
        reply = Box::pin(attempt.retry_elsewhere::<D, S>(&mut source, error)).await?;
    }
}

/// Renders a statement and decides where it goes.
pub(super) fn plan<S: Source>(
    core: &Core,
    scope: &Scope,
    source: &mut S,
) -> Result<Planned, DbErr> {
    let mark = core.take_mark();
    let rendered = Rendered::new(core, scope, source);
    let dialect = rendered.statement.db_backend;
    if let Some(decision) = core.precomputed(scope, &rendered.analysis, dialect) {
        return Ok(rendered.planned(decision, None));
    }
    core.refresh_precomputed(&rendered.statement.sql, &rendered.analysis);
    let topology = core.cluster.topology();
    let decision = core.decide(&topology, scope, &rendered.analysis, dialect, mark)?;
    rendered.for_node(core, &topology, scope, source, decision)
}
