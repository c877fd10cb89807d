//! A balancer behind the URL of one replica, which was not declared as one.

use routing_servers::{Node, Proxy};
use sea_orm_routing::topology::{Endpoint, NodeState};

use super::CAUSAL;
use crate::support::bed::{Bed, often_asked, on_each_server, port};
use crate::support::item;
use crate::support::nodes::{becomes, is_read_from, served_by};

on_each_server! {
    an_undeclared_balancer_answers_no_causal_read_that_it_cannot_prove(2),
    a_replica_that_restarts_is_no_balancer(1),
}

async fn an_undeclared_balancer_answers_no_causal_read_that_it_cannot_prove(bed: impl Bed) {
    let ports = [0, 1].map(|replica| port(&bed.url(replica)));
    let balancer = Proxy::balanced(&ports).expect("a proxy");
    let options = often_asked(bed.url(Node::Primary)).replica(balancer.url(&bed.url(0)));
    let db = bed.connect(options).await;
    let topology = db.topology();
    let node = topology.find("default/2").expect("declared");
    assert_eq!(node.endpoint(), Endpoint::Balanced);
    bed.pause(1).await;
    let session = db.session_with(CAUSAL);
    for round in 0..40 {
        let name = format!("row {round}");
        item::insert(&session, &name).await.expect("a row");
        let seen = item::named_ones(&session).await;
        assert!(seen.contains(&name), "round {round}: stale");
    }
    bed.resume(1).await;
    assert_eq!(served_by(&db).await, "default/2", "other reads go there");
}

async fn a_replica_that_restarts_is_no_balancer(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    for _ in 0..2 {
        bed.kill(0).await;
        becomes(&db, "default/2", NodeState::Down).await;
        bed.start(0).await;
        is_read_from(&db, "default/2").await;
    }
    let topology = db.topology();
    let node = topology.find("default/2").expect("declared");
    assert_eq!(node.endpoint(), Endpoint::Server);
}
