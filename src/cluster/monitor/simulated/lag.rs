//! Replicas that fall behind, and replicas that cannot belong to their primary.

use super::simulation::{SECOND, Simulation, observed};
use crate::cluster::settings::Settings;
use crate::topology::{Endpoint, NodeState, Role};

fn limited() -> Settings {
    Settings {
        lag_limit: Some(2 * SECOND),
        ..Settings::default()
    }
}

/// The primary writes for some seconds, and only `c` replays.
async fn write_without_b(it: &mut Simulation, seconds: u32) {
    for _ in 0..seconds {
        it.server("a").position += 100;
        it.server("c").position += 100;
        it.run(SECOND).await;
    }
}

#[tokio::test]
async fn a_replica_that_falls_behind_leaves_the_rotation_and_returns() {
    let mut it = Simulation::new(limited());
    it.run(3 * SECOND).await;
    write_without_b(&mut it, 6).await;
    assert_eq!(it.state("b"), NodeState::Lagging);
    assert_eq!(it.state("c"), NodeState::Up);
    let lag = it.node("b").lag().expect("measured");
    assert!(lag.time > 2 * SECOND, "{lag}");
    assert_eq!(lag.bytes, Some(600));
    let caught_up = it.server("a").position;
    it.server("b").position = caught_up;
    it.run(2 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
    assert_eq!(it.node("b").lag().expect("measured").bytes, Some(0));
}

#[tokio::test]
async fn a_replica_within_the_limit_serves() {
    let mut it = Simulation::new(limited());
    it.run(3 * SECOND).await;
    write_without_b(&mut it, 1).await;
    assert_eq!(it.state("b"), NodeState::Up);
}

#[tokio::test]
async fn a_replica_that_lacks_too_many_bytes_is_lagging() {
    let mut it = Simulation::new(Settings {
        lag_limit_bytes: Some(250),
        ..Settings::default()
    });
    it.run(3 * SECOND).await;
    write_without_b(&mut it, 2).await;
    assert_eq!(it.state("b"), NodeState::Up);
    write_without_b(&mut it, 3).await;
    assert_eq!(it.state("b"), NodeState::Lagging);
}

#[tokio::test]
async fn an_idle_primary_makes_no_replica_lag() {
    let mut it = Simulation::new(limited());
    it.run(3600 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
    let lag = it.node("b").lag().expect("measured");
    assert_eq!(lag.time, std::time::Duration::ZERO);
}

#[tokio::test]
async fn a_replica_is_proven_up_to_the_last_position_it_has_replayed() {
    let mut it = Simulation::new(Settings::default());
    it.run(3 * SECOND).await;
    let before = *it.times("a").last().expect("asked");
    write_without_b(&mut it, 5).await;
    let behind = it.node("b").progress.caught_up_to.expect("measured");
    let current = it.node("c").progress.caught_up_to.expect("measured");
    assert_eq!(behind, before);
    assert_eq!(current, *it.times("a").last().expect("asked"));
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_refused_until_it_is_rebuilt() {
    let mut it = Simulation::new(Settings::default());
    it.server("b").cluster = "stranger";
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Refused);
    it.server("b").cluster = "cluster";
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
}

#[tokio::test]
async fn a_replica_with_changes_its_primary_lacks_is_refused_until_it_starts_anew() {
    let mut it = Simulation::new(Settings::default());
    it.server("b").position = 2000;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Refused);
    // The primary passing it heals nothing.
    it.server("a").position = 5000;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Refused);
    it.server("b").position = 500;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
}

#[tokio::test]
async fn with_declared_roles_a_promoted_replica_is_refused() {
    let mut it = Simulation::new(Settings::default());
    it.run(3 * SECOND).await;
    it.server("b").role = Role::Primary;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Refused);
    assert_eq!(it.primary(), "a");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_replica_that_was_restarted_proves_nothing_until_it_is_compared_again() {
    let mut it = Simulation::new(Settings::default());
    it.run(3 * SECOND).await;
    assert!(it.node("b").back_since.is_none());
    it.server("b").identity = "b, restarted";
    it.run(2 * SECOND).await;
    let back = it.node("b").back_since.expect("restarted");
    it.run(3 * SECOND).await;
    let proven = it.node("b").progress.caught_up_to.expect("measured");
    assert!(proven > back);
}

#[tokio::test]
async fn what_is_behind_a_balancer_has_no_lag_and_no_role() {
    let mut it = Simulation::with_endpoint(observed(), Endpoint::Balanced);
    it.server("c").role = Role::Primary;
    it.server("c").position = 1;
    it.run(10 * SECOND).await;
    assert_eq!(it.state("c"), NodeState::Up);
    assert!(it.node("c").lag().is_none());
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "a");
}
