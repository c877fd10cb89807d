//! Promotions, split brain, and no primary at all.

use super::simulation::{Answers, SECOND, Simulation, observed};
use crate::topology::{NodeState, Role, WriteBlock};

/// `a` dies, and `b` was promoted.
async fn failed_over(dies: Answers) -> Simulation {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").answers = dies;
    it.run(3 * SECOND).await;
    assert_eq!(it.primary(), "a");
    it.server("b").promote(2);
    it.run(5 * SECOND).await;
    it
}

#[tokio::test]
async fn a_promoted_replica_takes_over_from_a_dead_primary() {
    let mut it = failed_over(Answers::Refuses).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.node("b").role, Role::Primary);
    assert_eq!(it.node("a").role, Role::Replica);
    assert_eq!(it.state("a"), NodeState::Down);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_promoted_replica_takes_over_from_a_primary_that_hangs() {
    let it = failed_over(Answers::Never).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_promotion_is_a_new_epoch_and_gives_both_nodes_other_pools() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    let (epoch, a, b) = (it.cluster.epoch(), it.node("a").pool, it.node("b").pool);
    it.server("a").answers = Answers::Refuses;
    it.server("b").promote(2);
    it.run(5 * SECOND).await;
    assert!(it.cluster.epoch() > epoch);
    assert_ne!(it.node("a").pool, a);
    assert_ne!(it.node("b").pool, b);
}

#[tokio::test]
async fn a_dead_primary_alone_promotes_no_replica() {
    let mut it = Simulation::new(observed());
    it.server("a").answers = Answers::Refuses;
    it.run(300 * SECOND).await;
    assert_eq!(it.primary(), "a");
    assert_eq!(it.state("b"), NodeState::Up);
}

#[tokio::test]
async fn a_switchover_of_two_live_servers_is_followed() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").role = Role::Replica;
    it.server("b").promote(2);
    it.run(5 * SECOND).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.node("a").role, Role::Replica);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn an_old_primary_that_returns_as_a_replica_serves_as_one() {
    let mut it = failed_over(Answers::Refuses).await;
    let server = it.server("a");
    server.role = Role::Replica;
    server.answers = Answers::Normally;
    it.run(8 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Probation);
    it.run(15 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Up);
    assert_eq!(it.primary(), "b");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn an_old_primary_that_returns_as_one_is_refused_and_writes_go_on() {
    let mut it = failed_over(Answers::Refuses).await;
    it.server("a").answers = Answers::Normally;
    it.run(8 * SECOND).await;
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "b");
    assert_eq!(it.state("a"), NodeState::Refused);
}

#[tokio::test]
async fn an_old_primary_is_not_taken_while_the_new_one_is_silent() {
    for silent in [Answers::Never, Answers::Refuses, Answers::LoginRefused] {
        let mut it = failed_over(Answers::Refuses).await;
        it.server("a").answers = Answers::Normally;
        it.run(8 * SECOND).await;
        it.server("b").answers = silent;
        it.run(60 * SECOND).await;
        assert_eq!(it.primary(), "b");
        let Some(WriteBlock::Unproven(names)) = it.write_block() else {
            panic!("writes go on: {:?}", it.write_block());
        };
        assert_eq!(*names, ["a"]);
        it.server("b").answers = Answers::Normally;
        it.run(8 * SECOND).await;
        assert_eq!(it.write_block(), None);
    }
}

#[tokio::test]
async fn a_primary_that_lives_yields_to_a_newer_timeline() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("b").promote(2);
    it.run(2 * SECOND).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.write_block(), None);
    it.run(8 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Refused);
}

