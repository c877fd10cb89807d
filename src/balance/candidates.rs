//! What a policy chooses from.

use std::marker::PhantomData;
use std::time::Duration;

use smallvec::SmallVec;

use crate::name::NodeName;
use crate::topology::{Load, NodeId, Role, Topology};

/// A node that may serve the read: a replica, or the primary if it takes part
/// ([`PrimaryReads::Include`](super::PrimaryReads::Include)).
///
/// The load is the one at the time the candidates were collected, so that reading it twice gives one
/// number.
///
/// `'n` is the brand of the [`Candidates`] it came from: a policy cannot return a candidate of
/// another set, be it one that it kept or one that it made.
///
/// ```compile_fail
/// use sea_orm_routing::policy::{Candidate, Candidates, ReplicaPolicy};
///
/// #[derive(Debug)]
/// struct Forged;
///
/// impl ReplicaPolicy for Forged {
///     fn choose<'n>(&self, _: &Candidates<'n>, _: u64) -> Candidate<'n> {
///         Candidate::new("one of my own")
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'n> {
    pub(crate) node: NodeId,
    name: &'n str,
    role: Role,
    weight: u32,
    zone: Option<&'n str>,
    in_flight: u32,
    latency: Option<Duration>,
    brand: Brand<'n>,
}

/// Makes a lifetime invariant: no other lifetime stands in for it.
type Brand<'n> = PhantomData<fn(&'n ()) -> &'n ()>;

/// At least one node that may serve, in the order they were declared.
#[derive(Debug)]
pub struct Candidates<'n> {
    first: Candidate<'n>,
    others: SmallVec<[Candidate<'n>; 4]>,
}

impl<'n> Candidate<'n> {
    /// The name of the node.
    pub fn name(self) -> &'n str {
        self.name
    }

    /// Whether it is the primary or a replica of its database.
    pub fn role(self) -> Role {
        self.role
    }

    /// Its declared weight: at least 1, which is the default. Of the policies here, only
    /// [`Random`](super::Random) uses it.
    pub fn weight(self) -> u32 {
        self.weight
    }

    /// Its declared zone.
    pub fn zone(self) -> Option<&'n str> {
        self.zone
    }

    /// The number of statements that this process has sent to it and that have not ended.
    pub fn in_flight(self) -> u32 {
        self.in_flight
    }

    /// How long its reads take now: the peak EWMA of their latencies, as in Finagle and tower (a
    /// longer one counts at once, shorter ones gradually over about 10 s). Returns `None` until one
    /// is measured, which only happens for a policy that
    /// [asks for it](super::ReplicaPolicy::measures_latency).
    pub fn latency(self) -> Option<Duration> {
        self.latency
    }

    fn of(topology: &'n Topology, id: NodeId, latency: impl Fn(&Load) -> Option<Duration>) -> Self {
        let node = topology.node(id);
        Self {
            node: id,
            name: NodeName::as_str(&node.name),
            role: node.role,
            weight: node.weight,
            zone: node.zone.as_deref(),
            in_flight: node.load.in_flight(),
            latency: latency(&node.load),
            brand: PhantomData,
        }
    }
}

/// Candidates for the unit test of a policy; see [`Candidates::new`].
impl Candidate<'static> {
    /// A replica of weight 1, without a zone, idle, and not measured.
    pub fn new(name: &'static str) -> Self {
        Self {
            node: NodeId::new(0),
            name,
            role: Role::Replica,
            weight: 1,
            zone: None,
            in_flight: 0,
            latency: None,
            brand: PhantomData,
        }
    }

    /// Sets the [role](Self::role). Defaults to a replica.
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Sets the [weight](Self::weight). Defaults to 1.
    #[must_use]
    pub fn with_weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// Sets the [zone](Self::zone). Defaults to none.
    #[must_use]
    pub fn with_zone(self, zone: &'static str) -> Self {
        let zone = Some(zone);
        Self { zone, ..self }
    }

    /// Sets the number of statements [in flight](Self::in_flight). Defaults to 0.
    #[must_use]
    pub fn with_in_flight(self, in_flight: u32) -> Self {
        Self { in_flight, ..self }
    }

    /// Sets the [latency](Self::latency). Defaults to none.
    #[must_use]
    pub fn with_latency(self, latency: Duration) -> Self {
        let latency = Some(latency);
        Self { latency, ..self }
    }
}

