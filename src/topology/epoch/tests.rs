//! Which of two claims is the newer one.

use std::time::Duration;

use super::*;
use crate::topology::position::PositionKind;

const A: NodeId = NodeId::new(0);
const B: NodeId = NodeId::new(1);

fn postgres(timeline: u32) -> Claim {
    Claim {
        timeline: Some(timeline),
        ..Claim::default()
    }
}

/// Promoted at that second, if it was observed.
fn mariadb(second: Option<u64>, gtids: &str) -> Claim {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    Claim {
        timeline: None,
        promoted: second.map(|second| *START + Duration::from_secs(second)),
        position: Position::parse(PositionKind::MariaDb, gtids),
    }
}

#[test]
fn a_higher_timeline_is_newer_whatever_was_observed() {
    let (old, new) = (postgres(1), postgres(2));
    assert_eq!(new.precedence_over(&old), Precedence::Newer);
    let older = Precedence::Older(Outdated::Timeline { own: 1, newest: 2 });
    assert_eq!(old.precedence_over(&new), older);
    let seen = Claim {
        promoted: Some(Instant::now()),
        ..old
    };
    assert_eq!(seen.precedence_over(&new), older);
}

#[test]
fn nothing_decides_between_equal_timelines() {
    assert_eq!(
        postgres(2).precedence_over(&postgres(2)),
        Precedence::Undecided
    );
    let incumbent = Incumbent::new(B, None, postgres(2), vec![(A, postgres(2))]);
    let older = Precedence::Older(Outdated::Succeeded);
    assert_eq!(incumbent.precedence(A, &postgres(2)), older);
}

#[test]
fn the_newest_observed_promotion_wins_unless_it_lacks_transactions() {
    let old = mariadb(None, "0-1-100");
    assert_eq!(
        mariadb(Some(5), "0-1-100").precedence_over(&old),
        Precedence::Newer
    );
    assert_eq!(
        mariadb(Some(5), "0-2-101").precedence_over(&old),
        Precedence::Newer
    );
    let lacks = Precedence::Older(Outdated::Lacks);
    assert_eq!(mariadb(Some(5), "0-1-99").precedence_over(&old), lacks);
    assert_eq!(
        mariadb(None, "0-1-100").precedence_over(&old),
        Precedence::Undecided
    );
    let newer = mariadb(Some(5), "0-1-100");
    assert_eq!(
        mariadb(Some(4), "0-1-100").precedence_over(&newer),
        Precedence::Undecided
    );
}

#[test]
fn a_former_primary_needs_what_its_successor_wrote() {
    let mut incumbent = Incumbent::new(
        B,
        Some("b".into()),
        mariadb(Some(5), "0-1-100"),
        vec![(A, mariadb(None, "0-1-100"))],
    );
    let returned = mariadb(None, "0-1-100");
    let succeeded = Precedence::Older(Outdated::Succeeded);
    assert_eq!(incumbent.precedence(A, &returned), succeeded);
    incumbent.note(Some("b".into()), &mariadb(Some(5), "0-2-107"));
    assert_eq!(
        incumbent.precedence(A, &returned),
        Precedence::Older(Outdated::Lacks)
    );
    let followed = mariadb(None, "0-2-107");
    assert_eq!(incumbent.precedence(A, &followed), Precedence::CaughtUp);
}

#[test]
fn a_claim_that_was_given_up_stays_so_until_its_node_is_promoted_again() {
    let incumbent = Incumbent::new(A, None, postgres(1), vec![(B, postgres(2))]);
    let older = Precedence::Older(Outdated::Succeeded);
    assert_eq!(incumbent.precedence(B, &postgres(2)), older);
    assert_eq!(incumbent.precedence(B, &postgres(3)), Precedence::Newer);
    let promoted_since = NodeId::new(2);
    assert_eq!(
        incumbent.precedence(promoted_since, &postgres(2)),
        Precedence::Newer
    );
}

