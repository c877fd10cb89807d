//! Which of two servers that say they are the primary is the newer one?
//!
//! Each promotion begins an epoch, and a primary of an older epoch lacks what the newer one wrote. A
//! node of an older epoch than any seen is never taken as the primary, and serves no reads.
//!
//! Postgres numbers its epochs: a promotion begins a higher timeline. Two servers on one timeline were
//! promoted apart, or one is a copy of the other, and nothing decides between them. MariaDB and MySQL
//! have no such number. There the newest change to writable that was observed wins, and GTIDs only
//! disprove: a server that lacks a transaction of the primary is never taken.

use std::fmt;
use std::time::Instant;

use super::{NodeId, Position};

/// What a server that says it is the primary bases it on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claim {
    /// The timeline it writes on, on Postgres.
    pub(crate) timeline: Option<u32>,
    /// When it was observed to become writable while it ran. `None` if it was found writable: a replica
    /// that restarts without its `read_only` is no promoted one.
    pub(crate) promoted: Option<Instant>,
    /// What it has committed.
    pub(crate) position: Option<Position>,
}

/// How a claim stands to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// It is of a newer epoch, and replaces the other.
    Newer,
    /// It has what the other wrote since it took over: it follows it, and may be writable nevertheless. It is
    /// no rival, and replaces the other only if that one steps down.
    CaughtUp,
    /// It is of an older epoch, and is never taken.
    Older(Outdated),
    /// Nothing decides between the two.
    Undecided,
}

/// Why a claim is of an older epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outdated {
    Timeline {
        own: u32,
        newest: u32,
    },
    /// It lacks transactions that the other has committed.
    Lacks,
    /// The other took over from it, and nothing says that it has seen that.
    Succeeded,
}

/// The newest claim that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incumbent {
    pub(crate) node: NodeId,
    pub(crate) server: Option<Box<str>>,
    /// As it was reported last.
    pub(crate) claim: Claim,
    /// What it had committed when it was accepted.
    started_at: Option<Position>,
    /// The claims that it was preferred to.
    predecessors: Vec<(NodeId, Claim)>,
    /// Nodes that lacked transactions of it, by when they were promoted. What others write there later must not
    /// hide that.
    disproved: Vec<(NodeId, Option<Instant>)>,
}

impl Claim {
    /// How this claim stands to one of another server.
    pub(crate) fn precedence_over(&self, other: &Self) -> Precedence {
        match (self.timeline, other.timeline) {
            (Some(own), Some(newest)) if own < newest => {
                return Precedence::Older(Outdated::Timeline { own, newest });
            }
            (Some(own), Some(newest)) if own > newest => return Precedence::Newer,
            (Some(_), Some(_)) => return Precedence::Undecided,
            (Some(_), None) | (None, _) => {}
        }
        if self.lacks(other) {
            return Precedence::Older(Outdated::Lacks);
        }
        match self.promoted > other.promoted {
            true => Precedence::Newer,
            false => Precedence::Undecided,
        }
    }

    fn lacks(&self, other: &Self) -> bool {
        let positions = self.position.as_ref().zip(other.position.as_ref());
        positions.is_some_and(|(own, other)| own.lacks(other))
    }

    /// Whether it is proven to have everything that the other has committed.
    fn covers(&self, other: &Self) -> bool {
        let positions = self.position.as_ref().zip(other.position.as_ref());
        positions.is_some_and(|(own, other)| own.covers(other))
    }
}

impl Incumbent {
    pub(crate) fn new(
        node: NodeId,
        server: Option<Box<str>>,
        claim: Claim,
        predecessors: Vec<(NodeId, Claim)>,
    ) -> Self {
        Self {
            node,
            server,
            started_at: claim.position.clone(),
            claim,
            predecessors,
            disproved: Vec::new(),
        }
    }

