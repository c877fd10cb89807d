//! What a handle has fixed: a database or node, an entity, a role, read-only, bindings, a session.

mod transactions;

use std::sync::Arc;

use sea_orm::DbBackend;

use crate::bind::Bindings;
use crate::session::Session;
use crate::topology::{DatabaseId, NodeId, Role};
pub(crate) use transactions::Transactions;
pub use transactions::{ReadOnlyTransactions, TransactionMode};

/// What a handle has fixed; it takes precedence over policies and bindings.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) place: Place,
    pub(crate) role: Option<Role>,
    pub(crate) read_only: bool,
    pub(crate) bindings: Option<Arc<Bindings>>,
    pub(crate) session: Option<Session>,
    pub(crate) transactions: Arc<Transactions>,
    /// The dialect of the handle: SeaORM asks for it before there is a statement.
    pub(crate) dialect: DbBackend,
}

/// Where a handle sends its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Each statement to the database it belongs to.
    Anywhere,
    /// All statements to one database.
    Database(DatabaseId, Chosen),
    /// All statements to one node.
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

    /// Whether the scope fixes nothing that a decision depends on.
    pub(crate) fn is_plain(&self) -> bool {
        self.place == Place::Anywhere
            && self.role.is_none()
            && !self.read_only
            && self.bindings.is_none()
    }
}
