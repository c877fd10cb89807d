//! Which node is the primary, judged by what the servers report.
//!
//! A node that reports to be the primary takes the role if its claim is of a newer [epoch](super::epoch)
//! than the one that was accepted last, even while the old primary still runs. If nothing decides between
//! two servers, that is a split brain, and nothing may be written. That the primary is silent stops its
//! writes, but hands them to no other node.

use std::time::Instant;

use super::epoch::{Claim, Incumbent, Outdated, Precedence};
use super::{NodeId, Role};

/// The role a node was last observed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObservedRole {
    pub(crate) role: Role,
    /// The identity of the server: one server behind two names is one.
    pub(crate) server: Option<Box<str>>,
    /// Since when it has been observed in that role.
    pub(crate) since: Instant,
    /// When it was last asked.
    pub(crate) asked: Instant,
    /// If it is a primary: since which epoch.
    pub(crate) claim: Claim,
}

/// What the monitor knows of a node.
#[derive(Debug, Clone)]
pub(crate) struct NodeReport {
    pub(crate) node: NodeId,
    /// When it was last asked, answered or not. `None` if it never was.
    pub(crate) asked: Option<Instant>,
    pub(crate) seen: Option<ObservedRole>,
}

/// What follows from the reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything stays as it is.
    Keep,
    /// The last report of this node is older than the claim of another one.
    ProbeAgain(NodeId),
    /// This node is the primary now.
    Promote(NodeId),
    /// These are primaries, different servers, and nothing decides between them.
    SplitBrain(Vec<NodeId>),
    /// The primary is lost or outdated, and nothing proves that these, which say that they are the
    /// primary, have what it wrote.
    Unproven(Vec<NodeId>),
    /// The primary reports that it is a replica, and no node that it is the primary.
    NoPrimary,
}

/// A node that says it is the primary.
type Claimant<'a> = (NodeId, &'a ObservedRole);

/// Judges the reports of the nodes of a database. Nothing is known of a node that cannot be reached.
pub(crate) fn judge(
    primary: NodeId,
    incumbent: Option<&Incumbent>,
    nodes: &[NodeReport],
) -> Verdict {
    let claims = nodes.iter().filter_map(|report| {
        let seen = report.seen.as_ref()?;
        (seen.role == Role::Primary).then_some((report.node, seen))
    });
    let claims: Vec<Claimant<'_>> = claims.collect();
    let current = nodes.iter().find(|report| report.node == primary);
    match incumbent {
        // Accepted by the administrator.
        Some(it) if it.node != primary => match claims.iter().any(|(node, _)| *node == it.node) {
            true => Verdict::Promote(it.node),
            // Silent for a moment: the other side was given up.
            false => Verdict::Unproven(vec![it.node]),
        },
        Some(it) => Judge {
            primary,
            it,
            current,
        }
        .verdict(&claims),
        None => first_verdict(primary, current, &claims),
    }
}

