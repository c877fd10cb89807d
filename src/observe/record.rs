//! The routes of what ran meanwhile.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sea_orm::EntityTrait;

use crate::name::TableName;
use crate::route::Route;
use crate::topology::Role;

/// The recordings of a connection that are under way.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    /// Whether there is any, so that a statement pays one load when there is none.
    any: AtomicBool,
    recordings: Mutex<Vec<Weak<Mutex<Vec<Route>>>>>,
}

/// The routes of every statement a connection has sent since [`record`] was called, on all its
/// handles and in all its transactions. Ends when it is dropped.
///
/// [`record`]: crate::RoutingConnection::record
#[derive(Debug)]
pub struct Recording {
    routes: Arc<Mutex<Vec<Route>>>,
}

impl Recorders {
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    pub(crate) fn start(&self) -> Recording {
        let routes = Arc::default();
        let mut recordings = lock(&self.recordings);
        recordings.push(Arc::downgrade(&routes));
        self.any.store(true, Ordering::Relaxed);
        Recording { routes }
    }

    pub(crate) fn record(&self, route: &Route) {
        let mut recordings = lock(&self.recordings);
        recordings.retain(|recording| match recording.upgrade() {
            Some(routes) => {
                lock(&routes).push(route.clone());
                true
            }
            None => false,
        });
        self.any.store(!recordings.is_empty(), Ordering::Relaxed);
    }
}

impl Recording {
    /// The routes so far, in the order the statements were sent.
    pub fn routes(&self) -> Vec<Route> {
        lock(&self.routes).clone()
    }

    /// Asserts that every statement that names the table of `entity` went to a node of that role of
    /// that database, and that there was one.
    ///
    /// # Panics
    ///
    /// With the routes of the entity, when one went elsewhere or there was none.
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

    /// Asserts that nothing was sent.
    ///
    /// # Panics
    ///
    /// With the routes, when something was.
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
