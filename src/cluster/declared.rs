//! What was declared of a database, as far as it is needed later.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Cluster;
use super::credentials::CredentialCell;
use super::driver_kind::DriverKind;
use super::monitor::Probe;
use super::options::{ReplicaGuard, Source};
use super::settings::Settings;
use crate::error::RoutingError;
use crate::topology::{DatabaseId, PoolId};

/// What was declared of a database, as far as it is needed later.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) settings: Settings,
    /// What replicas inherit from.
    pub(crate) primary: Source,
    pub(crate) guard: ReplicaGuard,
    pub(crate) credentials: CredentialCell,
    /// Whether it has a monitor.
    pub(super) watched: AtomicBool,
    spill_over: OnceLock<Arc<Semaphore>>,
    /// A connection to ask on, of the last that was asked so.
    pub(super) asked: Mutex<Option<(PoolId, Probe)>>,
}

/// Where nothing is said and the primary's pool has no size: SeaORM's own size, halved.
const HALF_A_POOL: u32 = 5;

impl Declared {
    pub(crate) fn new(settings: Settings, primary: Source, guard: ReplicaGuard) -> Self {
        Self {
            settings,
            primary,
            guard,
            credentials: CredentialCell::default(),
            watched: AtomicBool::new(false),
            spill_over: OnceLock::new(),
            asked: Mutex::default(),
        }
    }

    /// Leave to read on the primary because no replica serves; nothing when none is given in time.
    async fn spill_over(&self, primary: Option<&DatabaseConnection>) -> Option<Leave> {
        let bound = || Semaphore::new(self.bound(primary) as usize);
        let semaphore = self.spill_over.get_or_init(|| Arc::new(bound()));
        let leave = Arc::clone(semaphore).acquire_owned();
        let waited = tokio::time::timeout(self.settings.read_deadline, leave).await;
        waited.ok()?.ok()
    }

    /// Closes the connection to ask on.
    pub(super) fn stop_asking(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many reads may be on the primary because no replica serves.
    fn bound(&self, primary: Option<&DatabaseConnection>) -> u32 {
        let usage = || primary.and_then(|primary| DriverKind::of(primary).usage());
        let half = || usage().map(|usage| (usage.max / 2).max(1));
        let settings = self.settings.spill_over;
        settings.or_else(half).unwrap_or(HALF_A_POOL)
    }
}

/// Leave to read on the primary, given back when it is dropped.
pub(crate) type Leave = OwnedSemaphorePermit;

impl Cluster {
    /// Leave to read on the primary of a database because no replica serves.
    ///
    /// # Errors
    ///
    /// [`RoutingError::SpillOver`] when too many reads are there for too long.
    pub(crate) async fn spill_over(&self, id: DatabaseId) -> Result<Option<Leave>, DbErr> {
        let declared = self.state.declared(id);
        let topology = self.snapshot();
        let database = topology.database(id);
        let primary = self.pool_of(database.primary).get();
        match declared.spill_over(primary).await {
            Some(leave) => Ok(Some(leave)),
            None => Err(RoutingError::SpillOver {
                database: database.name.clone(),
                bound: declared.bound(primary),
                waited: declared.settings.read_deadline,
                considered: topology.describe(database.replicas.iter().copied()),
            }
            .into()),
        }
    }

    /// For how long a read that met a failing replica tries others.
    pub(crate) fn read_deadline(&self, id: DatabaseId) -> Duration {
        self.state.declared(id).settings.read_deadline
    }

    /// Whether a database has a monitor, which finds out that a node is dead.
    pub(crate) fn is_watched(&self, id: DatabaseId) -> bool {
        self.state.declared(id).watched.load(Ordering::Relaxed)
    }
}