#[tokio::test]
async fn a_frozen_primary_yields_within_two_probe_intervals() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::Never;
    it.run(3 * SECOND).await;
    it.server("b").promote(2);
    it.run(2 * SECOND).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_switch_there_and_back_that_was_not_seen_is_followed() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    for server in ["a", "b", "c"] {
        it.server(server).answers = Answers::Never;
    }
    it.run(10 * SECOND).await;
    for server in ["a", "b", "c"] {
        it.server(server).answers = Answers::Normally;
    }
    it.server("a").promote(3);
    it.run(20 * SECOND).await;
    assert_eq!(it.primary(), "a");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_fail_back_is_followed() {
    let mut it = failed_over(Answers::Refuses).await;
    let a = it.server("a");
    (a.role, a.answers, a.timeline) = (Role::Replica, Answers::Normally, 2);
    it.run(20 * SECOND).await;
    it.server("b").role = Role::Replica;
    it.server("a").promote(3);
    it.run(3 * SECOND).await;
    assert_eq!(it.primary(), "a");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn of_two_that_were_promoted_apart_none_is_taken_until_one_is_chosen() {
    let mut it = failed_over(Answers::Refuses).await;
    it.server("c").promote(2);
    it.run(5 * SECOND).await;
    assert!(matches!(it.write_block(), Some(WriteBlock::SplitBrain(_))));
    assert_eq!(it.state("c"), NodeState::Refused);
    let chosen = it.id("c");
    assert!(it.watch.accept(&it.cluster.snapshot(), chosen).is_some());
    it.run(5 * SECOND).await;
    assert_eq!(it.primary(), "c");
    assert_eq!(it.write_block(), None);
    it.run(8 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Refused);
}

#[tokio::test]
async fn a_primary_restored_from_an_older_timeline_waits_to_be_accepted() {
    let mut it = failed_over(Answers::Refuses).await;
    let b = it.server("b");
    (b.timeline, b.identity) = (1, "b, restored");
    it.run(5 * SECOND).await;
    assert!(matches!(it.write_block(), Some(WriteBlock::Unproven(_))));
    let chosen = it.id("b");
    assert!(it.watch.accept(&it.cluster.snapshot(), chosen).is_some());
    it.run(2 * SECOND).await;
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "b");
}

#[tokio::test]
async fn a_replica_on_the_old_timeline_proves_nothing_however_far_it_is() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    let before = it.node("c").progress.caught_up_to;
    assert!(before.is_some());
    it.server("a").answers = Answers::Refuses;
    it.server("b").promote(2);
    it.run(5 * SECOND).await;
    it.server("b").position = 2000;
    it.server("c").position = 2000;
    it.run(3 * SECOND).await;
    assert_eq!(it.node("c").progress.caught_up_to, None);
    it.server("c").timeline = 2;
    it.run(3 * SECOND).await;
    assert!(it.node("c").progress.caught_up_to > before);
}

#[tokio::test]
async fn an_old_primary_with_changes_of_its_own_is_refused_as_a_replica() {
    let mut it = failed_over(Answers::Refuses).await;
    let server = it.server("a");
    server.role = Role::Replica;
    server.position = 9000;
    server.answers = Answers::Normally;
    it.run(8 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Refused);
    assert_eq!(it.primary(), "b");
}

#[tokio::test]
async fn two_primaries_stop_writes_until_one_steps_down() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("b").role = Role::Primary;
    it.run(3 * SECOND).await;
    let Some(WriteBlock::SplitBrain(names)) = it.write_block() else {
        panic!("no split: {:?}", it.write_block());
    };
    assert_eq!(
        names.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    it.run(60 * SECOND).await;
    assert!(matches!(it.write_block(), Some(WriteBlock::SplitBrain(_))));
    it.server("b").role = Role::Replica;
    it.run(3 * SECOND).await;
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "a");
}

#[tokio::test]
async fn after_a_split_the_one_that_stays_primary_has_the_role() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("b").role = Role::Primary;
    it.run(3 * SECOND).await;
    it.server("a").role = Role::Replica;
    it.run(5 * SECOND).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn one_server_behind_two_nodes_is_no_split() {
    let mut it = Simulation::new(observed());
    it.server("b").role = Role::Primary;
    it.server("b").identity = "a";
    it.run(10 * SECOND).await;
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "a");
}

#[tokio::test]
async fn a_primary_that_steps_down_without_a_successor_stops_writes() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").role = Role::Replica;
    it.run(3 * SECOND).await;
    assert_eq!(it.write_block(), Some(WriteBlock::NoPrimary));
    it.server("a").role = Role::Primary;
    it.run(3 * SECOND).await;
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_second_failover_is_followed_as_the_first() {
    let mut it = failed_over(Answers::Refuses).await;
    it.server("b").answers = Answers::Refuses;
    it.server("c").promote(3);
    it.run(8 * SECOND).await;
    assert_eq!(it.primary(), "c");
    assert_eq!(it.write_block(), None);
    assert_eq!(it.node("b").role, Role::Replica);
}

#[tokio::test]
async fn positions_of_the_old_primary_prove_nothing_after_a_promotion() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::Refuses;
    it.server("b").promote(2);
    it.server("c").position = 100;
    it.run(5 * SECOND).await;
    assert_eq!(it.primary(), "b");
    assert_eq!(it.node("c").progress.caught_up_to, None);
    (it.server("c").position, it.server("c").timeline) = (1000, 2);
    it.run(3 * SECOND).await;
    assert!(it.node("c").progress.caught_up_to.is_some());
}