    /// A node reports as a replica, on a timeline if there is one. If it follows this primary, it claims nothing
    /// any more. Without timelines, a former primary may be writable at its next start though it follows.
    pub(crate) fn note_replica(
        &mut self,
        node: NodeId,
        timeline: Option<u32>,
        replayed: Option<&Position>,
    ) {
        let follows = match (timeline, self.claim.timeline) {
            (Some(own), Some(newest)) => own <= newest,
            (None, None) => {
                let positions = replayed.zip(self.claim.position.as_ref());
                positions.is_some_and(|(replayed, own)| replayed.covers(own))
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        if follows {
            let stays = |claim: &Claim| claim.timeline.is_none();
            self.predecessors
                .retain(|(of, claim)| *of != node || stays(claim));
            self.disproved.retain(|(of, _)| *of != node);
        }
    }

    /// Keeps that a rival lacks something, until it is proven to have caught up. Timelines say more than that.
    pub(crate) fn note_rival(&mut self, node: NodeId, claim: &Claim) {
        let rival = (node, claim.promoted);
        if node == self.node || claim.timeline.is_some() {
            return;
        }
        if claim.lacks(&self.claim) && !self.disproved.contains(&rival) {
            self.disproved.push(rival);
        } else if claim.covers(&self.claim) {
            self.disproved.retain(|it| *it != rival);
        }
    }

    /// How the claim of another node stands to this one.
    pub(crate) fn precedence(&self, node: NodeId, claim: &Claim) -> Precedence {
        if self.disproved.contains(&(node, claim.promoted)) {
            return Precedence::Older(Outdated::Lacks);
        }
        let precedence = claim.precedence_over(&self.claim);
        let is_same = |(of, given_up): &(NodeId, Claim)| {
            *of == node && claim.precedence_over(given_up) != Precedence::Newer
        };
        let was_given_up = self.predecessors.iter().any(is_same);
        match precedence {
            Precedence::Undecided
                if was_given_up && self.has_written() && claim.covers(&self.claim) =>
            {
                Precedence::CaughtUp
            }
            Precedence::Newer | Precedence::Undecided if was_given_up => {
                Precedence::Older(Outdated::Succeeded)
            }
            other => other,
        }
    }

    /// The claims that the next one is preferred to, once a node takes over from this one.
    pub(crate) fn given_up(&self, to: NodeId) -> Vec<(NodeId, Claim)> {
        let own = (self.node, self.claim.clone());
        let all = self.predecessors.iter().cloned();
        let others = all.filter(|(node, _)| *node != self.node).chain([own]);
        others.filter(|(node, _)| *node != to).collect()
    }

    /// Whether it is known to have committed something since it was accepted. A timeline says more than
    /// that on Postgres.
    fn has_written(&self) -> bool {
        self.claim.timeline.is_none() && self.claim.position != self.started_at
    }

    /// Keeps a report of its node, unless that is of an older epoch.
    pub(crate) fn note(&mut self, server: Option<Box<str>>, claim: &Claim) {
        if !self.is_outdated(server.as_deref(), claim) {
            self.server = server;
            self.claim = claim.clone();
        }
    }

    /// Whether its own node reports an older epoch: it was restored, or another server has its address.
    pub(crate) fn is_outdated(&self, server: Option<&str>, claim: &Claim) -> bool {
        match claim.precedence_over(&self.claim) {
            Precedence::Older(Outdated::Timeline { .. }) => true,
            Precedence::Older(_) => server.is_none() || self.server.as_deref() != server,
            Precedence::Newer | Precedence::CaughtUp | Precedence::Undecided => false,
        }
    }
}

impl fmt::Display for Outdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeline { own, newest } => {
                write!(
                    f,
                    "it is the primary of timeline {own}, and timeline {newest} was seen"
                )
            }
            Self::Lacks => f.write_str("it takes writes but lacks transactions of the primary"),
            Self::Succeeded => f.write_str("it takes writes but another node took over from it"),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
