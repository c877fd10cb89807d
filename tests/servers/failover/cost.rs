//! What a failover costs an application that writes all the time: each test prints a row of a table, with
//! the acknowledged writes that the new primary lacks and how long no write succeeded. Where replication is
//! asynchronous, what was sent before the fault may be lost; nothing later may.

use std::collections::HashSet;
use std::time::Instant;

use routing_servers::{MariaDbCluster, Node, PostgresCluster};
use sea_orm_routing::Role;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, often_asked, on_each_server, port};
use crate::support::load::{Load, Report};
use crate::support::nodes::{becomes, role, takes, when};

on_each_server! {
    the_killed_primary_returns_as_one(1),
    the_frozen_primary_thaws_as_one(1),
    a_virtual_address_moves_under_load(1),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_postgres_is_promoted_before_the_primary_is_killed() {
    let Some(bed) = PostgresCluster::begin(1).await else {
        return;
    };
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let writes = Load::writing(&db, 4);
    writes.more(50).await;
    bed.promote(0).await.expect("promoted");
    takes(&db, "default/2", Role::Primary).await;
    let taken = Instant::now();
    writes.more(50).await;
    bed.kill(Node::Primary).await;
    writes.more(50).await;
    let written = writes.end().await;
    lost_only_before(&bed, "promoted before the kill", &written, taken).await;
}

/// It lacks what the primary goes on to write, as GTIDs prove, so it does not take over by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_mariadb_is_promoted_before_the_primary_is_killed() {
    let Some(bed) = MariaDbCluster::begin(1).await else {
        return;
    };
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let writes = Load::writing(&db, 4);
    writes.more(50).await;
    bed.promote(0).await.expect("promoted");
    writes.more(50).await;
    becomes(&db, "default/2", NodeState::Refused).await;
    writes.more(50).await;
    assert_eq!(role(&db, "default/1"), Role::Primary);
    bed.kill(Node::Primary).await;
    let killed = Instant::now();
    when("writes stop".to_owned(), || {
        db.topology().to_string().contains("accept_primary")
    })
    .await;
    let accepted = db.admin().accept_primary("default", "default/2").await;
    accepted.expect("accepted");
    writes.more(50).await;
    let written = writes.end().await;
    lost_only_before(
        &bed,
        "promoted before the kill, accepted by hand",
        &written,
        killed,
    )
    .await;
}

async fn the_killed_primary_returns_as_one(bed: impl Bed) {
    returns_as_one(&bed, "killed, and back as a primary", false).await;
}

async fn the_frozen_primary_thaws_as_one(bed: impl Bed) {
    returns_as_one(&bed, "frozen, and back as a primary", true).await;
}

async fn returns_as_one(bed: &impl Bed, case: &str, freezes: bool) {
    bed.synchronous().await;
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let writes = Load::writing(&db, 4);
    writes.more(50).await;
    match freezes {
        true => bed.freeze(Node::Primary).await,
        false => bed.kill(Node::Primary).await,
    }
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    writes.more(50).await;
    match freezes {
        true => bed.thaw(Node::Primary).await,
        false => bed.start(Node::Primary).await,
    }
    becomes(&db, "default/1", NodeState::Refused).await;
    writes.more(50).await;
    nothing_is_lost(bed, case, &writes.end().await).await;
}

async fn a_virtual_address_moves_under_load(bed: impl Bed) {
    let (address, url) = bed.proxy(Node::Primary);
    let db = bed.connect(often_asked(url).replica(bed.url(0))).await;
    let writes = Load::writing(&db, 4);
    writes.more(50).await;
    bed.demote(Node::Primary).await;
    bed.promote(0).await;
    address.lead_to(port(&bed.url(0)));
    let moved = Instant::now();
    writes.more(100).await;
    let written = writes.end().await;
    lost_only_before(&bed, "a virtual address moves", &written, moved).await;
}

/// Prints the row, and checks that the first replica, which is the primary now, has what was acknowledged.
async fn nothing_is_lost(bed: &impl Bed, case: &str, report: &Report) {
    let lost = print(bed, Node::Replica(0), case, report).await;
    assert!(lost.is_empty(), "{lost:?}");
}

/// The same without synchronous replication: what was sent before a moment may be lost.
async fn lost_only_before(bed: &impl Bed, case: &str, report: &Report, moment: Instant) {
    let lost = print(bed, Node::Replica(0), case, report).await;
    let late: Vec<_> = lost.iter().filter(|(_, sent)| *sent > moment).collect();
    assert!(late.is_empty(), "lost after the fault: {late:?}");
}

/// Prints what a failover cost. Returns the acknowledged rows that the server lacks which is the primary now.
pub(super) async fn print<'r>(
    bed: &impl Bed,
    primary: Node,
    case: &str,
    report: &'r Report,
) -> Vec<(&'r str, Instant)> {
    let rows = bed.ask(primary, "SELECT name FROM item").await;
    let rows: HashSet<_> = rows.lines().collect();
    let lost = report
        .acknowledged()
        .filter(|(name, _)| !rows.contains(name));
    let lost: Vec<_> = lost.collect();
    report.print_failover(kind(bed), case, lost.len());
    lost
}

fn kind<B: Bed>(_: &B) -> &'static str {
    B::KIND
}