#[test]
fn a_former_primary_that_went_on_by_itself_has_not_caught_up() {
    let given_up = vec![(A, mariadb(None, "0-1-100"))];
    let mut incumbent = Incumbent::new(B, None, mariadb(Some(5), "0-1-100"), given_up);
    incumbent.note(None, &mariadb(Some(5), "0-2-105"));
    let diverged = mariadb(None, "0-1-110");
    let older = Precedence::Older(Outdated::Succeeded);
    assert_eq!(incumbent.precedence(A, &diverged), older);
}

#[test]
fn what_a_node_lacks_is_not_hidden_by_what_is_written_there_later() {
    let mut incumbent = Incumbent::new(A, None, mariadb(None, "0-1-105"), Vec::new());
    let lacks = Precedence::Older(Outdated::Lacks);
    incumbent.note_rival(B, &mariadb(Some(5), "0-2-101"));
    let later = mariadb(Some(5), "0-2-106");
    assert_eq!(incumbent.precedence(B, &later), lacks);
    incumbent.note_rival(B, &later);
    assert_eq!(incumbent.precedence(B, &later), lacks);
    // It has followed the primary since.
    let mut followed = incumbent.clone();
    followed.note_rival(B, &mariadb(Some(5), "0-1-105"));
    assert_eq!(followed.precedence(B, &later), Precedence::Newer);
    let at = |gtid| Position::parse(PositionKind::MariaDb, gtid);
    incumbent.note_replica(B, None, at("0-2-106").as_ref());
    assert_eq!(incumbent.precedence(B, &later), lacks);
    incumbent.note_replica(B, None, at("0-1-105").as_ref());
    assert_eq!(incumbent.precedence(B, &later), Precedence::Newer);
}

#[test]
fn a_replica_of_the_primary_gives_up_the_claims_it_made() {
    let given_up = vec![(B, postgres(2))];
    let mut incumbent = Incumbent::new(A, None, postgres(1), given_up);
    // It was started as a replica as it is, and cannot follow.
    incumbent.note_replica(B, Some(2), None);
    let older = Precedence::Older(Outdated::Succeeded);
    assert_eq!(incumbent.precedence(B, &postgres(2)), older);
    // It was rebuilt.
    incumbent.note_replica(B, Some(1), None);
    assert_eq!(incumbent.precedence(B, &postgres(2)), Precedence::Newer);
}

#[test]
fn a_rejoined_primary_without_timelines_that_starts_writable_is_no_rival() {
    let given_up = vec![(A, mariadb(None, "0-1-100"))];
    let mut incumbent = Incumbent::new(B, None, mariadb(Some(5), "0-1-100"), given_up);
    incumbent.note(None, &mariadb(Some(5), "0-2-105"));
    let at = |gtid| Position::parse(PositionKind::MariaDb, gtid);
    incumbent.note_replica(A, None, at("0-2-105").as_ref());
    let writable = mariadb(None, "0-2-105");
    assert_eq!(incumbent.precedence(A, &writable), Precedence::CaughtUp);
}

#[test]
fn a_second_takeover_remembers_the_first() {
    let first = Incumbent::new(B, None, postgres(2), vec![(A, postgres(1))]);
    let nodes = |to| {
        first
            .given_up(to)
            .into_iter()
            .map(|(node, _)| node)
            .collect::<Vec<_>>()
    };
    assert_eq!(nodes(NodeId::new(2)), [A, B]);
    assert_eq!(nodes(A), [B]);
}

#[test]
fn a_restored_primary_is_of_an_older_epoch_on_postgres() {
    let mut incumbent = Incumbent::new(A, Some("a".into()), postgres(3), Vec::new());
    assert!(incumbent.is_outdated(Some("a"), &postgres(2)));
    incumbent.note(Some("a".into()), &postgres(2));
    assert_eq!(incumbent.claim, postgres(3));
    assert!(!incumbent.is_outdated(Some("a again"), &postgres(4)));
    let mariadb_of = Incumbent::new(A, Some("a".into()), mariadb(None, "0-1-9"), Vec::new());
    // RESET MASTER
    assert!(!mariadb_of.is_outdated(Some("a"), &mariadb(None, "0-1-1")));
    assert!(mariadb_of.is_outdated(Some("other"), &mariadb(None, "0-1-1")));
}
