//! Rules that hold whatever the state of the nodes.

use proptest::prelude::*;

use super::adapter::{Admission, Goes, Outcome, Router};
use super::generated;
use super::setting::{
    AccessSpec, Block, ConsistencySpec, HealthSpec, NodeSpec, PlaceSpec, Reads, RoleSpec,
    ServiceSpec, Setting, WroteSpec,
};
use crate::topology::Role;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_causal_read_never_goes_to_a_replica_that_lacks_what_the_session_saw(
        mut setting in generated::read(), random: u64,
    ) {
        setting.given.consistency = Some(ConsistencySpec::Causal);
        // A window of another process proves nothing, and an explicit replica takes precedence.
        let window = matches!(setting.given.wrote, Some(WroteSpec::Until(_)));
        prop_assume!(!(window && setting.given.role == Some(RoleSpec::Replica)));
        let Some(goes) = goes(&setting, random) else { return Ok(()) };
        if goes.role == Role::Replica {
            let node = node(&setting, &goes.node);
            prop_assert!(has_written(&setting, node), "{goes:?}");
            prop_assert!(has_read(&setting, node), "{goes:?}");
        }
    }

    #[test]
    fn a_retry_never_returns_to_a_node_that_failed(
        mut setting in generated::read(), failed: u8, random: u64,
    ) {
        // A retry stays in the database and requires a replica.
        setting.given.place = Some(PlaceSpec::Using("main".to_owned()));
        setting.given.role = Some(RoleSpec::Replica);
        let nodes = setting.databases[0].nodes.iter().enumerate();
        let failed = nodes.filter(|(place, _)| failed & (1 << place) != 0);
        setting.given.failed = failed.map(|(_, node)| node.name.clone()).collect();
        let Some(goes) = goes(&setting, random) else { return Ok(()) };
        // If the statement waits, its node is decided after the wait.
        let waits = goes.admission == Admission::AwaitCatchUp;
        prop_assert!(waits || !setting.given.failed.contains(&goes.node), "{goes:?}");
    }

    #[test]
    fn a_read_finds_a_node_while_one_is_up_and_proven(
        mut setting in generated::read(), random: u64,
    ) {
        setting.given.reads = Reads::Fallback;
        setting.given.role = None;
        let nodes = &setting.databases[0].nodes;
        let serves = nodes.iter().any(|node| is_up(&setting, node) && is_proven(&setting, node));
        let outcome = Router::new(&setting).decide(random);
        prop_assert!(!serves || matches!(outcome, Outcome::Goes(_)), "{outcome:?}");
    }

    #[test]
    fn only_a_proven_read_goes_to_a_replica_that_was_not_asked_for(
        setting in generated::setting(), random: u64,
    ) {
        let Some(goes) = goes(&setting, random) else { return Ok(()) };
        if goes.role == Role::Replica {
            let access = setting.statement.access;
            let named = matches!(setting.given.place, Some(PlaceSpec::Node(_)));
            let asked_for = named || setting.given.role == Some(RoleSpec::Replica);
            prop_assert!(access == AccessSpec::Read || asked_for, "{goes:?}");
            let harmless = [
                AccessSpec::Read,
                AccessSpec::PerNode,
                AccessSpec::Show,
                AccessSpec::Unknown,
            ];
            prop_assert!(harmless.contains(&access), "{goes:?}");
        }
    }

    #[test]
    fn what_takes_no_part_gets_nothing_unless_it_is_named(
        setting in generated::read(), random: u64,
    ) {
        let Some(goes) = goes(&setting, random) else { return Ok(()) };
        if goes.role == Role::Replica {
            let node = node(&setting, &goes.node);
            prop_assert!(node.service == ServiceSpec::In && !node.refused, "{goes:?}");
            prop_assert!(!matches!(node.health, HealthSpec::Dead(until) if until > 0), "{goes:?}");
        }
    }

    #[test]
    fn the_primary_is_kept_from_reads_that_do_not_belong_there(
        mut setting in generated::read(), random: u64,
    ) {
        setting.given.reads = Reads::Never;
        setting.given.role = setting.given.role.filter(|role| *role == RoleSpec::Replica);
        let Some(goes) = goes(&setting, random) else { return Ok(()) };
        let belongs = matches!(setting.given.consistency, Some(ConsistencySpec::Causal | ConsistencySpec::Window(_)))
            && setting.given.wrote.is_some();
        let waits = goes.admission == Admission::AwaitCatchUp;
        prop_assert!(goes.role == Role::Replica || belongs || waits, "{goes:?}");
    }

    #[test]
    fn the_same_input_is_decided_the_same(setting in generated::setting(), random: u64) {
        let router = Router::new(&setting);
        let first = router.decide(random);
        prop_assert_eq!(&router.decide(random), &first);
        prop_assert_eq!(&Router::new(&setting).decide(random), &first);
    }
}

