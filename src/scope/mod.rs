//! What a handle has fixed: a database or node, an entity, a role, read-only, bindings, a session.

mod transactions;

use std::sync::Arc;

use sea_orm::DbBackend;

use crate::bind::Bindings;
use crate::session::Session;
use crate::topology::{DatabaseId, NodeId, Role};
pub(crate) use transactions::Transactions;
pub use transactions::{ReadOnlyTransactions, TransactionMode};

/// What a handle has fixed; it is asked before everything else.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) place: Place,
    pub(crate) role: Option<Role>,
    pub(crate) read_only: bool,
    pub(crate) bindings: Option<Arc<Bindings>>,
    pub(crate) session: Option<Session>,
    pub(crate) transactions: Arc<Transactions>,
    /// What the handle speaks: SeaORM asks before it has a statement.
    pub(crate) dialect: DbBackend,
}

/// Where a handle sends its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where each of them belongs.
    Anywhere,
    /// To one database.
    Database(DatabaseId, Chosen),
    /// To one node.
    Node(NodeId),
}

/// How a database was fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// `using(..)`.
    Using,
    /// `for_entity(..)`.
    Entity,
}

impl Scope {
    pub(crate) fn new(dialect: DbBackend) -> Self {
        Self {
            place: Place::Anywhere,
            role: None,
            read_only: false,
            bindings: None,
            session: None,
            transactions: Arc::default(),
            dialect,
        }
    }

    /// Whether it has fixed nothing that a decision depends on.
    pub(crate) fn is_plain(&self) -> bool {
        self.place == Place::Anywhere
            && self.role.is_none()
            && !self.read_only
            && self.bindings.is_none()
    }
}
