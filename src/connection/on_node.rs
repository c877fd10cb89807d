//! A statement on one node, and what goes with it: it is counted, timed, remembered by its session, and
//! given up with the node.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{DbErr, Statement};

use crate::cluster::Fault;
#[cfg(feature = "stream")]
use crate::dispatch::Held;
use crate::dispatch::{Action, Answer, Core};
use crate::route::{Decision, WhyNode};
use crate::scope::Scope;
use crate::session::{Consistency, Session, Writing};
use crate::topology::{Load, NodeId, Role, since_start};

/// A statement that goes to a node.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) core: &'a Core,
    pub(super) scope: &'a Scope,
    pub(super) decision: Decision,
    /// Whether it may write.
    pub(super) writes: bool,
}

/// Runs a statement on the node that was decided on.
pub(super) async fn run<A: Action>(
    sent: Sent<'_>,
    statement: Statement,
) -> Result<A::Output, DbErr> {
    let pool = sent.core.cluster.pool(sent.decision.pool);
    let answer = async {
        let open = pool.open().await?;
        super::sent::send::<A>(pool, open, statement).await
    };
    heard(sent, Box::pin(answer)).await
}

/// Hears the answer of the node to a statement.
pub(super) async fn heard<T>(sent: Sent<'_>, answer: Answer<'_, T>) -> Result<T, DbErr> {
    let (core, decision) = (sent.core, sent.decision);
    let mut under_way = UnderWay::begin(sent);
    let answer = match core.cluster.has_monitor(decision.database) {
        true => {
            let pool = core.cluster.pool(decision.pool);
            pool.unless_gone(decision.role, answer).await
        }
        false => answer.await,
    };
    under_way.ended(answer.as_ref().err());
    answer
}

/// A statement that is under way. When it goes without an end, nobody knows what it did.
pub(super) struct UnderWay {
    decision: Decision,
    load: Option<Arc<Load>>,
    started: Option<Instant>,
    /// Whose reads stay where they were.
    reader: Option<Session>,
    writing: Option<Writing>,
}

impl UnderWay {
    pub(super) fn begin(sent: Sent<'_>) -> Self {
        let decision = sent.decision;
        let free = decision.why_node.is_free();
        let load = free.then(|| {
            let topology = sent.core.cluster.topology();
            Arc::clone(&topology.node(decision.node).load)
        });
        if let Some(load) = &load {
            load.begin();
        }
        let session = sent.scope.session.as_ref();
        let writing = session
            .filter(|_| sent.writes)
            .map(|session| Writing::new(session, decision.database));
        let reader = session.filter(|session| is_remembered(session, decision));
        let measured = free && sent.core.measures_latency(decision.database);
        let under_way = Self {
            decision,
            load,
            started: measured.then(Instant::now),
            reader: reader.cloned(),
            writing,
        };
        // From now on: reads that are sent meanwhile go to the same node.
        if let Some(session) = &under_way.reader {
            session.reads(decision.database, under_way.node());
        }
        under_way
    }

    /// The node has answered, or something has come in between.
    pub(super) fn ended(&mut self, error: Option<&DbErr>) {
        let fault = error.map(Fault::of);
        let answered = !matches!(fault, Some(Fault::Lost | Fault::Protocol));
        if let Some(mut writing) = self.writing.take()
            && answered
        {
            writing.answered();
        }
        if fault.is_some() {
            return;
        }
        self.measure();
        if let Some(session) = &self.reader {
            session.read(self.decision.database, self.node(), Instant::now());
        }
    }

    /// It has begun to answer: what comes after that is for the reader to take.
    pub(super) fn measure(&mut self) {
        if let (Some(load), Some(started)) = (&self.load, self.started.take()) {
            let now = Instant::now();
            load.observe(now - started, since_start(now));
        }
    }

    /// Where the next reads go: not to the primary because of this one.
    fn node(&self) -> Option<NodeId> {
        let Decision { node, why_node, .. } = self.decision;
        (why_node != WhyNode::NotCaughtUp).then_some(node)
    }
}

/// Whether the next reads of a session have to do with this one: where any node might have served it,
/// and where a causal session has seen the primary.
fn is_remembered(session: &Session, decision: Decision) -> bool {
    // One that never waits would never leave the primary while it reads all the time.
    let waits = matches!(session.consistency(), Consistency::Causal { max_wait, .. } if !max_wait.is_zero());
    decision.role == Role::Replica
        || decision.why_node.is_free()
        || waits && decision.why_node == WhyNode::NotCaughtUp
}

#[cfg(feature = "stream")]
impl Held for UnderWay {
    fn ended(&mut self, error: Option<&DbErr>) {
        Self::ended(self, error);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(load) = &self.load {
            load.end();
        }
    }
}
