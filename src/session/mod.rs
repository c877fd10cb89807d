//! What has this unit of work seen?
//!
//! On an asynchronous replica a read may miss what was just written. A [`Session`] is one unit of
//! work, a request or a job, and remembers what it wrote and where it read; its [`Consistency`] says
//! what its reads may miss. The handle carries it; there is no ambient state.
//!
//! A write costs a session one clock read: the *instant* it ended. A replica has the write once it
//! has replayed a position of the primary that was sampled by a probe sent after that instant; the
//! monitor samples continuously (the idea is Galera's and MongoDB's causal consistency, without a
//! position in every reply).

mod consistency;
mod history;
#[cfg(feature = "session-tokens")]
mod token;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smallvec::SmallVec;

pub use consistency::{Consistency, OnTimeout};
pub(crate) use history::{LastRead, ReadRequirement, SessionHistory, Written};
#[cfg(feature = "session-tokens")]
pub(crate) use token::{
    Claims, ConsistencyClaim, DatabaseClaim, TokenKey, TokenSettings, Tokens, WrittenClaim, open,
    seal,
};

use crate::clock::Clock;
use crate::topology::{DatabaseId, NodeId};

/// One unit of work, with its consistency. Clones share the same session.
#[derive(Debug, Clone)]
pub struct Session {
    state: Arc<SessionState>,
}

/// Identifies the connection that a session belongs to.
#[derive(Debug, Clone, Default)]
pub(crate) struct RouterId(Arc<()>);

#[derive(Debug)]
struct SessionState {
    id: u64,
    router: RouterId,
    consistency: Consistency,
    /// What the session did, for each database it used.
    histories: Mutex<SmallVec<[(DatabaseId, SessionHistory); 2]>>,
}

impl Session {
    /// A new session.
    pub(crate) fn new(consistency: Consistency, router: &RouterId) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            state: Arc::new(SessionState {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                router: router.clone(),
                consistency,
                histories: Mutex::default(),
            }),
        }
    }

    /// A number that no other session of this process has: it identifies the session in a log.
    pub fn id(&self) -> u64 {
        self.state.id
    }

    /// Whether the session belongs to this connection.
    pub(crate) fn belongs_to(&self, router: &RouterId) -> bool {
        Arc::ptr_eq(&self.state.router.0, &router.0)
    }

    /// What the reads of the session may miss.
    pub fn consistency(&self) -> Consistency {
        self.state.consistency
    }

    /// Whether the session has written, or may have: what is not proven to be harmless counts, on any
    /// database.
    pub fn has_written(&self) -> bool {
        self.lock()
            .iter()
            .any(|(_, history)| history.written.is_some())
    }

    /// What the session did on a database.
    pub(crate) fn history(&self, database: DatabaseId) -> SessionHistory {
        let histories = self.lock();
        let found = histories.iter().find(|(id, _)| *id == database);
        found
            .map(|(_, history)| history.clone())
            .unwrap_or_default()
    }

    /// What the session did, for each database it used.
    #[cfg(feature = "session-tokens")]
    pub(crate) fn histories(&self) -> Vec<(DatabaseId, SessionHistory)> {
        self.lock().to_vec()
    }

    /// Records a write to a database that ended at an instant.
    pub(crate) fn wrote(&self, database: DatabaseId, ended: Instant) {
        self.change(database, |history| {
            history.written = Some(match history.written.take() {
                Some(Written::InDoubt) => Written::InDoubt,
                Some(Written::At(before)) => Written::At(before.max(ended)),
                Some(Written::Until(_) | Written::Before(_)) | None => Written::At(ended),
            });
        });
    }

    /// Records that the session may have written to a database, and that the write may still
    /// happen.
    pub(crate) fn may_write_any_time(&self, database: DatabaseId) {
        self.change(database, |history| history.written = Some(Written::InDoubt));
    }

    /// Records that the session read from the primary on purpose. A replica without what it saw there would
    /// take a causal session back in time.
    pub(crate) fn saw_primary(&self, database: DatabaseId, ended: Instant) {
        if !matches!(self.consistency(), Consistency::Causal { .. }) {
            return;
        }
        self.change(database, |history| {
            history.saw_primary = history.saw_primary.max(Some(ended));
        });
    }

    /// Records that the session reads from a node now; its next reads go there too.
    pub(crate) fn reads(&self, database: DatabaseId, node: Option<NodeId>) {
        self.change(database, |history| {
            let ended = history.read.and_then(|read| read.ended);
            history.read = Some(LastRead { node, ended });
        });
    }

    /// Records a read from a node that ended at an instant.
    pub(crate) fn read(&self, database: DatabaseId, node: Option<NodeId>, ended: Instant) {
        self.change(database, |history| {
            let before = history.read.and_then(|read| read.ended);
            history.read = Some(LastRead {
                node,
                ended: before.max(Some(ended)),
            });
        });
    }

    /// Takes over the history of another session, whose token this one resumes.
    #[cfg(feature = "session-tokens")]
    pub(crate) fn resume(&self, database: DatabaseId, resumed: SessionHistory) {
        self.change(database, |history| *history = resumed);
    }

    fn change(&self, database: DatabaseId, change: impl FnOnce(&mut SessionHistory)) {
        let mut histories = self.lock();
        match histories.iter_mut().find(|(id, _)| *id == database) {
            Some((_, history)) => change(history),
            None => {
                let mut history = SessionHistory::default();
                change(&mut history);
                histories.push((database, history));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, SmallVec<[(DatabaseId, SessionHistory); 2]>> {
        let histories = self.state.histories.lock();
        histories.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write of a session that is in flight. If this is dropped without a reply of the server, the
/// write may happen at any time.
#[derive(Debug)]
pub(crate) struct Writing {
    session: Session,
    database: DatabaseId,
    clock: Clock,
    answered: bool,
}

impl Writing {
    pub(crate) fn new(session: &Session, database: DatabaseId, clock: Clock) -> Self {
        Self {
            session: session.clone(),
            database,
            clock,
            answered: false,
        }
    }

    /// The server has replied, with an error or not: the write has ended.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        match self.answered {
            true => self.session.wrote(self.database, self.clock.now()),
            false => self.session.may_write_any_time(self.database),
        }
    }
}
