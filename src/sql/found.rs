//! What was found in a text so far.

use super::operation::{Access, Evidence, ImplicitCommit};

/// What the statements of a text do, beside the tables that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) access: Access,
    pub(super) evidence: Evidence,
    /// The keyword of a statement that begins or ends a transaction.
    pub(super) controls: Option<&'static str>,
    /// The statement before which MySQL commits.
    pub(super) commits: Option<ImplicitCommit>,
    /// A part is not analyzed.
    pub(super) opaque: bool,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            access: Access::Read,
            evidence: Evidence::Proven,
            controls: None,
            commits: None,
            opaque: false,
        }
    }

    /// Makes the access at least as strict as `access`.
    pub(super) fn raise(&mut self, access: Access, evidence: Evidence) {
        if access > self.access {
            self.access = access;
            self.evidence = evidence;
        }
    }

    /// Something is not understood.
    pub(super) fn doubt(&mut self, evidence: Evidence) {
        self.opaque = true;
        self.raise(Access::Unknown, evidence);
    }

    /// Adds what the next statement does.
    pub(super) fn add(&mut self, statement: Self) {
        self.raise(statement.access, statement.evidence);
        self.controls = self.controls.or(statement.controls);
        self.commits = match (self.commits, statement.commits) {
            (Some(certain @ ImplicitCommit::Certain(_)), _) => Some(certain),
            (earlier, later) => later.or(earlier),
        };
        self.opaque |= statement.opaque;
    }
}
