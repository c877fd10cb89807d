//! What the nodes of a database have said of themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::observation::Observation;
use crate::cluster::Declared;
use crate::cluster::settings::Settings;
use crate::topology::{DatabaseId, Lag, NodeId, Progress, Role, Samples, Seen, Topology};

#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) samples: Samples,
    pub(super) nodes: HashMap<NodeId, KnownNode>,
    /// That of the primary, which every replica must share.
    pub(super) cluster: Option<Box<str>>,
}

#[derive(Debug, Default)]
pub(super) struct KnownNode {
    pub(super) wake: Arc<Notify>,
    /// Whether it was asked at least once.
    pub(super) asked: bool,
    /// Whether it gave no answer last: connections to it may hang for ever.
    pub(super) silent: bool,
    pub(super) seen: Option<Seen>,
}

impl Known {
    /// Whether it was silent before.
    pub(super) fn remember(&mut self, node: NodeId, asked: Instant, seen: &Observation) -> bool {
        let known = self.nodes.entry(node).or_default();
        known.asked = true;
        let before = known.seen.take();
        known.seen = seen.role.map(|role| Seen {
            role,
            server: seen.server.clone(),
            since: match before {
                Some(before) if before.role == role => before.since,
                Some(_) | None => asked,
            },
            asked,
        });
        std::mem::take(&mut known.silent)
    }

    pub(super) fn wake_replicas(&self, topology: &Topology, database: DatabaseId) {
        for replica in &topology.database(database).replicas {
            if !topology.node(*replica).health.is_down()
                && let Some(known) = self.nodes.get(replica)
            {
                known.wake.notify_one();
            }
        }
    }

    /// Why a replica cannot be one of this database.
    pub(super) fn is_foreign(&self, seen: &Observation) -> Option<Box<str>> {
        match (&self.cluster, &seen.cluster) {
            (Some(primary), Some(replica)) if primary != replica => Some(
                format!("it belongs to the cluster {replica}, its primary to {primary}").into(),
            ),
            _ => None,
        }
    }

    /// How far a replica has got.
    pub(super) fn progress(
        &self,
        topology: &Topology,
        declared: &Declared,
        node: NodeId,
        seen: Observation,
    ) -> Progress {
        let primary = topology.database(topology.node(node).database).primary;
        let primary = self
            .nodes
            .get(&primary)
            .and_then(|known| known.seen.as_ref());
        // One that follows nobody proves nothing, unless it is the primary itself.
        let same = primary.is_some_and(|it| it.server.is_some() && it.server == seen.server);
        let follows = seen.role != Some(Role::Primary) || same || seen.cluster.is_none();
        let reached = seen.replayed.or(seen.written.filter(|_| same));
        let Some(replayed) = reached.filter(|_| follows) else {
            return Progress::default();
        };
        let lag = self.samples.lag(&replayed, Instant::now());
        let lagging = lag.is_some_and(|lag| is_lagging(&declared.settings, lag));
        Progress {
            caught_up_to: self.samples.caught_up_to(&replayed),
            replayed: Some(replayed),
            lag,
            lagging,
        }
    }
}

fn is_lagging(settings: &Settings, lag: Lag) -> bool {
    let late = settings.lag_limit.is_some_and(|limit| lag.time > limit);
    let bytes = settings.lag_limit_bytes.zip(lag.bytes);
    late || bytes.is_some_and(|(limit, bytes)| bytes > limit)
}
