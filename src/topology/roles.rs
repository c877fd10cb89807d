//! Which node is the primary, judged by what the servers report.
//!
//! A node that reports to be the primary takes the role if the current primary is lost or reports
//! to be a replica. Two different servers that report it are a split brain, and nothing may be
//! written. A claim that is older than another one is probed again first, because it may be
//! outdated.

use std::time::Instant;

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
    /// The claim of this node is older than another one.
    ProbeAgain(NodeId),
    /// This node is the primary now.
    Promote(NodeId),
    /// These are primaries, and different servers.
    SplitBrain(Vec<NodeId>),
    /// The primary reports that it is a replica, and no node that it is the primary.
    NoPrimary,
}

/// Judges the reports of the nodes of a database. Nothing is known of a node that cannot be reached.
pub(crate) fn judge(primary: NodeId, nodes: &[NodeReport]) -> Verdict {
    let claims: Vec<(NodeId, &ObservedRole)> = nodes
        .iter()
        .filter_map(|report| Some((report.node, report.seen.as_ref()?)))
        .filter(|(_, seen)| seen.role == Role::Primary)
        .collect();
    let now = nodes.iter().find(|report| report.node == primary);
    let Some((newest, claim)) = claims.iter().max_by_key(|(_, seen)| seen.since) else {
        let seen = now.and_then(|now| now.seen.as_ref());
        return match seen {
            Some(seen) if seen.role == Role::Replica => Verdict::NoPrimary,
            Some(_) | None => Verdict::Keep,
        };
    };
    let others = || {
        let other = |(_, seen): &&(NodeId, &ObservedRole)| !same_server(seen, claim);
        claims.iter().filter(other)
    };
    if let Some((older, _)) = others().find(|(_, seen)| seen.asked < claim.since) {
        return Verdict::ProbeAgain(*older);
    }
    if others().next().is_some() {
        return Verdict::SplitBrain(claims.iter().map(|(node, _)| *node).collect());
    }
    if claims.iter().any(|(node, _)| *node == primary) {
        return Verdict::Keep;
    }
    // A primary that was not asked since the claim may still be there.
    match now.and_then(|now| now.asked) {
        Some(asked) if asked >= claim.since => Verdict::Promote(*newest),
        Some(_) | None => Verdict::ProbeAgain(primary),
    }
}

fn same_server(a: &ObservedRole, b: &ObservedRole) -> bool {
    std::ptr::eq(a, b) || a.server.is_some() && a.server == b.server
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: NodeId = NodeId::new(0);
    const B: NodeId = NodeId::new(1);
    const C: NodeId = NodeId::new(2);

    /// Seconds after the start: since when, and when it was asked last.
    fn as_(role: Role, server: &str, since: u64, asked: u64) -> Option<ObservedRole> {
        let start = *START;
        Some(ObservedRole {
            role,
            server: Some(server.into()),
            since: start + Duration::from_secs(since),
            asked: start + Duration::from_secs(asked),
        })
    }

    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

    fn primary(server: &str, since: u64, asked: u64) -> Option<ObservedRole> {
        as_(Role::Primary, server, since, asked)
    }

    fn replica(server: &str) -> Option<ObservedRole> {
        as_(Role::Replica, server, 0, 9)
    }

    /// Each was asked nine seconds after the start, answered or not.
    fn judged(primary: NodeId, nodes: &[(NodeId, Option<ObservedRole>)]) -> Verdict {
        let asked = Some(*START + Duration::from_secs(9));
        let report = nodes.iter().map(|(node, seen)| NodeReport {
            node: *node,
            asked,
            seen: seen.clone(),
        });
        judge(primary, &report.collect::<Vec<_>>())
    }

    #[test]
    fn a_primary_that_was_not_probed_since_is_not_lost() {
        let at = |second| Some(*START + Duration::from_secs(second));
        for asked in [None, at(4)] {
            let nodes = [
                NodeReport {
                    node: A,
                    asked,
                    seen: None,
                },
                NodeReport {
                    node: B,
                    asked: at(5),
                    seen: primary("b", 5, 5),
                },
            ];
            assert_eq!(judge(A, &nodes), Verdict::ProbeAgain(A));
        }
    }

    #[test]
    fn all_as_declared_stays() {
        let nodes = [(A, primary("a", 0, 9)), (B, replica("b"))];
        assert_eq!(judged(A, &nodes), Verdict::Keep);
    }

    #[test]
    fn nothing_known_stays() {
        assert_eq!(judged(A, &[(A, None), (B, None)]), Verdict::Keep);
        assert_eq!(judged(A, &[(A, None), (B, replica("b"))]), Verdict::Keep);
        assert_eq!(judged(A, &[]), Verdict::Keep);
    }

    #[test]
    fn a_promoted_replica_takes_over_when_the_primary_is_lost() {
        let nodes = [(A, None), (B, primary("b", 5, 9)), (C, replica("c"))];
        assert_eq!(judged(A, &nodes), Verdict::Promote(B));
    }

    #[test]
    fn a_promoted_replica_takes_over_when_the_primary_has_stepped_down() {
        let nodes = [(A, replica("a")), (B, primary("b", 5, 9))];
        assert_eq!(judged(A, &nodes), Verdict::Promote(B));
    }

    #[test]
    fn an_older_claim_is_probed_again_before_it_counts() {
        let nodes = [(A, primary("a", 0, 4)), (B, primary("b", 5, 5))];
        assert_eq!(judged(A, &nodes), Verdict::ProbeAgain(A));
    }

    #[test]
    fn two_primaries_are_a_split() {
        let nodes = [(A, primary("a", 0, 6)), (B, primary("b", 5, 5))];
        assert_eq!(judged(A, &nodes), Verdict::SplitBrain(vec![A, B]));
    }

    #[test]
    fn an_old_primary_that_comes_back_as_one_is_a_split() {
        let nodes = [(A, primary("a", 9, 9)), (B, primary("b", 5, 9))];
        assert_eq!(judged(B, &nodes), Verdict::SplitBrain(vec![A, B]));
    }

    #[test]
    fn an_old_primary_that_comes_back_as_a_replica_is_one() {
        let nodes = [(A, replica("a")), (B, primary("b", 5, 9))];
        assert_eq!(judged(B, &nodes), Verdict::Keep);
    }

    #[test]
    fn one_server_behind_two_names_is_no_split() {
        let nodes = [(A, primary("a", 0, 9)), (B, primary("a", 5, 9))];
        assert_eq!(judged(A, &nodes), Verdict::Keep);
    }

    #[test]
    fn servers_that_cannot_be_told_apart_are_two() {
        let unknown = |since| {
            primary("", since, 9).map(|seen| ObservedRole {
                server: None,
                ..seen
            })
        };
        let nodes = [(A, unknown(0)), (B, unknown(5))];
        assert_eq!(judged(A, &nodes), Verdict::SplitBrain(vec![A, B]));
        assert_eq!(judged(A, &nodes[..1]), Verdict::Keep);
    }

    #[test]
    fn a_primary_that_stepped_down_leaves_the_role_vacant() {
        let nodes = [(A, replica("a")), (B, replica("b"))];
        assert_eq!(judged(A, &nodes), Verdict::NoPrimary);
    }
}
