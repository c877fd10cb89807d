//! What is known about a text, as it is kept with the text in the cache.

use sea_orm::DbBackend;

use crate::bind::Bound;
use crate::route::Decision;
use crate::sql::{Access, Flavor, Operation};

/// What is known about a text: what it does, and where its tables live by the connection's own
/// bindings.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) operation: Operation,
    /// What the operation was found for.
    pub(super) flavor: Flavor,
    pub(crate) bound: Bound,
    pub(super) precomputed: Option<Precomputed>,
    /// The epoch of the topology in which writes were stopped, so that nothing could be precomputed.
    pub(super) stopped: Option<u64>,
}

/// A decision that is always the same on a handle that has fixed nothing: no policy is asked and no
/// replica is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Precomputed {
    pub(super) decision: Decision,
    pub(super) dialect: DbBackend,
    /// Epoch of the topology that the decision was made with.
    pub(super) epoch: u64,
}

impl Analysis {
    /// Whether the statement may write. A statement whose text is not fully understood may,
    /// whatever its first word is.
    pub(crate) fn may_write(&self) -> bool {
        let access = self.operation.access();
        let opaque = self.operation.is_opaque();
        opaque || matches!(access, Access::Unknown | Access::Write | Access::Schema)
    }

    /// Whether the statement may take a lock that is kept until the end of its transaction, other than
    /// those of the rows that it writes.
    pub(crate) fn may_lock(&self) -> bool {
        let access = self.operation.access();
        self.is_unproven_session() || matches!(access, Access::LockingRead | Access::Unknown)
    }

    /// Whether it is a statement on the session that is not proven to be harmless.
    pub(crate) fn is_unproven_session(&self) -> bool {
        self.operation.access() == Access::Session && !self.operation.is_harmless()
    }

    /// Whether a session counts the statement as a write: it is not proven to be harmless. `COMMIT PREPARED`
    /// is a statement on the session and makes a write visible.
    pub(crate) fn counts_as_write(&self) -> bool {
        self.may_write() || self.is_unproven_session()
    }
}
