//! What has this work seen?
//!
//! On an asynchronous replica a read may miss what was just written. A [`Session`] is one unit of
//! work, a request or a job, and remembers what it wrote and where it read; its [`Consistency`] says
//! what its reads may miss. It is carried by the handle, never by ambient state.
//!
//! A write costs a session one look at the clock: the *moment* it was over. A replica has it once it
//! has replayed a position that the primary was asked for after that moment; the monitor asks all the
//! time (the idea is Galera's and MongoDB's causal consistency, without a position in every answer).

mod consistency;
mod past;
mod token;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smallvec::SmallVec;

pub use consistency::{Consistency, OnTimeout};
pub(crate) use past::{LastRead, Need, Past, Written};
pub(crate) use token::{
    Claims, ConsistencyClaim, DatabaseClaim, TokenKey, WeakKey, Written as WrittenClaim, open, seal,
};

use crate::topology::{DatabaseId, NodeId};

/// One unit of work, with its consistency. Its clones are the same session.
#[derive(Debug, Clone)]
pub struct Session {
    state: Arc<State>,
}

/// The connection whose databases a session speaks of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Home(Arc<()>);

#[derive(Debug)]
struct State {
    id: u64,
    home: Home,
    consistency: Consistency,
    /// What it did, for each database it used.
    pasts: Mutex<SmallVec<[(DatabaseId, Past); 2]>>,
}

impl Session {
    /// A new session; the number tells it from others in a log.
    pub(crate) fn new(consistency: Consistency, home: &Home) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            state: Arc::new(State {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                home: home.clone(),
                consistency,
                pasts: Mutex::default(),
            }),
        }
    }

    /// A number no other session of this process has.
    pub fn id(&self) -> u64 {
        self.state.id
    }

    /// Whether it speaks of the databases of this connection.
    pub(crate) fn is_at(&self, home: &Home) -> bool {
        Arc::ptr_eq(&self.state.home.0, &home.0)
    }

    /// What its reads may miss.
    pub fn consistency(&self) -> Consistency {
        self.state.consistency
    }

    /// What it did on a database.
    pub(crate) fn past(&self, database: DatabaseId) -> Past {
        let pasts = self.lock();
        let found = pasts.iter().find(|(id, _)| *id == database);
        found.map(|(_, past)| past.clone()).unwrap_or_default()
    }

    /// What it did, for each database it used.
    pub(crate) fn pasts(&self) -> Vec<(DatabaseId, Past)> {
        self.lock().to_vec()
    }

    /// It wrote to a database, and that was over at a moment.
    pub(crate) fn wrote(&self, database: DatabaseId, over: Instant) {
        self.change(database, |past| {
            past.written = Some(match past.written.take() {
                Some(Written::InDoubt) => Written::InDoubt,
                Some(Written::At(before)) => Written::At(before.max(over)),
                Some(Written::Until(_) | Written::Before(_)) | None => Written::At(over),
            });
        });
    }

    /// It wrote to a database, perhaps, at any time.
    pub(crate) fn may_write_any_time(&self, database: DatabaseId) {
        self.change(database, |past| past.written = Some(Written::InDoubt));
    }

    /// It reads from a node; its next reads go there too.
    pub(crate) fn reads(&self, database: DatabaseId, node: Option<NodeId>) {
        self.change(database, |past| {
            let over = past.read.and_then(|read| read.over);
            past.read = Some(LastRead { node, over });
        });
    }

    /// It has read from a node, and that was over at a moment.
    pub(crate) fn read(&self, database: DatabaseId, node: Option<NodeId>, over: Instant) {
        self.change(database, |past| {
            let before = past.read.and_then(|read| read.over);
            past.read = Some(LastRead {
                node,
                over: before.max(Some(over)),
            });
        });
    }

    /// What another session did, whose token this one goes on from.
    pub(crate) fn resume(&self, database: DatabaseId, resumed: Past) {
        self.change(database, |past| *past = resumed);
    }

    fn change(&self, database: DatabaseId, change: impl FnOnce(&mut Past)) {
        let mut pasts = self.lock();
        match pasts.iter_mut().find(|(id, _)| *id == database) {
            Some((_, past)) => change(past),
            None => {
                let mut past = Past::default();
                change(&mut past);
                pasts.push((database, past));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, SmallVec<[(DatabaseId, Past); 2]>> {
        let pasts = self.state.pasts.lock();
        pasts.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write of a session that is under way. When it goes without an answer of the server, it may
/// happen at any time.
#[derive(Debug)]
pub(crate) struct Writing {
    session: Session,
    database: DatabaseId,
    answered: bool,
}

impl Writing {
    pub(crate) fn new(session: &Session, database: DatabaseId) -> Self {
        Self {
            session: session.clone(),
            database,
            answered: false,
        }
    }

    /// The server has answered, with an error or not: whatever it did is over.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        match self.answered {
            true => self.session.wrote(self.database, Instant::now()),
            false => self.session.may_write_any_time(self.database),
        }
    }
}
