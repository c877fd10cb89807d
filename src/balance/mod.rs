//! Which replica?
//!
//! A [`ReplicaPolicy`] picks one among the replicas that may serve a read. It gets candidates and a
//! random number and returns one of the candidates: no clock, no generator, no connection.

mod random;
mod round_robin;
mod weighted;

use std::fmt;

use smallvec::SmallVec;

pub use random::Random;
pub use round_robin::RoundRobin;
pub use weighted::Weighted;

use crate::name::NodeName;
use crate::topology::{NodeId, Topology};

/// Picks the replica that serves a read.
///
/// ```
/// use sea_orm_routing::{Candidate, Candidates, ReplicaPolicy};
///
/// /// Always the first replica that serves: the others are spares.
/// #[derive(Debug)]
/// struct First;
///
/// impl ReplicaPolicy for First {
///     fn choose<'c>(&self, candidates: &'c Candidates<'_>, _random: u64) -> &'c Candidate<'c> {
///         candidates.at(0)
///     }
/// }
/// ```
pub trait ReplicaPolicy: fmt::Debug + Send + Sync {
    /// One of the candidates. `random` is uniform over `u64`.
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c>;

    /// How the choice is called in an explanation.
    fn name(&self) -> &'static str {
        "policy"
    }
}

/// A replica that may serve.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub(crate) node: NodeId,
    name: &'a NodeName,
    weight: u32,
    zone: Option<&'a str>,
}

/// At least one replica that may serve, in the order they were declared.
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

    /// Its declared weight.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Its declared zone.
    pub fn zone(&self) -> Option<&'a str> {
        self.zone
    }
}

impl<'a> Candidates<'a> {
    /// The candidates among some nodes; nothing when there are none.
    pub(crate) fn of(
        topology: &'a Topology,
        mut nodes: impl Iterator<Item = NodeId>,
    ) -> Option<Self> {
        let candidate = |id: NodeId| {
            let node = topology.node(id);
            Candidate {
                node: id,
                name: &node.name,
                weight: node.weight,
                zone: node.zone.as_deref(),
            }
        };
        Some(Self {
            first: candidate(nodes.next()?),
            others: nodes.map(candidate).collect(),
        })
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

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Candidate<'a>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_object_safe() {
        let _: Box<dyn ReplicaPolicy> = Box::new(Random);
    }
}
