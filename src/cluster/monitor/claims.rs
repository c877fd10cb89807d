//! Who says it is the primary, and since when.

use super::known::Knowledge;
use super::observation::Observation;
use crate::cluster::settings::RoleSource;
use crate::topology::{Claim, Incumbent, NodeId, Refusal, Role, refusal};

impl Knowledge {
    /// The primary has reported that it is one.
    pub(super) fn note_incumbent(&mut self, node: NodeId) {
        let seen = self.nodes.get(&node).and_then(|known| known.seen.as_ref());
        let Some(seen) = seen.filter(|seen| seen.role == Role::Primary) else {
            return;
        };
        let server = seen.server.clone();
        match &mut self.incumbent {
            Some(it) if it.node == node => it.note(server, &seen.claim),
            Some(_) => {}
            None => {
                let claim = seen.claim.clone();
                self.incumbent = Some(Incumbent::new(node, server, claim, Vec::new()));
            }
        }
        self.note_rivals();
    }

    /// A node takes over as the primary from another one.
    pub(super) fn take_over(&mut self, node: NodeId, from: NodeId) {
        // Chosen by hand: it is preferred to more claims.
        if self.incumbent.as_ref().is_some_and(|it| it.node == node) {
            return;
        }
        let before = self.incumbent.take();
        let seen = |id: &NodeId| self.nodes.get(id).and_then(|known| known.seen.as_ref());
        let given_up = match &before {
            Some(before) => before.given_up(node),
            None => {
                // Never seen as the primary. Where epochs have numbers, it may be of a newer one.
                let is_known = seen(&node).is_some_and(|seen| seen.claim.timeline.is_none());
                let observed = seen(&node).is_some_and(|seen| seen.claim.promoted.is_some());
                let none = (is_known && observed).then(Claim::default);
                none.map(|claim| (from, claim)).into_iter().collect()
            }
        };
        let incumbent = seen(&node)
            .map(|seen| Incumbent::new(node, seen.server.clone(), seen.claim.clone(), given_up));
        self.incumbent = incumbent.or(before);
    }

    /// Keeps what the last report of a node says of its claims: a replica of the primary gives up those it made.
    pub(super) fn note_claim(&mut self, node: NodeId, report: &Observation) {
        let seen = self.nodes.get(&node).and_then(|known| known.seen.as_ref());
        let (Some(seen), Some(incumbent)) = (seen, &mut self.incumbent) else {
            return;
        };
        match seen.role {
            Role::Replica => {
                incumbent.note_replica(node, report.timeline, report.replayed.as_ref());
            }
            Role::Primary => incumbent.note_rival(node, &seen.claim),
        }
    }

    /// The primary has committed more: keeps which of the others lack it.
    fn note_rivals(&mut self) {
        let Some(incumbent) = &mut self.incumbent else {
            return;
        };
        for (node, known) in &self.nodes {
            if let Some(seen) = &known.seen
                && seen.role == Role::Primary
            {
                incumbent.note_rival(*node, &seen.claim);
            }
        }
    }

    /// A node is accepted as the primary; its claim is preferred to those that other nodes make or made last.
    /// Returns `false` if it does not say that it is the primary.
    pub(super) fn accept(&mut self, node: NodeId) -> bool {
        let seen = self.nodes.get(&node).and_then(|known| known.seen.as_ref());
        let Some(seen) = seen.filter(|seen| seen.role == Role::Primary) else {
            return false;
        };
        let (server, claim) = (seen.server.clone(), seen.claim.clone());
        let claims = self.nodes.iter().filter_map(|(other, known)| {
            let seen = known
                .seen
                .as_ref()
                .filter(|seen| seen.role == Role::Primary)?;
            Some((*other, seen.claim.clone()))
        });
        // A primary that is silent made its claim before.
        let silent = self.incumbent.iter().flat_map(|it| it.given_up(node));
        let given_up = claims.chain(silent).filter(|(other, _)| *other != node);
        self.incumbent = Some(Incumbent::new(node, server, claim, given_up.collect()));
        true
    }

    /// Returns why a node that says it is a primary serves no reads of this database, or `None` if it
    /// does.
    pub(super) fn why_not_a_replica(
        &self,
        node: NodeId,
        primary: NodeId,
        roles: RoleSource,
    ) -> Option<Box<str>> {
        let known = self.nodes.get(&node)?;
        let seen = known.seen.as_ref()?;
        let refused = match roles {
            RoleSource::Observed => refusal(node, seen, self.incumbent.as_ref())?,
            // Only Postgres tells a promoted server from a replica that happens to be writable.
            RoleSource::Declared => {
                let is_postgres = seen.claim.timeline.is_some() || known.cluster.is_some();
                let is_second = is_postgres && self.is_second_primary(node, primary);
                is_second.then_some(Refusal::WritesItself)?
            }
        };
        Some(match refused {
            Refusal::Outdated(why) => why.to_string().into(),
            Refusal::WritesItself => {
                "it was promoted: it takes writes itself and replicates from no server".into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::promotion::Promotion;
    use super::*;
    use crate::topology::Precedence;

    fn started(at: Option<Instant>) -> Observation {
        Observation {
            started: at,
            ..Observation::default()
        }
    }

    /// A server that is seen as a replica after two seconds, and as a primary after five.
    fn promoted(started_after: Option<u64>) -> Option<Instant> {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let seen = started(started_after.map(at));
        let mut promotion = Promotion::default();
        promotion.claim(Role::Replica, at(2), &seen);
        promotion.claim(Role::Primary, at(5), &seen).promoted
    }

    #[test]
    fn a_replica_that_restarts_writable_was_not_promoted() {
        assert!(promoted(Some(0)).is_some());
        assert!(promoted(None).is_some());
        assert_eq!(promoted(Some(3)), None);
    }

    /// A primary on that timeline, or on none.
    fn primary(timeline: Option<u32>) -> Observation {
        Observation {
            role: Some(Role::Primary),
            timeline,
            ..Observation::default()
        }
    }

    #[test]
    fn a_primary_that_was_not_there_at_the_start_may_be_of_a_newer_epoch() {
        let (declared, found) = (NodeId::new(0), NodeId::new(1));
        let mut known = Knowledge::default();
        known.remember(found, Instant::now(), &primary(Some(2)));
        known.take_over(found, declared);
        let incumbent = known.incumbent.clone().expect("it took over");
        assert_eq!(incumbent.node, found);
        let claim = |timeline| Claim {
            timeline: Some(timeline),
            ..Claim::default()
        };
        let precedence = |timeline| incumbent.precedence(declared, &claim(timeline));
        assert_eq!(precedence(3), Precedence::Newer);
        assert!(matches!(precedence(1), Precedence::Older(_)));
    }

    #[test]
    fn a_server_that_was_found_writable_was_not_promoted() {
        let claim = Promotion::default().claim(Role::Primary, Instant::now(), &started(None));
        assert_eq!(claim.promoted, None);
    }

    #[test]
    fn a_promotion_keeps_its_time_while_the_server_stays_a_primary() {
        let (start, seen) = (Instant::now(), started(None));
        let mut promotion = Promotion::default();
        promotion.claim(Role::Replica, start, &seen);
        let first = promotion.claim(Role::Primary, start + Duration::from_secs(1), &seen);
        let later = promotion.claim(Role::Primary, start + Duration::from_secs(9), &seen);
        assert_eq!(first.promoted, later.promoted);
    }
}
