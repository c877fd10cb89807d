//! Transactions that are declared to only read, on real replicas.

use routing_servers::PostgresCluster;
use sea_orm::AccessMode::ReadOnly;
use sea_orm::IsolationLevel::Serializable;
use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::{RefusedError, TxnError};
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection, RoutingError, RoutingTransaction};

use crate::support::item::{self, insert, names};
use crate::support::{self, error_of, impatient, single, soon, value};

fn on_replicas(db: &RoutingConnection) -> RoutingConnection {
    db.read_only_transactions(ReadOnlyTransactions::Replica)
}

async fn begin(db: &RoutingConnection) -> RoutingTransaction {
    let txn = db.begin_with_config(None, Some(ReadOnly)).await;
    txn.expect("begun")
}

/// The node of a read-only transaction, which serves all its reads.
async fn node_of(db: &RoutingConnection) -> String {
    let routes = db.record();
    let txn = begin(db).await;
    for _ in 0..3 {
        let count = item::Entity::find().count(&txn);
        soon("a read", count).await.expect("a read");
    }
    txn.commit().await.expect("committed");
    let routes = routes.routes();
    let node = routes[0].node().clone();
    assert!(routes.iter().all(|route| *route.node() == node));
    node.to_string()
}

/// Runs on a replica according to the router; `on_replica` asks the server.
async fn it_runs_on_replicas(db: &RoutingConnection, on_replica: &str) {
    insert(db, "one").await.expect("inserted");
    let primary = value::<bool>(&db.on_primary(), on_replica).await;
    assert_eq!(primary, Ok(false));
    for replicas in [on_replicas(db), db.on_replica()] {
        let routes = db.record();
        let txn = begin(&replicas).await;
        assert_eq!(value::<bool>(&txn, on_replica).await, Ok(true));
        item::Entity::find().all(&txn).await.expect("a read");
        let nested = txn.begin().await.expect("nested");
        assert_eq!(value::<bool>(&nested, on_replica).await, Ok(true));
        nested.commit().await.expect("released");
        txn.commit().await.expect("committed");
        let routes = routes.routes();
        assert!(routes.iter().all(|route| route.role() == Role::Replica));
        let node = routes[0].node();
        assert!(routes.iter().all(|route| route.node() == node));
    }
}

/// Cases that must not run on a replica.
async fn it_stays_on_the_primary(db: &RoutingConnection, on_replica: &str) {
    let replicas = on_replicas(db);
    for (handle, level, mode) in [
        (db, None, Some(ReadOnly)),
        (&replicas, None, None),
        (&replicas, Some(Serializable), Some(ReadOnly)),
        (&replicas.on_primary(), None, Some(ReadOnly)),
        (&db.on_replica().on_primary(), None, Some(ReadOnly)),
    ] {
        let routes = db.record();
        let txn = handle.begin_with_config(level, mode).await.expect("begun");
        let found = value::<bool>(&txn, on_replica).await;
        assert_eq!(found, Ok(false), "{level:?} {mode:?}");
        txn.commit().await.expect("committed");
        assert_eq!(routes.routes()[0].node().as_str(), "default/1");
    }
}

async fn it_refuses_writes(db: &RoutingConnection) {
    let txn = begin(&on_replicas(db)).await;
    let refused = insert(&txn, "no").await.expect_err("a write");
    let is_it = matches!(
        RoutingError::of(&refused),
        Some(RoutingError::Refused(RefusedError::ReadOnly { .. }))
    );
    assert!(is_it, "{refused}");
    item::Entity::find()
        .all(&txn)
        .await
        .expect("the transaction continues");
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["one"]);
}

#[tokio::test]
async fn on_postgres() {
    let Some(pg) = support::postgres("ro_replica").await else {
        return;
    };
    let db = pg.connect().await;
    let sql = "SELECT pg_is_in_recovery()";
    it_runs_on_replicas(&db, sql).await;
    it_stays_on_the_primary(&db, sql).await;
    it_refuses_writes(&db).await;
    // A statement that is not known to write is refused by the server.
    let txn = begin(&on_replicas(&db)).await;
    let refused = error_of(value::<i64>(&txn, "SELECT nextval('item_id_seq')").await);
    assert!(
        refused.contains("read-only") || refused.contains("recovery"),
        "{refused}"
    );
    txn.rollback().await.expect("rolled back");
}

#[tokio::test]
async fn on_mariadb() {
    let Some(maria) = support::mariadb("ro_replica").await else {
        return;
    };
    let db = maria.connect().await;
    let sql = "SELECT @@read_only = 1 AS found";
    it_runs_on_replicas(&db, sql).await;
    it_stays_on_the_primary(&db, sql).await;
    it_refuses_writes(&db).await;
}

#[tokio::test]
async fn a_policy_of_row_level_security_is_enlisted_on_the_replica_too() {
    let Some(pg) = support::postgres("ro_enlist").await else {
        return;
    };
    let db = on_replicas(&pg.connect().await);
    let tenant = sea_orm::Statement::from_string(
        sea_orm::DbBackend::Postgres,
        "SELECT set_config('app.tenant', 'acme', true)",
    );
    let db = db.on_branch_begin("default", tenant).expect("a setting");
    let txn = begin(&db).await;
    let found = value::<String>(&txn, "SELECT current_setting('app.tenant')").await;
    assert_eq!(found.as_deref(), Ok("acme"));
    assert_eq!(
        value::<bool>(&txn, "SELECT pg_is_in_recovery()").await,
        Ok(true)
    );
}

/// A Postgres cluster of this test, with two replicas and one row in `item`.
async fn cluster() -> Option<(PostgresCluster, RoutingConnection)> {
    let pg = routing_servers::postgres(2).await?;
    pg.create_database("shop").await.expect("a database");
    let database = DatabaseOptions::new(impatient(pg.primary_url("shop")))
        .replica(pg.replica_url(0, "shop"))
        .replica(pg.replica_url(1, "shop"));
    let db = single(database).await;
    item::create(&db).await;
    pg.wait_caught_up().await.expect("caught up");
    Some((pg, db))
}

#[tokio::test]
async fn a_replica_dies_and_another_serves_and_without_any_the_primary() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    let db = on_replicas(&db);
    // Each replica has an idle connection that is about to break.
    for node in ["default/2", "default/3"] {
        let replica = db.using(node).expect("declared");
        item::Entity::find().all(&replica).await.expect("a read");
    }
    pg.stop_replica(0).await.expect("stopped");
    for _ in 0..12 {
        assert_eq!(node_of(&db).await, "default/3");
    }
    pg.stop_replica(1).await.expect("stopped");
    for _ in 0..12 {
        assert_eq!(node_of(&db).await, "default/1");
    }
}

#[tokio::test]
async fn its_replica_dies_and_the_transaction_is_over() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    let db = on_replicas(&db);
    let txn = begin(&db).await;
    item::Entity::find().count(&txn).await.expect("a read");
    for replica in [0, 1] {
        pg.stop_replica(replica).await.expect("stopped");
    }
    let lost = item::Entity::find().count(&txn);
    soon("a read", lost)
        .await
        .expect_err("its replica was killed");
    let later = item::Entity::find().count(&txn).await;
    let later = later.expect_err("it does not go on elsewhere");
    let is_it = matches!(
        RoutingError::of(&later),
        Some(RoutingError::Transaction(TxnError::Doomed { .. }))
    );
    assert!(is_it, "{later}");
    txn.rollback().await.expect("rolled back");
    assert_eq!(node_of(&db).await, "default/1");
}
