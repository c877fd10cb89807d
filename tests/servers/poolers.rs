//! A PgBouncer before a replica: it refuses the option that guards each connection, or ignores it.

use futures_util::future::join_all;
use routing_servers::{Node, PgBouncer, PgBouncerSettings, PoolMode, PostgresCluster};
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::bed::{Bed, INTERVAL};
use crate::support::nodes::{becomes, is_read_from, served_by, serves, state, when};
use crate::support::{self, error_of, eventually, item, options, single, value};

const GUARD: &str = "SHOW default_transaction_read_only";

/// A database whose replica is behind a pooler, with one row that both nodes have.
async fn behind(
    name: &'static str,
    settings: PgBouncerSettings,
    database: impl FnOnce(DatabaseOptions) -> DatabaseOptions,
) -> Option<(PgBouncer, RoutingConnection)> {
    let pg = support::postgres(name).await?;
    let pooler = PgBouncer::start(&pg.cluster.replica_url(0, name), &settings).await?;
    let primary = pg.cluster.primary_url(name);
    let options = DatabaseOptions::new(primary)
        .probe_interval(INTERVAL)
        .replica(pooler.url());
    let db = single(database(options)).await;
    item::create(&db).await;
    item::insert(&db, "first").await.expect("a row");
    pg.cluster.wait_caught_up().await.expect("caught up");
    Some((pooler, db))
}

fn unguarded(db: &RoutingConnection) -> Option<String> {
    let topology = db.topology();
    let node = topology.find("default/2").expect("declared");
    node.unguarded().map(str::to_owned)
}

/// Every connection of the replica's pool is read-only.
async fn is_guarded(db: &RoutingConnection) {
    assert_eq!(unguarded(db), None);
    let replica = db.node("default/2").expect("declared");
    let settings = join_all((0..3).map(|_| value::<String>(&replica, GUARD))).await;
    for setting in settings {
        assert_eq!(setting.as_deref(), Ok("on"));
    }
}

#[tokio::test]
async fn a_pooler_that_refuses_startup_options_and_pools_sessions() {
    let settings = PgBouncerSettings::new(PoolMode::Session);
    let Some((_pooler, db)) = behind("pooler_refuses", settings, |it| it).await else {
        return;
    };
    assert!(serves(&db, "default/2"), "{}", db.topology());
    assert_eq!(served_by(&db).await, "default/2");
    is_guarded(&db).await;
}

#[tokio::test]
async fn a_pooler_that_ignores_startup_options() {
    let settings = PgBouncerSettings::new(PoolMode::Session).ignoring("options");
    let Some((_pooler, db)) = behind("pooler_ignores", settings, |it| it).await else {
        return;
    };
    assert_eq!(served_by(&db).await, "default/2");
    is_guarded(&db).await;
}

#[tokio::test]
async fn a_pooler_that_shares_its_connections() {
    // With one connection to the server, every statement finds what was prepared.
    let alone = PgBouncerSettings {
        pool_size: 1,
        ..PgBouncerSettings::new(PoolMode::Transaction)
    };
    for (name, settings) in [
        ("pooler_shares", alone.clone()),
        ("pooler_shares_two", alone.ignoring("options")),
    ] {
        let Some((_pooler, db)) = behind(name, settings, |it| it).await else {
            return;
        };
        assert_eq!(served_by(&db).await, "default/2");
        let reason = unguarded(&db).expect("a reason");
        assert!(reason.contains("several clients"), "{reason}");
        assert!(reason.contains("option"), "{reason}");
        let table = db.topology().to_string();
        assert!(table.contains("no guard"), "{table}");
        // Nothing was set that other clients of the pooler would meet.
        let replica = db.node("default/2").expect("declared");
        let is_off =
            "DO $$ BEGIN ASSERT current_setting('default_transaction_read_only') = 'off'; END $$";
        replica.execute_unprepared(is_off).await.expect("it is off");
    }
}

