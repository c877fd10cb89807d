//! A statement in flight on a node: counted, timed, and remembered by its session.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::DbErr;

use crate::cluster::Fault;
use crate::dispatch::Core;
use crate::name::{DatabaseName, NodeName};
use crate::observe::{Event, EventKind, Observers};
use crate::route::{Decision, Remembers};
use crate::scope::Scope;
use crate::session::{Session, Writing};
use crate::topology::{Load, NodeId, since_start};

/// A statement in flight. If this is dropped before the reply, the write of its session is in
/// doubt.
pub(crate) struct PendingReply {
    decision: Decision,
    /// Load of the node, if statements are counted for a replica policy.
    counted: Option<Arc<Load>>,
    /// When the statement was sent, if its latency is measured.
    started: Option<Instant>,
    /// The session that remembers the read.
    reader: Option<Session>,
    writing: Option<Writing>,
    watched: Option<Box<Watched>>,
}

/// What observers receive at the end.
struct Watched {
    observers: Arc<Observers>,
    database: DatabaseName,
    node: NodeName,
    started: Instant,
}

impl PendingReply {
    /// Starts tracking a statement that is sent. `load` is the load of its node, if the node was
    /// chosen among several.
    pub(super) fn begin(
        core: &Core,
        scope: &Scope,
        decision: Decision,
        load: Option<&Arc<Load>>,
        may_write: bool,
    ) -> Self {
        let counted = load.filter(|_| decision.may_retry_elsewhere).cloned();
        if let Some(load) = &counted {
            load.begin();
        }
        let session = scope.session.as_ref();
        let writing = session
            .filter(|_| may_write)
            .map(|session| Writing::new(session, decision.database));
        let reader = session.filter(|_| decision.remembers != Remembers::Nothing);
        let pending = Self {
            decision,
            counted,
            started: decision.measures_latency.then(Instant::now),
            reader: reader.cloned(),
            writing,
            watched: Watched::begin(core, decision),
        };
        // Recorded now, so that reads that are sent meanwhile go to the same node.
        if let Some(session) = &pending.reader {
            session.reads(decision.database, pending.remembered_node());
        }
        pending
    }

    /// The node has answered, with this error or with so many rows.
    pub(super) fn ended(&mut self, error: Option<&DbErr>, rows: Option<u64>) {
        let fault = error.map(Fault::of);
        let answered = !matches!(fault, Some(Fault::Lost | Fault::Protocol));
        if let Some(mut writing) = self.writing.take()
            && answered
        {
            writing.answered();
        }
        if let Some(watched) = self.watched.take() {
            watched.ended(error, rows);
        }
        if fault.is_some() {
            return;
        }
        self.measure();
        if let Some(session) = &self.reader {
            session.read(
                self.decision.database,
                self.remembered_node(),
                Instant::now(),
            );
        }
    }

    /// The node has begun to reply: the time after that belongs to the reader of the rows.
    pub(super) fn measure(&mut self) {
        if let (Some(load), Some(started)) = (&self.counted, self.started.take()) {
            let now = Instant::now();
            load.observe(now - started, since_start(now));
        }
    }

    /// The node that the next reads go to. `None` for a primary that served because no replica had
    /// caught up.
    fn remembered_node(&self) -> Option<NodeId> {
        (self.decision.remembers == Remembers::Node).then_some(self.decision.node)
    }
}

impl Drop for PendingReply {
    fn drop(&mut self) {
        if let Some(load) = &self.counted {
            load.end();
        }
    }
}

impl Watched {
    fn begin(core: &Core, decision: Decision) -> Option<Box<Self>> {
        let observers = &core.shared.observers;
        observers.want(EventKind::Finished).then(|| {
            let topology = core.cluster.topology();
            Box::new(Self {
                observers: Arc::clone(observers),
                database: topology.database_by_id(decision.database).name.clone(),
                node: topology.node(decision.node).name.clone(),
                started: Instant::now(),
            })
        })
    }

    fn ended(&self, error: Option<&DbErr>, rows: Option<u64>) {
        self.observers.tell(&Event::Finished {
            database: &self.database,
            node: &self.node,
            latency: self.started.elapsed(),
            rows,
            error,
        });
    }
}

/// A stream keeps its pending reply until the last row.
#[cfg(feature = "stream")]
mod streams {
    use sea_orm::DbErr;

    use super::PendingReply;
    use crate::cluster::{Cluster, FallbackPermit};
    use crate::connection::retry::{Attempt, report_failure};
    use crate::dispatch::Held;
    use crate::route::Decision;

    /// What ends with the last row of a stream.
    struct UntilLastRow {
        pending: PendingReply,
        cluster: Cluster,
        decision: Decision,
        /// Held as long as the primary may still send rows.
        _permit: Option<FallbackPermit>,
    }

    impl PendingReply {
        pub(in crate::connection) fn until_last_row(
            self,
            attempt: &Attempt<'_>,
            permit: Option<FallbackPermit>,
        ) -> Option<impl Held + 'static> {
            Some(UntilLastRow {
                decision: self.decision,
                pending: self,
                cluster: attempt.cluster().clone(),
                _permit: permit,
            })
        }
    }

    impl Held for UntilLastRow {
        fn ended(&mut self, error: Option<&DbErr>, rows: u64) {
            self.pending.ended(error, Some(rows));
            if let Some(error) = error {
                report_failure(&self.cluster, self.decision, error);
            }
        }
    }
}
