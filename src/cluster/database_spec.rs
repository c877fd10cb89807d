//! The declaration of a database, as far as it is needed after the start, and the permits of reads that
//! fall back to its primary.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Cluster;
use super::credentials::CredentialCell;
use super::driver_kind::DriverKind;
use super::monitor::Probe;
use super::options::{NodeSource, ReplicaGuard};
use super::settings::Settings;
use crate::balance::Balancing;
use crate::error::{AvailabilityError, RoutingError};
use crate::topology::{DatabaseId, PoolId};

/// What was declared of a database, as far as it is needed after the start.
#[derive(Debug)]
pub(crate) struct DatabaseSpec {
    pub(crate) settings: Settings,
    pub(crate) balancing: Balancing,
    /// Replicas inherit its options.
    pub(crate) primary: NodeSource,
    pub(crate) guard: ReplicaGuard,
    pub(crate) credentials: CredentialCell,
    pub(super) has_monitor: AtomicBool,
    fallback_reads: OnceLock<Arc<Semaphore>>,
    /// The connection of the last probe outside the monitor.
    pub(super) asked: Mutex<Option<(PoolId, Probe)>>,
    /// When the connections of a demoted primary were last replaced.
    renewed: Mutex<Option<Instant>>,
}

/// The permits of a primary without a pool: half of SeaORM's default pool size.
const DEFAULT_PERMITS: u32 = 5;

impl DatabaseSpec {
    pub(crate) fn new(
        settings: Settings,
        balancing: Balancing,
        primary: NodeSource,
        guard: ReplicaGuard,
    ) -> Self {
        Self {
            settings,
            balancing,
            primary,
            guard,
            credentials: CredentialCell::default(),
            has_monitor: AtomicBool::new(false),
            fallback_reads: OnceLock::new(),
            asked: Mutex::default(),
            renewed: Mutex::default(),
        }
    }

    /// Waits for a permit. Returns `None` if there is none within the read deadline.
    async fn take_fallback_permit(
        &self,
        primary: Option<&DatabaseConnection>,
    ) -> Option<FallbackPermit> {
        let limit = || Semaphore::new(self.limit(primary) as usize);
        let semaphore = self.fallback_reads.get_or_init(|| Arc::new(limit()));
        let permit = Arc::clone(semaphore).acquire_owned();
        let waited = tokio::time::timeout(self.settings.read_deadline, permit).await;
        waited.ok()?.ok()
    }

    /// Whether the connections of a demoted primary may be replaced now: once in a probe interval, or a second.
    pub(super) fn may_renew(&self, now: Instant) -> bool {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = self.settings.probe_interval.min(Duration::from_secs(1));
        let recently = |last: Instant| now.saturating_duration_since(last) < pause;
        let may = !renewed.is_some_and(recently);
        if may {
            *renewed = Some(now);
        }
        may
    }

    /// Closes the connection of probes outside the monitor.
    pub(super) fn disconnect_probe(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many reads may be in flight on the primary because no replica serves.
    fn limit(&self, primary: Option<&DatabaseConnection>) -> u32 {
        let usage = || primary.and_then(|primary| DriverKind::of(primary).usage());
        let half = || usage().map(|usage| (usage.max / 2).max(1));
        let declared = self.settings.max_fallback_reads;
        declared.or_else(half).unwrap_or(DEFAULT_PERMITS)
    }
}

/// Permits one read on the primary because no replica serves. Returned when it is dropped.
pub(crate) type FallbackPermit = OwnedSemaphorePermit;

impl Cluster {
    /// Admits a read to the primary of a database because no replica serves.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::FallbackLimit`] if every permit is taken for the whole read deadline.
    pub(crate) async fn take_fallback_permit(
        &self,
        id: DatabaseId,
    ) -> Result<Option<FallbackPermit>, DbErr> {
        let declared = self.state.declared(id);
        let topology = self.snapshot();
        let database = topology.database_by_id(id);
        let primary = self.pool_of(database.primary).get();
        match declared.take_fallback_permit(primary).await {
            Some(permit) => Ok(Some(permit)),
            None => Err(
                RoutingError::Availability(AvailabilityError::FallbackLimit {
                    database: database.name.clone(),
                    limit: declared.limit(primary),
                    waited: declared.settings.read_deadline,
                    considered: topology.describe(database.replicas.iter().copied(), &[]),
                })
                .into(),
            ),
        }
    }

    /// How a database spreads its reads.
    pub(crate) fn balancing(&self, id: DatabaseId) -> &Balancing {
        &self.state.declared(id).balancing
    }

    /// For how long a read that met a failing replica tries others.
    pub(crate) fn read_deadline(&self, id: DatabaseId) -> Duration {
        self.state.declared(id).settings.read_deadline
    }

    /// Whether a database has a monitor, which finds out that a node is dead.
    pub(crate) fn has_monitor(&self, id: DatabaseId) -> bool {
        self.state.declared(id).has_monitor.load(Ordering::Relaxed)
    }
}
