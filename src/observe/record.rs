//! The routes of the statements that ran while a recording was alive, for tests.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::EntityTrait;

use super::{Event, EventKind, Observer, Observers};
use crate::name::TableName;
use crate::route::Route;
use crate::topology::Role;

/// The routes of every statement a connection has sent since [`record`] was called, on all its
/// handles and in all its transactions. Dropping it ends the recording.
///
/// [`record`]: crate::RoutingConnection::record
#[derive(Debug)]
pub struct Recording {
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<Route>>);

impl Observer for Log {
    fn wants(&self, kind: EventKind) -> bool {
        kind == EventKind::Attempted
    }

    fn observe(&self, event: &Event<'_>) {
        if let Event::Attempted { route } = event {
            lock(&self.0).push((*route).clone());
        }
    }
}

impl Recording {
    pub(crate) fn start(observers: &Observers) -> Self {
        let log = Arc::default();
        observers.add_while(&log);
        Self { log }
    }

    /// The routes so far, in the order the statements were sent.
    pub fn routes(&self) -> Vec<Route> {
        lock(&self.log.0).clone()
    }

    /// Asserts that every statement that names the table of `entity` went to a node of that role of
    /// that database, and that there was one.
    ///
    /// # Panics
    ///
    /// With the routes of the entity, if one went elsewhere or there was none.
    #[track_caller]
    pub fn assert_routed<E: EntityTrait>(&self, entity: E, database: &str, role: Role) {
        let table = TableName::of(entity);
        let routes = self.routes();
        let of_entity: Vec<_> = routes.iter().filter(|route| route.names(&table)).collect();
        let elsewhere = |route: &&Route| *route.database() != database || route.role() != role;
        assert!(
            !of_entity.is_empty(),
            "no statement named {table}; sent were:\n{self}"
        );
        assert!(
            !of_entity.iter().any(elsewhere),
            "{table} should have gone to the {role} of {database}; sent were:\n{self}"
        );
    }

    /// Asserts that no statement was sent.
    ///
    /// # Panics
    ///
    /// With the routes, if a statement was sent.
    #[track_caller]
    pub fn assert_nothing_sent(&self) {
        assert!(
            self.routes().is_empty(),
            "nothing should have been sent, but was:\n{self}"
        );
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for route in self.routes() {
            writeln!(f, "{route}")?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
