//! The verdict on every situation that was met.

use std::time::Duration;

use super::*;

const A: NodeId = NodeId::new(0);
const B: NodeId = NodeId::new(1);
const C: NodeId = NodeId::new(2);

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

fn at(second: u64) -> Instant {
    *START + Duration::from_secs(second)
}

/// Since that second; asked last nine seconds after the start.
fn seen(role: Role, server: &str, since: u64, claim: Claim) -> Option<ObservedRole> {
    Some(ObservedRole {
        role,
        server: Some(server.into()),
        since: at(since),
        asked: at(9),
        claim,
    })
}

fn replica(server: &str) -> Option<ObservedRole> {
    seen(Role::Replica, server, 0, Claim::default())
}

/// A primary on that timeline.
fn primary(server: &str, since: u64, timeline: u32) -> Option<ObservedRole> {
    let claim = Claim {
        timeline: Some(timeline),
        ..Claim::default()
    };
    seen(Role::Primary, server, since, claim)
}

/// A primary without timelines.
fn writable(server: &str, since: u64, promoted: Option<u64>) -> Option<ObservedRole> {
    let claim = Claim {
        promoted: promoted.map(at),
        ..Claim::default()
    };
    seen(Role::Primary, server, since, claim)
}

fn incumbent(node: NodeId, it: Option<ObservedRole>, given_up: &[(NodeId, u32)]) -> Incumbent {
    let it = it.expect("seen");
    let given_up = given_up.iter().map(|(node, timeline)| {
        let claim = primary("", 0, *timeline).expect("seen").claim;
        (*node, claim)
    });
    Incumbent::new(node, it.server, it.claim, given_up.collect())
}

/// Each was asked nine seconds after the start, answered or not.
fn judged(it: Option<&Incumbent>, nodes: &[(NodeId, Option<ObservedRole>)]) -> Verdict {
    let report = nodes.iter().map(|(node, seen)| NodeReport {
        node: *node,
        asked: Some(at(9)),
        seen: seen.clone(),
    });
    let primary = it.map_or(A, |it| it.node);
    judge(primary, it, &report.collect::<Vec<_>>())
}

#[test]
fn a_primary_that_was_not_probed_since_is_not_lost() {
    for asked in [None, Some(at(4))] {
        let lost = NodeReport {
            node: A,
            asked,
            seen: None,
        };
        let other = NodeReport {
            node: B,
            asked: Some(at(5)),
            seen: primary("b", 5, 1),
        };
        assert_eq!(judge(A, None, &[lost, other]), Verdict::ProbeAgain(A));
    }
}

#[test]
fn all_as_declared_stays() {
    let it = incumbent(A, primary("a", 0, 1), &[]);
    let nodes = [(A, primary("a", 0, 1)), (B, replica("b"))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::Keep);
}

#[test]
fn nothing_known_stays() {
    assert_eq!(judged(None, &[(A, None), (B, None)]), Verdict::Keep);
    assert_eq!(judged(None, &[(A, None), (B, replica("b"))]), Verdict::Keep);
    assert_eq!(judged(None, &[]), Verdict::Keep);
}

#[test]
fn a_newer_timeline_takes_over_from_a_primary_that_is_lost_steps_down_or_lives() {
    let it = incumbent(A, primary("a", 0, 1), &[]);
    for a in [None, replica("a"), primary("a", 0, 1)] {
        let nodes = [(A, a), (B, primary("b", 5, 2)), (C, replica("c"))];
        assert_eq!(judged(Some(&it), &nodes), Verdict::Promote(B));
    }
}

#[test]
fn a_start_without_the_declared_primary_takes_the_one_that_is_there() {
    let nodes = [(A, None), (B, primary("b", 5, 2))];
    assert_eq!(judged(None, &nodes), Verdict::Promote(B));
    let nodes = [
        (A, replica("a")),
        (B, primary("b", 5, 2)),
        (C, primary("c", 5, 3)),
    ];
    assert_eq!(judged(None, &nodes), Verdict::Promote(C));
    let nodes = [(A, None), (B, primary("b", 5, 2)), (C, primary("c", 5, 2))];
    assert_eq!(judged(None, &nodes), Verdict::SplitBrain(vec![B, C]));
}

#[test]
fn an_older_timeline_is_not_taken_while_the_primary_is_silent() {
    let it = incumbent(B, primary("b", 5, 2), &[(A, 1)]);
    let alive = [(A, primary("a", 8, 1)), (B, primary("b", 5, 2))];
    assert_eq!(judged(Some(&it), &alive), Verdict::Keep);
    let silent = [(A, primary("a", 8, 1)), (B, None)];
    assert_eq!(judged(Some(&it), &silent), Verdict::Unproven(vec![A]));
    let back = [(A, replica("a")), (B, None)];
    assert_eq!(judged(Some(&it), &back), Verdict::Keep);
}

#[test]
fn two_that_were_promoted_apart_are_a_split() {
    let it = incumbent(B, primary("b", 5, 2), &[(A, 1)]);
    let nodes = [(B, primary("b", 5, 2)), (C, primary("c", 6, 2))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::SplitBrain(vec![B, C]));
    let silent = [(B, None), (C, primary("c", 6, 2))];
    assert_eq!(judged(Some(&it), &silent), Verdict::Unproven(vec![C]));
    let both_new = [(B, None), (A, primary("a", 6, 3)), (C, primary("c", 6, 3))];
    assert_eq!(
        judged(Some(&it), &both_new),
        Verdict::SplitBrain(vec![A, C])
    );
}