/// No claim was accepted yet: the primary was never seen as one.
fn first_verdict(
    primary: NodeId,
    current: Option<&NodeReport>,
    claims: &[Claimant<'_>],
) -> Verdict {
    let Some(newest) = claims.iter().map(|(_, seen)| seen.since).max() else {
        return match has_stepped_down(current) {
            true => Verdict::NoPrimary,
            false => Verdict::Keep,
        };
    };
    match current.and_then(|current| current.asked) {
        Some(asked) if asked >= newest => choose(claims),
        // A primary that was not asked since the claim may still be there.
        Some(_) | None => Verdict::ProbeAgain(primary),
    }
}

/// The claim that all others yield to.
fn choose(claims: &[Claimant<'_>]) -> Verdict {
    let yields = |one: &Claimant<'_>, to: &Claimant<'_>| {
        let is_newer = || to.1.claim.precedence_over(&one.1.claim) == Precedence::Newer;
        same_server(one.1.server.as_deref(), to.1) || one.0 == to.0 || is_newer()
    };
    let mut claims_to_all = claims.iter();
    match claims_to_all.find(|to| claims.iter().all(|one| yields(one, to))) {
        Some((node, _)) => Verdict::Promote(*node),
        None => Verdict::SplitBrain(claims.iter().map(|(node, _)| *node).collect()),
    }
}

struct Judge<'a> {
    primary: NodeId,
    it: &'a Incumbent,
    current: Option<&'a NodeReport>,
}

impl Judge<'_> {
    fn verdict(&self, claims: &[Claimant<'_>]) -> Verdict {
        let own = claims.iter().find(|(node, _)| *node == self.primary);
        let lives =
            own.is_some_and(|(_, own)| !self.it.is_outdated(own.server.as_deref(), &own.claim));
        let stepped_down = has_stepped_down(self.current);
        let rivals = claims.iter().filter(|(node, _)| *node != self.primary);
        let (taken, others): (Vec<_>, Vec<_>) =
            rivals.partition(|rival| match self.precedence(rival) {
                _ if self.is_same_server(rival) => !lives,
                Precedence::Newer => true,
                Precedence::CaughtUp | Precedence::Undecided => stepped_down,
                Precedence::Older(_) => false,
            });
        if !taken.is_empty() {
            return match lives && self.is_behind(&taken) {
                true => Verdict::ProbeAgain(self.primary),
                false => choose(&taken),
            };
        }
        match lives {
            true => self.beside_the_primary(&others),
            false if stepped_down && others.is_empty() => Verdict::NoPrimary,
            false => {
                let nodes = own.iter().copied().chain(&others).map(|(node, _)| *node);
                let nodes: Vec<_> = nodes.collect();
                match nodes.is_empty() {
                    true => Verdict::Keep,
                    false => Verdict::Unproven(nodes),
                }
            }
        }
    }

    /// Whether the primary was not asked since these claims were made: it may have committed something that they
    /// lack. A timeline decides without that.
    fn is_behind(&self, taken: &[Claimant<'_>]) -> bool {
        let asked = self.current.and_then(|current| current.asked);
        let newest = taken.iter().map(|(_, seen)| seen.since).max();
        let by_number = self.it.claim.timeline.is_some();
        !by_number && asked < newest
    }

    fn precedence(&self, (node, seen): &Claimant<'_>) -> Precedence {
        self.it.precedence(*node, &seen.claim)
    }

    /// One server may have two names: its other one stands in for a lost primary.
    fn is_same_server(&self, (_, seen): &Claimant<'_>) -> bool {
        same_server(self.it.server.as_deref(), seen)
    }

    /// The primary lives, and none of the others is newer.
    fn beside_the_primary(&self, others: &[Claimant<'_>]) -> Verdict {
        let undecided = others.iter();
        let undecided = undecided
            .filter(|it| !self.is_same_server(it) && self.precedence(it) == Precedence::Undecided);
        let undecided: Vec<_> = undecided.collect();
        let Some(newest) = undecided.iter().map(|(_, seen)| seen.since).max() else {
            return Verdict::Keep;
        };
        match self.current.and_then(|current| current.seen.as_ref()) {
            Some(seen) if seen.asked < newest => Verdict::ProbeAgain(self.primary),
            _ => {
                let others = undecided.iter().map(|(node, _)| *node);
                Verdict::SplitBrain([self.primary].into_iter().chain(others).collect())
            }
        }
    }
}

/// Why a node that is not the primary and says it is one serves no reads. Returns `None` if it may: it is
/// a replica, the server of the primary under another name, or about to take over.
pub(crate) fn refusal(
    node: NodeId,
    seen: &ObservedRole,
    incumbent: Option<&Incumbent>,
) -> Option<Refusal> {
    let incumbent = incumbent.filter(|it| it.node != node)?;
    if seen.role == Role::Replica || same_server(incumbent.server.as_deref(), seen) {
        return None;
    }
    match incumbent.precedence(node, &seen.claim) {
        Precedence::Newer => None,
        Precedence::Older(why) => Some(Refusal::Outdated(why)),
        Precedence::CaughtUp | Precedence::Undecided => Some(Refusal::WritesItself),
    }
}

/// Why a node serves no reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Outdated(Outdated),
    WritesItself,
}

fn has_stepped_down(current: Option<&NodeReport>) -> bool {
    let seen = current.and_then(|current| current.seen.as_ref());
    seen.is_some_and(|seen| seen.role == Role::Replica)
}

fn same_server(server: Option<&str>, seen: &ObservedRole) -> bool {
    server.is_some() && server == seen.server.as_deref()
}

#[cfg(test)]
mod tests;
