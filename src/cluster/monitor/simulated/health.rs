//! Nodes that die, hang and come back.

use std::time::Duration;

use super::simulation::{Answers, SECOND, Simulation, now, observed, set_chance};
use crate::cluster::settings::Settings;
use crate::topology::{NodeState, WriteBlock};

#[tokio::test]
async fn nodes_that_answer_as_declared_are_up() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    for name in ["a", "b", "c"] {
        assert_eq!(it.state(name), NodeState::Up, "{name}");
    }
    assert_eq!(it.write_block(), None);
    assert_eq!(it.primary(), "a");
}

#[tokio::test]
async fn each_node_is_asked_once_in_a_probe_interval() {
    let mut it = Simulation::new(Settings::default());
    it.run(100 * SECOND).await;
    for name in ["a", "b", "c"] {
        let asked = it.times(name).len();
        assert!(
            (99..=103).contains(&asked),
            "{name} was asked {asked} times"
        );
    }
}

#[tokio::test]
async fn a_replica_that_refuses_connections_is_down_within_two_intervals() {
    let mut it = Simulation::new(Settings::default());
    it.run(5 * SECOND).await;
    it.server("b").answers = Answers::Refuses;
    it.run(2 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Down);
    assert_eq!(it.state("c"), NodeState::Up);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_replica_that_hangs_is_down_after_the_probe_timeout() {
    let mut it = Simulation::new(Settings {
        probe_timeout: 3 * SECOND,
        ..Settings::default()
    });
    it.run(5 * SECOND).await;
    it.server("b").answers = Answers::Never;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
    it.run(2 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Down);
}

#[tokio::test]
async fn a_dead_node_is_left_alone_for_longer_each_time_up_to_a_bound() {
    let mut it = Simulation::new(Settings {
        max_backoff: 3 * SECOND,
        ..Settings::default()
    });
    it.server("b").answers = Answers::Refuses;
    it.run(60 * SECOND).await;
    let times = it.times("b");
    let pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let near = |pause: Duration, expected: Duration| pause.abs_diff(expected) < SECOND / 100;
    for (pause, halves) in pauses.iter().zip([1, 2, 4, 6, 6, 6]) {
        assert!(near(*pause, halves * SECOND / 2), "{pauses:?}");
    }
}

#[tokio::test]
async fn chance_moves_the_pause_by_a_quarter() {
    let mut pauses = Vec::new();
    for chance in [0, u64::MAX] {
        let mut it = Simulation::new(Settings::default());
        set_chance(chance);
        it.server("b").answers = Answers::Refuses;
        it.run(Duration::from_millis(1)).await;
        let retry_at = it.node("b").health.retry_at().expect("down");
        pauses.push(retry_at - it.times("b")[0]);
    }
    assert_eq!(pauses, [SECOND / 8 * 3, SECOND / 8 * 5]);
}

#[tokio::test]
async fn a_node_that_returns_is_on_probation_and_then_up() {
    let mut it = Simulation::new(Settings::default());
    it.server("b").answers = Answers::Refuses;
    it.run(5 * SECOND).await;
    it.server("b").answers = Answers::Normally;
    it.run(6 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Probation);
    it.run(15 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Up);
}

#[tokio::test]
async fn a_failure_on_probation_counts_for_more_than_the_first() {
    let mut it = Simulation::new(Settings::default());
    it.server("b").answers = Answers::Refuses;
    it.run(Duration::from_millis(1)).await;
    it.server("b").answers = Answers::Normally;
    it.run(2 * SECOND).await;
    assert_eq!(it.state("b"), NodeState::Probation);
    it.server("b").answers = Answers::Refuses;
    it.run(3 * SECOND / 2).await;
    assert_eq!(it.state("b"), NodeState::Down);
    let failed = *it.times("b").last().expect("asked");
    let retry_at = it.node("b").health.retry_at().expect("down");
    assert!(
        retry_at - failed >= SECOND * 99 / 100,
        "{:?}",
        retry_at - failed
    );
}

#[tokio::test]
async fn a_server_with_too_many_connections_is_well() {
    let mut it = Simulation::new(observed());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::Busy;
    it.server("b").answers = Answers::Busy;
    it.run(60 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Up);
    assert_eq!(it.state("b"), NodeState::Up);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_replica_that_refuses_the_monitor_is_down_and_a_primary_is_not() {
    let mut it = Simulation::new(Settings::default());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::LoginRefused;
    it.server("b").answers = Answers::LoginRefused;
    it.run(3 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Up);
    assert_eq!(it.state("b"), NodeState::Down);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn an_unreachable_primary_blocks_writes_while_the_monitor_goes_on_asking() {
    let mut it = Simulation::new(Settings::default());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::Refuses;
    it.run(30 * SECOND).await;
    let block = it.write_block().expect("writes are blocked");
    assert!(matches!(block, WriteBlock::Unreachable { .. }), "{block}");
    assert!(block.holds(now()));
    // The monitor has ended.
    assert!(!block.holds(now() + 4 * SECOND));
}

#[tokio::test]
async fn a_primary_that_can_be_reached_again_takes_writes() {
    let mut it = Simulation::new(Settings::default());
    it.server("a").answers = Answers::Refuses;
    it.run(10 * SECOND).await;
    assert!(it.write_block().is_some());
    it.server("a").answers = Answers::Normally;
    it.run(2 * SECOND).await;
    assert_eq!(it.write_block(), None);
    assert_eq!(it.state("a"), NodeState::Probation);
}

#[tokio::test]
async fn a_primary_that_hangs_is_down_and_blocks_no_writes() {
    let mut it = Simulation::new(Settings::default());
    it.run(5 * SECOND).await;
    it.server("a").answers = Answers::Never;
    it.run(5 * SECOND).await;
    assert_eq!(it.state("a"), NodeState::Down);
    assert_eq!(it.write_block(), None);
}

#[tokio::test]
async fn a_read_that_waits_makes_the_monitor_ask_every_two_milliseconds() {
    let mut it = Simulation::new(Settings::default());
    it.run(5 * SECOND).await;
    let before = it.times("b").len();
    let waiting = it.watch.wait();
    it.run(SECOND / 10).await;
    drop(waiting);
    let asked = it.times("b").len() - before;
    assert!((45..=55).contains(&asked), "{asked}");
    it.run(10 * SECOND).await;
    assert!(it.times("b").len() - before - asked <= 12);
}
