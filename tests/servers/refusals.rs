//! A write that is classified as a read: a replica refuses it, and the primary runs it.

use sea_orm::{ConnectionTrait, StreamTrait};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::observe::Recording;
use sea_orm_routing::options::ReplicaGuard;

use crate::support::{self, error_of, item, value};

const TOUCH_POSTGRES: &str = "
CREATE SCHEMA app;
CREATE FUNCTION app.touch() RETURNS int LANGUAGE sql AS $$
    INSERT INTO item (name) VALUES ('touched ' || nextval('item_id_seq')) RETURNING 1
$$";

const TOUCH_MARIADB: &str = "
CREATE FUNCTION touch() RETURNS INT MODIFIES SQL DATA
BEGIN
    INSERT INTO item (name) VALUES (CONCAT('touched ', UUID()));
    RETURN 1;
END";

fn nodes(recording: &Recording) -> Vec<String> {
    let routes = recording.routes();
    routes
        .iter()
        .map(|route| route.node().to_string())
        .collect()
}

async fn on_postgres(name: &'static str) -> Option<RoutingConnection> {
    let pg = support::postgres(name).await?;
    item::create(&support::single(pg.options()).await).await;
    pg.sql(TOUCH_POSTGRES).await;
    pg.caught_up().await;
    let builder = RoutingConnection::builder()
        .database("default", pg.options())
        .read_only_function("app.touch");
    Some(builder.connect().await.expect("connected"))
}

async fn on_mariadb(name: &'static str, guard: ReplicaGuard) -> Option<RoutingConnection> {
    let maria = support::mariadb(name).await?;
    item::create(&support::single(maria.options()).await).await;
    // Without this setting, only the superuser creates functions on a server with a log.
    maria
        .sql("SET GLOBAL log_bin_trust_function_creators = ON")
        .await;
    let primary = support::single(maria.options())
        .await
        .primary("default")
        .expect("open");
    primary
        .execute_unprepared(TOUCH_MARIADB)
        .await
        .expect("a function");
    maria.caught_up().await;
    let builder = RoutingConnection::builder()
        .database("default", maria.options().replica_guard(guard))
        .read_only_function("touch");
    Some(builder.connect().await.expect("connected"))
}

/// Runs twice: the first time a replica is tried, afterwards the refusal is known.
async fn runs_once_on_the_primary(db: &RoutingConnection, sql: &str) {
    let first = db.record();
    assert_eq!(value::<i32>(db, sql).await, Ok(1));
    let asked = nodes(&first);
    assert_eq!(asked.len(), 2, "{first}");
    assert!(
        asked[0] != "default/1" && asked[1] == "default/1",
        "{first}"
    );
    assert_eq!(item::names(db).await.len(), 1, "it ran once");
    assert_eq!(db.reads_refused_by_replicas(), 1);
    drop(first);

    let second = db.record();
    assert_eq!(value::<i32>(db, sql).await, Ok(1));
    assert_eq!(nodes(&second), ["default/1"]);
    assert_eq!(item::names(db).await.len(), 2);
    assert_eq!(db.reads_refused_by_replicas(), 1);
}

async fn is_an_error_on_a_replica(db: &RoutingConnection, sql: &str, codes: &[&str]) {
    let replica = db.on_replica();
    for _ in 0..2 {
        let refusal = error_of(value::<i32>(&replica, sql).await);
        assert!(codes.iter().any(|code| refusal.contains(code)), "{refusal}");
    }
    assert_eq!(item::names(db).await, [""; 0]);
}

#[tokio::test]
async fn a_function_that_writes_runs_once_on_the_primary_of_postgres() {
    let Some(db) = on_postgres("refused_postgres").await else {
        return;
    };
    runs_once_on_the_primary(&db, "SELECT app.touch()").await;
}

#[tokio::test]
async fn a_function_that_writes_is_an_error_on_a_replica_of_postgres() {
    let Some(db) = on_postgres("refused_pg_replica").await else {
        return;
    };
    is_an_error_on_a_replica(&db, "SELECT app.touch()", &["read-only transaction"]).await;
}

#[tokio::test]
async fn a_function_that_writes_runs_once_on_the_primary_of_mariadb() {
    let guard = ReplicaGuard::Server;
    let Some(db) = on_mariadb("refused_mariadb", guard).await else {
        return;
    };
    runs_once_on_the_primary(&db, "SELECT touch()").await;
}

#[tokio::test]
async fn a_function_that_writes_runs_once_on_the_primary_of_mariadb_without_the_guard() {
    let guard = ReplicaGuard::Off;
    let Some(db) = on_mariadb("refused_unguarded", guard).await else {
        return;
    };
    runs_once_on_the_primary(&db, "SELECT touch()").await;
}

#[tokio::test]
async fn a_function_that_writes_is_an_error_on_a_replica_of_mariadb() {
    let guard = ReplicaGuard::Server;
    let Some(db) = on_mariadb("refused_replica", guard).await else {
        return;
    };
    is_an_error_on_a_replica(&db, "SELECT touch()", &["1290", "1792"]).await;
}

/// The refusal comes with the first row; no row was returned before it.
#[tokio::test]
async fn a_stream_that_a_replica_refuses_runs_on_the_primary() {
    use futures_util::TryStreamExt;

    let Some(db) = on_postgres("refused_stream").await else {
        return;
    };
    let sql = "SELECT app.touch()";
    let statement = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let rows = db.stream_raw(statement).await.expect("a stream");
    let rows: Vec<_> = rows.try_collect().await.expect("it runs on the primary");
    assert_eq!(rows.len(), 1);
    assert_eq!(db.reads_refused_by_replicas(), 1);
}
