//! What a policy picks from.

use std::time::Duration;

use smallvec::SmallVec;

use crate::name::NodeName;
use crate::topology::{Load, NodeId, Role, Topology};

/// A node that may serve the read: a replica, or the primary where it takes part
/// ([`PrimaryReads::Include`](crate::PrimaryReads::Include)).
///
/// Its load is as it was when the candidates were put together, so that two looks see one number.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub(crate) node: NodeId,
    name: &'a NodeName,
    role: Role,
    weight: u32,
    zone: Option<&'a str>,
    in_flight: u32,
    latency: Option<Duration>,
}

/// At least one node that may serve, in the order they were declared.
#[derive(Debug)]
pub struct Candidates<'a> {
    first: Candidate<'a>,
    others: SmallVec<[Candidate<'a>; 4]>,
}

impl<'a> Candidate<'a> {
    /// The name of the node.
    pub fn name(&self) -> &'a NodeName {
        self.name
    }

    /// What it is to its database.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its declared weight. Of the policies here, only [`Weighted`](crate::Weighted) looks at it.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Its declared zone.
    pub fn zone(&self) -> Option<&'a str> {
        self.zone
    }

    /// How many statements this process has sent to it that are not done.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// How long its reads take now: the peak EWMA of their latencies, as in Finagle and tower (a
    /// longer one counts at once, shorter ones bit by bit over about 10 s). `None` until one was
    /// measured, which only happens for a policy that
    /// [asks for it](crate::ReplicaPolicy::measures_latency).
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    fn of(topology: &'a Topology, id: NodeId, latency: impl Fn(&Load) -> Option<Duration>) -> Self {
        let node = topology.node(id);
        Self {
            node: id,
            name: &node.name,
            role: node.role,
            weight: node.weight,
            zone: node.zone.as_deref(),
            in_flight: node.load.in_flight(),
            latency: latency(&node.load),
        }
    }
}

impl<'a> Candidates<'a> {
    /// The candidates among some nodes; nothing when there are none. Their latencies are those of
    /// their last measurements.
    pub(crate) fn of(topology: &'a Topology, nodes: impl Iterator<Item = NodeId>) -> Option<Self> {
        Self::collect(nodes.map(|id| Candidate::of(topology, id, Load::latency)))
    }

    /// As [`of`](Self::of), with the latencies faded to `at` (the clock of
    /// [`Load::observe`]): for a policy that measures them. Without it, a node that was slow
    /// once and is not picked again would look slow for ever.
    pub(crate) fn measured(
        topology: &'a Topology,
        nodes: impl Iterator<Item = NodeId>,
        at: Duration,
    ) -> Option<Self> {
        Self::collect(nodes.map(|id| Candidate::of(topology, id, |load| load.latency_at(at))))
    }

    /// How many there are: one or more.
    #[expect(clippy::len_without_is_empty, reason = "there always is one")]
    pub fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// The candidate at `index`, counted around: every index is one.
    pub fn at(&self, index: usize) -> &Candidate<'a> {
        match index % self.len() {
            0 => &self.first,
            other => self.others.get(other - 1).unwrap_or(&self.first),
        }
    }

    /// One of them, each with the same chance. `random` is uniform over `u64`.
    pub fn any(&self, random: u64) -> &Candidate<'a> {
        self.at(below(self.len(), random))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Candidate<'a>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Those that `keep` keeps, in the same order; `None` when it keeps none.
    ///
    /// A policy returns a candidate of those it was given: [`same`](Self::same) finds it again.
    ///
    /// ```
    /// use sea_orm_routing::{Candidate, Candidates, Random, ReplicaPolicy};
    ///
    /// /// A random one that is idle; a random one when none is.
    /// #[derive(Debug)]
    /// struct Idle;
    ///
    /// impl ReplicaPolicy for Idle {
    ///     fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c> {
    ///         match candidates.only(|candidate| candidate.in_flight() == 0) {
    ///             Some(idle) => candidates.same(Random.choose(&idle, random)),
    ///             None => Random.choose(candidates, random),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn only(&self, mut keep: impl FnMut(&Candidate<'a>) -> bool) -> Option<Self> {
        Self::collect(self.iter().filter(|candidate| keep(candidate)).copied())
    }

    /// The candidate here that is the same node as one of a [part](Self::only) of these; the
    /// first, when it is none of these.
    pub fn same(&self, candidate: &Candidate<'_>) -> &Candidate<'a> {
        let is_it = |own: &&Candidate<'a>| own.node == candidate.node;
        self.iter().find(is_it).unwrap_or(&self.first)
    }

    fn collect(mut candidates: impl Iterator<Item = Candidate<'a>>) -> Option<Self> {
        Some(Self {
            first: candidates.next()?,
            others: candidates.collect(),
        })
    }
}

/// A number below `bound`, uniform where `random` is: the upper half of the product (Lemire).
pub(super) fn below(bound: usize, random: u64) -> usize {
    ((u128::from(random) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::Nodes;

    #[test]
    fn there_is_always_one() {
        let nodes = Nodes::replicas(3);
        assert!(Candidates::of(nodes.topology(), std::iter::empty()).is_none());
        let candidates = nodes.candidates();
        assert!(candidates.only(|_| false).is_none());
        assert_eq!(candidates.at(usize::MAX).name(), candidates.at(0).name());
    }

    #[test]
    fn a_part_keeps_the_order_and_finds_its_own_again() {
        let nodes = Nodes::replicas(4);
        let all = nodes.candidates();
        let part = all.only(|c| c.name() != "b").expect("three of them");
        let names: Vec<_> = part.iter().map(|c| c.name().as_str()).collect();
        assert_eq!(names, ["a", "c", "d"]);
        assert!(std::ptr::eq(all.same(part.at(2)), all.at(3)));
    }

    #[test]
    fn the_load_is_that_of_the_moment() {
        let nodes = Nodes::replicas(1).busy("a", 2);
        let candidates = nodes.candidates();
        nodes.load("a").begin();
        assert_eq!(candidates.at(0).in_flight(), 2);
        assert_eq!(nodes.candidates().at(0).in_flight(), 3);
    }

    #[test]
    fn latencies_fade_only_where_the_time_is_told() {
        let nodes = Nodes::replicas(1).slow("a", Duration::from_secs(1));
        let topology = nodes.topology();
        let last = Candidates::of(topology, nodes.ids()).expect("one");
        assert_eq!(last.at(0).latency(), Some(Duration::from_secs(1)));
        let later = Candidates::measured(topology, nodes.ids(), Duration::from_secs(60));
        let latency = later.and_then(|candidates| candidates.at(0).latency());
        assert!(latency.is_some_and(|latency| latency < Duration::from_millis(10)));
    }

    #[test]
    fn a_number_below_a_bound_is_below_it() {
        for bound in [1, 2, 3, 5, 1_000] {
            assert_eq!(below(bound, 0), 0);
            assert_eq!(below(bound, u64::MAX), bound - 1);
        }
    }
}