impl Candidates<'static> {
    /// Candidates for the unit test of a policy, which needs no database then. Returns `None` if
    /// there are none, since a policy is only asked when it has a choice.
    ///
    /// ```
    /// use sea_orm_routing::policy::{Candidate, Candidates, ReplicaPolicy};
    ///
    /// /// The replica of the largest weight.
    /// #[derive(Debug)]
    /// struct Largest;
    ///
    /// impl ReplicaPolicy for Largest {
    ///     fn choose<'n>(&self, candidates: &Candidates<'n>, _random: u64) -> Candidate<'n> {
    ///         let largest = candidates.iter().max_by_key(|candidate| candidate.weight());
    ///         largest.unwrap_or(candidates.at(0))
    ///     }
    /// }
    ///
    /// let candidates = Candidates::new([
    ///     Candidate::new("small"),
    ///     Candidate::new("large").with_weight(3).with_zone("eu").with_in_flight(2),
    /// ])
    /// .expect("two candidates");
    /// assert_eq!(Largest.choose(&candidates, 0).name(), "large");
    /// ```
    pub fn new(candidates: impl IntoIterator<Item = Candidate<'static>>) -> Option<Self> {
        Self::collect(candidates.into_iter())
    }
}

impl<'n> Candidates<'n> {
    /// The candidates among some nodes. Returns `None` if there are none. Their latencies are those
    /// of their last measurements.
    pub(crate) fn of(topology: &'n Topology, nodes: impl Iterator<Item = NodeId>) -> Option<Self> {
        Self::collect(nodes.map(|id| Candidate::of(topology, id, Load::latency)))
    }

    /// As [`of`](Self::of), with the latencies faded to `at` (the clock of
    /// [`Load::observe`]): for a policy that measures them. Without it, a node that was slow
    /// once and is not chosen again would look slow for ever.
    pub(crate) fn measured(
        topology: &'n Topology,
        nodes: impl Iterator<Item = NodeId>,
        at: Duration,
    ) -> Option<Self> {
        Self::collect(nodes.map(|id| Candidate::of(topology, id, |load| load.latency_at(at))))
    }

    /// The number of candidates: one or more.
    #[expect(clippy::len_without_is_empty, reason = "there always is one")]
    pub fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// The candidate at `index` modulo [`len`](Self::len): every index is valid.
    pub fn at(&self, index: usize) -> Candidate<'n> {
        match index % self.len() {
            0 => self.first,
            other => *self.others.get(other - 1).unwrap_or(&self.first),
        }
    }

    /// One of them, each with the same chance. `random` is uniform over `u64`.
    pub fn any(&self, random: u64) -> Candidate<'n> {
        self.at(below(self.len(), random))
    }

    /// All of them, in the order they were declared.
    pub fn iter(&self) -> impl Iterator<Item = Candidate<'n>> {
        std::iter::once(&self.first).chain(&self.others).copied()
    }

    /// The candidates for which `keep` returns true, in the same order. Returns `None` if there are
    /// none.
    ///
    /// ```
    /// use sea_orm_routing::policy::{Candidate, Candidates, Random, ReplicaPolicy};
    ///
    /// /// A random idle replica; a random one if none is idle.
    /// #[derive(Debug)]
    /// struct Idle;
    ///
    /// impl ReplicaPolicy for Idle {
    ///     fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
    ///         match candidates.only(|candidate| candidate.in_flight() == 0) {
    ///             Some(idle) => Random.choose(&idle, random),
    ///             None => Random.choose(candidates, random),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn only(&self, mut keep: impl FnMut(Candidate<'n>) -> bool) -> Option<Self> {
        Self::collect(self.iter().filter(|candidate| keep(*candidate)))
    }

    fn collect(mut candidates: impl Iterator<Item = Candidate<'n>>) -> Option<Self> {
        Some(Self {
            first: candidates.next()?,
            others: candidates.collect(),
        })
    }
}

/// A number below `bound`, uniform if `random` is: the upper half of the product (Lemire).
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
        assert!(Candidates::new([]).is_none());
        let candidates = nodes.candidates();
        assert!(candidates.only(|_| false).is_none());
        assert_eq!(candidates.at(usize::MAX).name(), candidates.at(0).name());
    }

    #[test]
    fn a_part_keeps_the_order() {
        let nodes = Nodes::replicas(4);
        let all = nodes.candidates();
        let part = all.only(|c| c.name() != "b").expect("three of them");
        let names: Vec<_> = part.iter().map(Candidate::name).collect();
        assert_eq!(names, ["a", "c", "d"]);
        assert_eq!(part.at(2).node, all.at(3).node);
    }

    #[test]
    fn the_load_does_not_change_after_the_candidates_are_collected() {
        let nodes = Nodes::replicas(1).busy("a", 2);
        let candidates = nodes.candidates();
        nodes.load("a").begin();
        assert_eq!(candidates.at(0).in_flight(), 2);
        assert_eq!(nodes.candidates().at(0).in_flight(), 3);
    }

    #[test]
    fn latencies_fade_only_if_the_time_is_given() {
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