fn goes(setting: &Setting, random: u64) -> Option<Goes> {
    match Router::new(setting).decide(random) {
        Outcome::Goes(goes) => Some(goes),
        Outcome::Branch(..) | Outcome::Fails(_) => None,
    }
}

fn node<'a>(setting: &'a Setting, name: &str) -> &'a NodeSpec {
    let mut nodes = setting.databases[0].nodes.iter();
    nodes
        .find(|node| node.name == name)
        .expect("a node of the setting")
}

/// Whether a node is known to have what the session wrote.
fn has_written(setting: &Setting, node: &NodeSpec) -> bool {
    let lsn = |text: &str| {
        text.strip_prefix("lsn:")
            .and_then(|lsn| lsn.parse::<u64>().ok())
    };
    match &setting.given.wrote {
        None => true,
        Some(WroteSpec::Ago(ago)) => node.has.is_some_and(|has| has < *ago),
        Some(WroteSpec::Before(position)) => {
            node.at.as_deref().and_then(lsn) >= lsn(position) || has_primary_read(setting, node)
        }
        Some(WroteSpec::Until(_) | WroteSpec::InDoubt) => false,
    }
}

/// Whether the session read from the primary, and a node has what it saw there. The primary has every
/// write that another process knew of.
fn has_primary_read(setting: &Setting, node: &NodeSpec) -> bool {
    let primary = &setting.databases[0].nodes[0].name;
    let read = setting.given.read.as_ref();
    let read = read.filter(|read| read.node.as_ref() == Some(primary));
    let ago = read.and_then(|read| read.ago);
    ago.is_some_and(|ago| node.has.is_some_and(|has| has < ago))
}

/// Whether a node is known to have what the session read, if that can be known.
fn has_read(setting: &Setting, node: &NodeSpec) -> bool {
    let Some(read) = &setting.given.read else {
        return true;
    };
    let Some(ago) = read.ago.filter(|_| setting.databases[0].tracks_positions) else {
        return true;
    };
    let unbroken = node.back.is_none_or(|back| back > ago);
    let same = read.node.as_ref() == Some(&node.name) && unbroken;
    same || node.has.is_some_and(|has| has < ago)
}

fn is_primary(setting: &Setting, node: &NodeSpec) -> bool {
    setting.databases[0].nodes[0].name == node.name
}

/// Whether no fault of a node is known.
fn is_up(setting: &Setting, node: &NodeSpec) -> bool {
    let block = setting.databases[0].block;
    let unreachable = matches!(block, Some(Block::Unreachable(until)) if until > 0);
    let healthy = matches!(node.health, HealthSpec::Up | HealthSpec::Probation);
    let takes_part = node.service == ServiceSpec::In && !node.refused && !node.lagging;
    let blocked = is_primary(setting, node) && unreachable;
    healthy && takes_part && !blocked && !setting.given.failed.contains(&node.name)
}

/// Whether a node has what the next read of the session needs.
fn is_proven(setting: &Setting, node: &NodeSpec) -> bool {
    let given = &setting.given;
    is_primary(setting, node)
        || match given.consistency {
            None | Some(ConsistencySpec::Eventual) => true,
            Some(ConsistencySpec::Window(length)) => match given.wrote {
                None => true,
                Some(WroteSpec::Ago(ago)) => ago >= length,
                Some(WroteSpec::Until(end)) => end <= 0,
                Some(WroteSpec::Before(_) | WroteSpec::InDoubt) => false,
            },
            Some(ConsistencySpec::Causal) => has_written(setting, node) && has_read(setting, node),
        }
}