#[test]
fn a_split_that_was_decided_by_hand_stays_decided() {
    let it = incumbent(B, primary("b", 5, 2), &[(A, 1), (C, 2)]);
    let nodes = [(B, primary("b", 5, 2)), (C, primary("c", 6, 2))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::Keep);
    let reports = nodes.map(|(node, seen)| NodeReport {
        node,
        asked: Some(at(9)),
        seen,
    });
    assert_eq!(judge(C, Some(&it), &reports), Verdict::Promote(B));
    // It does not answer before it has become the primary: the other one was given up.
    let mut silent = reports;
    silent[0].seen = None;
    assert_eq!(judge(C, Some(&it), &silent), Verdict::Unproven(vec![B]));
}

#[test]
fn an_observed_promotion_waits_for_a_new_report_of_a_primary_that_lives() {
    let it = incumbent(A, writable("a", 0, None), &[]);
    let report = |node, asked, seen| NodeReport { node, asked, seen };
    let judged = |asked| {
        let a = report(A, Some(at(asked)), writable("a", 0, None));
        let b = report(B, Some(at(9)), writable("b", 5, Some(5)));
        judge(A, Some(&it), &[a, b])
    };
    assert_eq!(judged(4), Verdict::ProbeAgain(A));
    // Once is enough, whatever was reported by the other meanwhile.
    assert_eq!(judged(6), Verdict::Promote(B));
}

#[test]
fn a_rival_that_lacks_something_is_named_when_the_primary_steps_down() {
    let it = incumbent(B, primary("b", 5, 2), &[(A, 1)]);
    let nodes = [(A, primary("a", 8, 1)), (B, replica("b"))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::Unproven(vec![A]));
}

#[test]
fn an_observed_promotion_takes_over_where_there_are_no_timelines() {
    let it = incumbent(A, writable("a", 0, None), &[]);
    for a in [None, replica("a"), writable("a", 0, None)] {
        let nodes = [(A, a), (B, writable("b", 5, Some(5)))];
        assert_eq!(judged(Some(&it), &nodes), Verdict::Promote(B));
    }
}

#[test]
fn a_second_writable_server_is_a_split_where_nothing_was_observed() {
    let it = incumbent(A, writable("a", 0, None), &[]);
    let found = || (B, writable("b", 5, None));
    let alive = [(A, writable("a", 0, None)), found()];
    assert_eq!(judged(Some(&it), &alive), Verdict::SplitBrain(vec![A, B]));
    let silent = [(A, None), found()];
    assert_eq!(judged(Some(&it), &silent), Verdict::Unproven(vec![B]));
    let stepped_down = [(A, replica("a")), found()];
    assert_eq!(judged(Some(&it), &stepped_down), Verdict::Promote(B));
}

#[test]
fn a_claim_that_is_newer_than_the_last_report_of_the_primary_is_probed_again() {
    let it = incumbent(A, writable("a", 0, None), &[]);
    let nodes = [(A, writable("a", 0, None)), (B, writable("b", 10, None))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::ProbeAgain(A));
}

#[test]
fn one_server_behind_two_names_is_no_split() {
    let it = incumbent(A, primary("a", 0, 1), &[]);
    let nodes = [(A, primary("a", 0, 1)), (B, primary("a", 5, 1))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::Keep);
    let only_other = [(A, None), (B, primary("a", 5, 1))];
    assert_eq!(judged(Some(&it), &only_other), Verdict::Promote(B));
}

#[test]
fn servers_that_cannot_be_told_apart_are_two() {
    let unknown = |since| {
        writable("", since, None).map(|seen| ObservedRole {
            server: None,
            ..seen
        })
    };
    let it = incumbent(A, unknown(0), &[]);
    let nodes = [(A, unknown(0)), (B, unknown(5))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::SplitBrain(vec![A, B]));
    assert_eq!(judged(Some(&it), &nodes[..1]), Verdict::Keep);
}

#[test]
fn a_primary_that_stepped_down_leaves_the_role_vacant() {
    let it = incumbent(A, primary("a", 0, 1), &[]);
    let nodes = [(A, replica("a")), (B, replica("b"))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::NoPrimary);
    assert_eq!(judged(None, &nodes), Verdict::NoPrimary);
}

#[test]
fn a_primary_that_was_restored_from_an_older_timeline_takes_no_writes() {
    let it = incumbent(A, primary("a", 0, 2), &[]);
    let nodes = [(A, primary("a again", 8, 1)), (B, replica("b"))];
    assert_eq!(judged(Some(&it), &nodes), Verdict::Unproven(vec![A]));
}

#[test]
fn a_diverged_node_serves_no_reads() {
    let it = incumbent(B, primary("b", 5, 2), &[(A, 1)]);
    let refused = |node, seen: Option<ObservedRole>| refusal(node, &seen.expect("seen"), Some(&it));
    let older = Outdated::Timeline { own: 1, newest: 2 };
    assert_eq!(
        refused(A, primary("a", 8, 1)),
        Some(Refusal::Outdated(older))
    );
    assert_eq!(refused(C, primary("c", 8, 2)), Some(Refusal::WritesItself));
    assert_eq!(refused(C, primary("c", 8, 3)), None);
    assert_eq!(refused(C, primary("b", 8, 2)), None);
    assert_eq!(refused(C, replica("c")), None);
    assert_eq!(refused(B, primary("b", 5, 2)), None);
}
