//! What has this work seen?
//!
//! A [`Session`] is one unit of work: a request, a job. It is carried by the handle, never by
//! ambient state. For now every session is [`Consistency::Eventual`]; reading one's own writes and
//! causal reads find their room here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the reads of a session may miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// A read may miss what was just written: it goes to any replica.
    #[default]
    Eventual,
}

/// One unit of work, with its consistency.
#[derive(Debug, Clone)]
pub struct Session {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    id: u64,
    consistency: Consistency,
}

impl Session {
    /// A new session; the number tells it from others in a log.
    pub(crate) fn new(consistency: Consistency) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            state: Arc::new(State {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                consistency,
            }),
        }
    }

    /// A number no other session of this process has.
    pub fn id(&self) -> u64 {
        self.state.id
    }

    /// What its reads may miss.
    pub fn consistency(&self) -> Consistency {
        self.state.consistency
    }
}
