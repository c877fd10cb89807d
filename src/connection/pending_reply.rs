//! A statement in flight on a node: counted, timed, and remembered by its session.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{DbErr, Statement};

use crate::clock::Clock;
use crate::cluster::{Cluster, FallbackPermit, Fault, Pool};
use crate::dispatch::Core;
use crate::observe::AttemptTimer;
use crate::route::{Decision, Remembers};
use crate::scope::Scope;
use crate::session::{Session, Writing};
use crate::topology::{Load, NodeId, Role, since_start};

/// A statement in flight. If it is dropped before its end, its session takes the write for in doubt.
pub(crate) struct PendingReply {
    decision: Decision,
    clock: Clock,
    /// Load of the node, if statements are counted for a replica policy.
    counted: Option<Arc<Load>>,
    /// When it was sent, if its latency is measured.
    started: Option<Instant>,
    /// The session that remembers the read.
    reader: Option<Session>,
    writing: Option<Writing>,
    timer: Option<Box<AttemptTimer>>,
}

impl PendingReply {
    /// A statement is sent. `load` counts the statements of its node, if the node was one of several;
    /// `statement` is for observers.
    pub(super) fn begin(
        core: &Core,
        scope: &Scope,
        decision: Decision,
        load: Option<&Arc<Load>>,
        may_write: bool,
        statement: Option<Box<Statement>>,
    ) -> Self {
        let counted = load.filter(|_| decision.may_retry_elsewhere).cloned();
        if let Some(load) = &counted {
            load.begin();
        }
        let clock = core.cluster.clock();
        let session = scope.session.as_ref();
        let writing = session
            .filter(|_| may_write)
            .map(|session| Writing::new(session, decision.database, clock));
        let reader = session.filter(|_| decision.remembers != Remembers::Nothing);
        let pending = Self {
            decision,
            clock,
            counted,
            started: decision.measures_latency.then(|| clock.now()),
            reader: reader.cloned(),
            writing,
            timer: core.time_attempt(decision.node, statement),
        };
        // From now on: reads that are sent meanwhile go to the same node.
        if let Some(session) = &pending.reader
            && decision.remembers != Remembers::Primary
        {
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
        if let Some(mut timer) = self.timer.take() {
            timer.finished(error, rows);
        }
        if fault.is_some() {
            return;
        }
        self.measure();
        if let Some(session) = &self.reader {
            self.remember(session);
        }
    }

    /// The node has begun to answer: the time after that is its reader's.
    pub(super) fn measure(&mut self) {
        if let (Some(load), Some(started)) = (&self.counted, self.started.take()) {
            let now = self.clock.now();
            load.observe(now - started, since_start(now));
        }
    }

    fn remember(&self, session: &Session) {
        let (database, now) = (self.decision.database, self.clock.now());
        match self.decision.remembers {
            Remembers::Primary => return session.saw_primary(database, now),
            // One of several nodes to choose from.
            Remembers::Node if self.decision.role == Role::Primary => {
                session.saw_primary(database, now);
            }
            Remembers::Node | Remembers::Progress | Remembers::Nothing => {}
        }
        session.read(database, self.remembered_node(), now);
    }

    /// The node that the next reads go to. `None` for the primary that served because no replica had
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

/// A reply that has come, and what is held until the last row.
pub(crate) struct Delivered<'a> {
    pub(super) pending: PendingReply,
    #[cfg_attr(
        not(feature = "stream"),
        expect(dead_code, reason = "held, never read")
    )]
    pub(super) permit: Option<FallbackPermit>,
    #[cfg_attr(
        not(feature = "stream"),
        expect(dead_code, reason = "for the end of streams")
    )]
    pub(super) cluster: &'a Cluster,
    /// The pool of the node, if a monitor tells when the node is dead.
    #[cfg_attr(
        not(feature = "stream"),
        expect(dead_code, reason = "for the rows of streams")
    )]
    pub(super) monitored: Option<&'a Pool>,
}

/// A stream keeps its pending reply until the last row.
#[cfg(feature = "stream")]
mod streams {
    use sea_orm::DbErr;

    use super::{Delivered, PendingReply};
    use crate::cluster::{FallbackPermit, WeakCluster};
    use crate::dispatch::Held;
    use crate::topology::Role;

    /// What ends with the last row of a stream.
    struct UntilLastRow {
        pending: PendingReply,
        /// Weak: a stream that is not read must not keep the monitors alive.
        cluster: WeakCluster,
        /// Held for as long as there may be rows on the primary.
        _permit: Option<FallbackPermit>,
    }

    impl PendingReply {
        /// The rows are read no further.
        fn dropped(&mut self, rows: u64) {
            if let Some(mut timer) = self.timer.take() {
                timer.finished(None, Some(rows));
            }
            // What was read of it was seen.
            if let Some(session) = self.reader.as_ref().filter(|_| rows > 0) {
                self.remember(session);
            }
        }

        pub(in crate::connection) fn role(&self) -> Role {
            self.decision.role
        }
    }

    impl Delivered<'_> {
        /// The node has begun to answer; what is held ends with the last row.
        pub(in crate::connection) fn until_last_row(mut self) -> Option<impl Held + 'static> {
            self.pending.measure();
            Some(UntilLastRow {
                pending: self.pending,
                cluster: self.cluster.downgrade(),
                _permit: self.permit,
            })
        }
    }

    impl Held for UntilLastRow {
        fn ended(&mut self, error: Option<&DbErr>, rows: u64) {
            self.pending.ended(error, Some(rows));
            let Some(cluster) = self.cluster.upgrade() else {
                return;
            };
            let attempted = self.pending.decision.attempted();
            match error {
                Some(error) => cluster.report_failure(attempted, error),
                None => cluster.report_success(attempted.node),
            }
        }

        fn dropped(&mut self, rows: u64) {
            self.pending.dropped(rows);
        }
    }
}
