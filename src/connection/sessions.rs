//! Sessions: handles that remember what was written and read through them.

use super::RoutingConnection;
use crate::error::{RoutingError, SessionError};
use crate::scope::Scope;
use crate::session::{Consistency, Session};

/// Sessions: one unit of work each, with its consistency.
///
/// ```
/// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
/// use std::time::Duration;
/// use sea_orm_routing::Consistency;
///
/// let window = Duration::from_secs(5);
/// let request = db.session_with(Consistency::ReadYourWrites { window });
/// // ... what is written through `request` is seen by what is read through it.
/// # Ok(())
/// # }
/// ```
impl RoutingConnection {
    /// A handle for one unit of work, a request or a job, which reads its own writes. Its consistency is
    /// [causal without waiting](Consistency::SESSION), unless the connection has
    /// [another](crate::RoutingBuilder::consistency). Handles made from it, and its
    /// transactions, belong to the same session.
    #[must_use]
    pub fn session(&self) -> Self {
        self.session_with(self.core.shared.consistency)
    }

    /// A handle for one unit of work with a consistency of its own.
    #[must_use]
    pub fn session_with(&self, consistency: Consistency) -> Self {
        self.with(Session::new(consistency, &self.core.shared.router))
    }

    /// A handle in an existing session.
    ///
    /// # Errors
    ///
    /// [`SessionError::ForeignSession`] for a session of another connection: use a
    /// token (feature `session-tokens`) to resume it here.
    pub fn in_session(&self, session: Session) -> Result<Self, RoutingError> {
        match session.belongs_to(&self.core.shared.router) {
            true => Ok(self.with(session)),
            false => Err(RoutingError::Session(SessionError::ForeignSession {
                id: session.id(),
            })),
        }
    }

    pub(super) fn with(&self, session: Session) -> Self {
        self.scoped(Scope {
            session: Some(session),
            ..self.scope.clone()
        })
    }

    /// The session of this handle, if it has one.
    pub fn current_session(&self) -> Option<&Session> {
        self.scope.session.as_ref()
    }

    /// Records a write to a database that was made elsewhere: by another program that this session
    /// called, or through a plain connection.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase);
    /// [`SessionError::NoSession`] on a handle without a session.
    pub fn mark_written(&self, database: &str) -> Result<(), RoutingError> {
        let session = self.own_session("mark_written(..)")?;
        session.wrote(
            self.find_database(database)?,
            self.core.cluster.clock().now(),
        );
        Ok(())
    }

    pub(super) fn own_session(&self, what: &'static str) -> Result<&Session, RoutingError> {
        let session = self.scope.session.as_ref();
        session.ok_or(RoutingError::Session(SessionError::NoSession { what }))
    }
}
