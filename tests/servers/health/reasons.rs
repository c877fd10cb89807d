//! The topology says why a node does not serve.

use routing_servers::{Mode, Node};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, often_asked, on_each_server};
use crate::support::nodes::{becomes, when};

on_each_server! {
    a_replica_is_killed_and_comes_back(1),
    a_replica_does_not_answer(1),
}

fn reason(db: &RoutingConnection) -> Option<String> {
    let topology = db.topology();
    let node = topology.find("default/2").expect("declared");
    node.reason().map(str::to_owned)
}

async fn a_replica_is_killed_and_comes_back(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    assert_eq!(reason(&db), None);
    bed.kill(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    let says_why = || reason(&db).is_some_and(|reason| reason.contains("refused"));
    when(
        "it says that the connection is refused".to_owned(),
        says_why,
    )
    .await;
    let topology = db.topology();
    let node = topology.find("default/2").expect("declared");
    assert!(node.failing_for().is_some());
    assert!(node.tried_in().is_some());
    let table = topology.to_string();
    let line = table.lines().find(|line| line.contains("default/2"));
    let line = line.expect("a line of it");
    for part in ["down: ", "refused", "(for "] {
        assert!(line.contains(part), "no {part} in: {line}");
    }
    bed.start(0).await;
    becomes(&db, "default/2", NodeState::Probation).await;
    assert!(
        reason(&db).is_some(),
        "what failed last counts on probation"
    );
}

async fn a_replica_does_not_answer(bed: impl Bed) {
    let (network, url) = bed.proxy(0);
    let db = bed
        .connect(often_asked(bed.url(Node::Primary)).replica(url))
        .await;
    network.set(Mode::Stall).expect("set");
    becomes(&db, "default/2", NodeState::Down).await;
    assert_eq!(reason(&db).as_deref(), Some("it does not answer"));
}