#[tokio::test]
async fn a_pooler_before_a_replica_with_options_of_its_own() {
    let settings = PgBouncerSettings::new(PoolMode::Session);
    let Some(pg) = support::postgres("pooler_hooks").await else {
        return;
    };
    let url = pg.cluster.replica_url(0, pg.name);
    let Some(pooler) = PgBouncer::start(&url, &settings).await else {
        return;
    };
    let mut replica = options(pooler.url());
    replica.map_sqlx_postgres_pool_opts(|own| {
        own.after_connect(|connection, _| {
            let sql = "SELECT set_config('app.tenant', 'blue', false)";
            let query = sea_orm::sqlx::query(sql);
            Box::pin(async move { query.execute(connection).await.map(drop) })
        })
    });
    let primary = pg.cluster.primary_url(pg.name);
    let db = single(DatabaseOptions::new(primary).replica(replica)).await;
    let replica = db.node("default/2").expect("declared");
    let tenant = value::<String>(&replica, "SHOW app.tenant").await;
    assert_eq!(tenant.as_deref(), Ok("blue"));
    let reason = unguarded(&db).expect("a reason");
    assert!(reason.contains("SET SESSION CHARACTERISTICS"), "{reason}");
}

#[tokio::test]
async fn a_pooler_that_refuses_startup_options_without_a_monitor() {
    let settings = PgBouncerSettings::new(PoolMode::Session);
    let unmonitored = |it: DatabaseOptions| it.monitored(false);
    let Some((_pooler, db)) = behind("pooler_unwatched", settings, unmonitored).await else {
        return;
    };
    // The first reads find out; none of them fails.
    let is_back = || async { served_by(&db).await == "default/2" };
    eventually("the replica serves", is_back).await;
    assert_eq!(state(&db, "default/2"), NodeState::Probation);
    is_guarded(&db).await;
}

#[tokio::test]
async fn a_prepared_statement_that_a_pooler_lost() {
    let settings = PgBouncerSettings::new(PoolMode::Transaction);
    let Some((_pooler, db)) = behind("pooler_prepares", settings, |it| it).await else {
        return;
    };
    let reason = unguarded(&db).expect("a reason");
    assert!(reason.contains("several clients"), "{reason}");
    let replica = db.using("default/2").expect("declared");
    let read = async || {
        let statement = Statement::from_sql_and_values(
            replica.get_database_backend(),
            "SELECT count(*) FROM item WHERE id = $1",
            [1.into()],
        );
        replica.query_one_raw(statement).await
    };
    // Clients that swap the connections of the server find statements there that they did not prepare.
    let lost = async || {
        let answers = join_all((0..8).map(|_| read())).await;
        answers.into_iter().find_map(Result::err)
    };
    let error = eventually_some("a lost statement", lost).await;
    assert!(error.contains("max_prepared_statements"), "{error}");
    assert!(error.contains("default/2"), "{error}");
}

async fn eventually_some(
    what: &'static str,
    found: impl AsyncFn() -> Option<sea_orm::DbErr>,
) -> String {
    let kept = std::cell::RefCell::new(None);
    eventually(what, || async {
        *kept.borrow_mut() = found().await.map(|error| error_of(Err::<(), _>(error)));
        kept.borrow().is_some()
    })
    .await;
    kept.into_inner().expect("found")
}

/// Behind one address, a pooler may lead to another server for each database.
#[tokio::test]
async fn a_pooler_before_two_servers() {
    let Some(pg) = PostgresCluster::begin(2).await else {
        return;
    };
    let settings = PgBouncerSettings::new(PoolMode::Session).leading("elsewhere", &pg.url(1));
    let Some(pooler) = PgBouncer::start(&pg.url(0), &settings).await else {
        return;
    };
    let database = |replica: String| {
        DatabaseOptions::new(pg.url(Node::Primary))
            .probe_interval(INTERVAL)
            .replica(replica)
    };
    let elsewhere = pooler.url().replace("/shop", "/elsewhere");
    let builder = RoutingConnection::builder()
        .database("default", database(pooler.url()))
        .database("other", database(elsewhere));
    let db = builder.connect().await.expect("connected");
    item::create(&db).await;
    item::insert(&db, "first").await.expect("a row");
    pg.caught_up().await;
    for (replica, dead, alive) in [(0, "default/2", "other/2"), (1, "other/2", "default/2")] {
        is_read_from(&db.using("other").expect("declared"), "other/2").await;
        is_read_from(&db, "default/2").await;
        pg.kill(replica).await;
        becomes(&db, dead, NodeState::Down).await;
        for _ in 0..10 {
            assert!(serves(&db, alive), "{}", db.topology());
            tokio::time::sleep(INTERVAL).await;
        }
        if replica == 0 {
            pg.start(0).await;
            when("it is back".to_owned(), || serves(&db, dead)).await;
        }
    }
}
