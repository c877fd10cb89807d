//! A MariaDB that did not log what it replicated (`log_slave_updates` is off by default) is
//! promoted. Here its log is reset instead, which has the same effect.

use std::time::Duration;

use routing_servers::{MariaDbCluster, Node};
use sea_orm::EntityTrait;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Consistency, Role};

use crate::support::bed::Bed;
use crate::support::item;
use crate::support::nodes::{takes, when};

const CAUSAL: Consistency = Consistency::Causal {
    max_wait: Duration::from_secs(20),
    on_timeout: OnTimeout::Error,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_replicas_are_not_refused_as_foreign() {
    let Some(maria) = MariaDbCluster::begin(2).await else {
        return;
    };
    let options = maria.options().roles(RoleSource::Observed);
    let db = maria.connect(options).await;
    item::insert(&db, "second").await.expect("a row");
    maria.caught_up().await;
    maria.kill(Node::Primary).await;
    // The log of a server that wrote once, long ago.
    let promotion = "STOP SLAVE; RESET SLAVE ALL; RESET MASTER;
        SET GLOBAL gtid_binlog_state = '0-2-1'; SET GLOBAL read_only = OFF";
    maria.ask(0, promotion).await;
    takes(&db, "default/2", Role::Primary).await;
    // The replica is measured against the new primary, and is not refused.
    let measured = || {
        let topology = db.topology();
        let node = topology.find("default/3").expect("declared");
        node.state() == NodeState::Up && node.lag().is_some()
    };
    when("the other replica is measured".to_owned(), measured).await;
    // GTID numbers continue, as they do when the log is not reset.
    let sql = "SET gtid_seq_no = 1000; INSERT INTO item (name) VALUES ('more')";
    maria.ask(0, sql).await;
    maria.follow(1, 0).await.expect("following");

    let session = db.session_with(CAUSAL);
    item::insert(&session, "third").await.expect("a row");
    let routes = session.record();
    let rows = item::Entity::find().all(&session).await.expect("a read");
    assert_eq!(rows.len(), 4);
    assert_eq!(routes.routes()[0].node().as_str(), "default/3");
    assert_eq!(
        db.topology().find("default/3").map(|it| it.state()),
        Some(NodeState::Up)
    );
}
