//! A statement on one node, and what goes with it: it is counted, timed and given up with the node.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{DbErr, Statement};

use super::sent;
use crate::dispatch::{Action, Core, Known};
use crate::route::Decision;
use crate::scope::Scope;
use crate::session::{Session, Writing};
use crate::topology::{Load, Role, since_start};

/// Runs a statement on the node that was decided on.
pub(super) async fn run<A: Action>(
    core: &Core,
    scope: &Scope,
    known: &Known,
    decision: Decision,
    statement: Statement,
) -> Result<A::Output, DbErr> {
    let pool = core.cluster.pool(decision.pool);
    let under_way = UnderWay::begin(core, scope, known, decision);
    let answer = async {
        let open = pool.open().await?;
        sent::send::<A>(pool, open, statement).await
    };
    let answer = match may_be_given_up(core, decision) {
        true => pool.unless_gone(decision.role, answer).await?,
        false => answer.await?,
    };
    under_way.answered(decision);
    Ok(answer)
}

/// Whether somebody finds out that the node is dead: its monitor.
pub(super) fn may_be_given_up(core: &Core, decision: Decision) -> bool {
    core.cluster.is_watched(decision.database)
}

/// A statement that is under way. What it is when it goes, whatever became of it: a statement less on
/// the node, and a write of its session.
pub(super) struct UnderWay {
    load: Option<Arc<Load>>,
    started: Option<Instant>,
    session: Option<Session>,
    _writing: Option<Writing>,
}

impl UnderWay {
    pub(super) fn begin(core: &Core, scope: &Scope, known: &Known, decision: Decision) -> Self {
        let load = match decision.why_node.is_free() {
            true => {
                let load = Arc::clone(&core.cluster.topology().node(decision.node).load);
                load.begin();
                Some(load)
            }
            false => None,
        };
        let measured = load.is_some() && core.measures_latency(decision.database);
        let session = scope.session.as_ref();
        let writes = session.filter(|_| known.may_write());
        Self {
            load,
            started: measured.then(Instant::now),
            session: session.cloned(),
            _writing: writes.map(|session| Writing::new(session, decision.database)),
        }
    }

    /// The node has answered, and not with an error.
    pub(super) fn answered(&self, decision: Decision) {
        if let (Some(load), Some(started)) = (&self.load, self.started) {
            let now = Instant::now();
            load.observe(now - started, since_start(now));
        }
        if let Some(session) = &self.session
            && decision.role == Role::Replica
        {
            session.read(decision.database, decision.node, Instant::now());
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(load) = &self.load {
            load.end();
        }
    }
}
