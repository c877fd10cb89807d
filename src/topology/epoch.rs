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
mod tests;
