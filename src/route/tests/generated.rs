//! Random settings: one database of up to six nodes, each in any state.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::setting::{
    AccessSpec, Block, ConsistencySpec, DatabaseSpec, Given, HealthSpec, NodeSpec, PlaceSpec,
    ReadSpec, Reads, RoleSpec, ServiceSpec, Setting, StatementSpec, Tables, WroteSpec,
};

const NAMES: [&str; 6] = ["p", "a", "b", "c", "d", "e"];

/// Milliseconds around the present, so that each comparison is tested at its boundary.
fn ticks() -> impl Strategy<Value = i64> {
    -2..=4_i64
}

/// Any statement on any handle.
pub(super) fn setting() -> impl Strategy<Value = Setting> {
    (1..=NAMES.len()).prop_flat_map(|count| {
        let access = select(vec![
            AccessSpec::Read,
            AccessSpec::PerNode,
            AccessSpec::Locking,
            AccessSpec::Show,
            AccessSpec::Set,
            AccessSpec::Unknown,
            AccessSpec::Write,
            AccessSpec::Schema,
        ]);
        (database(count), given(count), access).prop_map(|(database, given, access)| Setting {
            databases: vec![database],
            given,
            statement: StatementSpec {
                access,
                tables: Tables::Bound("main".to_owned()),
            },
        })
    })
}

/// A read on a handle that names no node.
pub(super) fn read() -> impl Strategy<Value = Setting> {
    setting().prop_map(|mut setting| {
        setting.statement.access = AccessSpec::Read;
        setting.given.place = None;
        setting
    })
}

fn database(count: usize) -> impl Strategy<Value = DatabaseSpec> {
    let nodes: Vec<_> = NAMES[..count].iter().map(|name| node(name)).collect();
    let block = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Block::SplitBrain)),
        1 => Just(Some(Block::NoPrimary)),
        1 => ticks().prop_map(|until| Some(Block::Unreachable(until))),
    ];
    (nodes, block, any::<bool>()).prop_map(|(mut nodes, block, tracks_positions)| {
        // Only replicas are removed one by one, drained, and lag.
        nodes[0].service = ServiceSpec::In;
        nodes[0].lagging = false;
        DatabaseSpec {
            block,
            tracks_positions,
            removed: false,
            nodes,
        }
    })
}

fn node(name: &'static str) -> impl Strategy<Value = NodeSpec> {
    let health = prop_oneof![
        4 => Just(HealthSpec::Up),
        1 => Just(HealthSpec::Probation),
        1 => ticks().prop_map(HealthSpec::Suspect),
        1 => ticks().prop_map(HealthSpec::Down),
        1 => ticks().prop_map(HealthSpec::Dead),
    ];
    let service = prop_oneof![
        6 => Just(ServiceSpec::In),
        1 => Just(ServiceSpec::Joining),
        1 => Just(ServiceSpec::Draining),
        1 => Just(ServiceSpec::Removed),
    ];
    let progress = (
        proptest::bool::weighted(0.2),
        proptest::option::of(ticks()),
        proptest::option::of(0..4_u64),
        proptest::option::of(ticks()),
    );
    let refused = proptest::bool::weighted(0.1);
    (health, service, refused, progress).prop_map(move |(health, service, refused, progress)| {
        let (lagging, has, at, back) = progress;
        NodeSpec {
            health,
            service,
            refused,
            lagging,
            has,
            at: at.map(|lsn| format!("lsn:{lsn}")),
            back,
            ..NodeSpec::new(name)
        }
    })
}

fn given(count: usize) -> impl Strategy<Value = Given> {
    let names: Vec<String> = NAMES[..count].iter().map(|n| (*n).to_owned()).collect();
    let reads = select(vec![
        Reads::Fallback,
        Reads::Fallback,
        Reads::Include,
        Reads::Never,
    ]);
    let place = prop_oneof![
        3 => Just(None),
        1 => Just(Some(PlaceSpec::Using("main".to_owned()))),
        1 => select(names.clone()).prop_map(|name| Some(PlaceSpec::Node(name))),
    ];
    let role = prop_oneof![
        3 => Just(None),
        1 => Just(Some(RoleSpec::Primary)),
        1 => Just(Some(RoleSpec::Replica)),
    ];
    let failed = prop_oneof![
        2 => Just(Vec::new()),
        1 => subsequence(names.clone(), 0..=count),
    ];
    let scope = (reads, place, role, proptest::bool::weighted(0.1), failed);
    (scope, history(names)).prop_map(|((reads, place, role, read_only, failed), history)| {
        let (consistency, wrote, read) = history;
        Given {
            reads,
            place,
            role,
            read_only,
            failed,
            consistency,
            wrote,
            read,
            ..Given::default()
        }
    })
}

type History = (Option<ConsistencySpec>, Option<WroteSpec>, Option<ReadSpec>);

fn history(names: Vec<String>) -> impl Strategy<Value = History> {
    let consistency = prop_oneof![
        Just(None),
        Just(Some(ConsistencySpec::Eventual)),
        (1..4_i64).prop_map(|length| Some(ConsistencySpec::Window(length))),
        Just(Some(ConsistencySpec::Causal)),
    ];
    let wrote = prop_oneof![
        3 => Just(None),
        3 => (0..4_i64).prop_map(|ago| Some(WroteSpec::Ago(ago))),
        1 => ticks().prop_map(|end| Some(WroteSpec::Until(end))),
        1 => (1..4_u64).prop_map(|lsn| Some(WroteSpec::Before(format!("lsn:{lsn}")))),
        1 => Just(Some(WroteSpec::InDoubt)),
    ];
    let read = (
        proptest::option::of(select(names)),
        proptest::option::of(0..4_i64),
    );
    let read = proptest::option::of(read.prop_map(|(node, ago)| ReadSpec { node, ago }));
    (consistency, wrote, read)
}
