//! Passwords and users of Postgres that change under load.

use std::time::Duration;

use routing_servers::PostgresCluster;
use sea_orm::ConnectOptions;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use super::{Load, a_while};
use crate::support::{Servers, eventually, item, options, postgres, single, soon, value};

/// Connects as a user of this test.
fn url(url: &str, user: &str) -> String {
    url.replace("app:secret@", &format!("{user}:first@"))
}

/// Roles `<name>_old`, `<name>_new`, and a connection as the old one whose connections are
/// short-lived.
async fn connect(pg: &Servers<PostgresCluster>, lasting: bool) -> RoutingConnection {
    let name = pg.name;
    pg.sql(&format!(
        "CREATE ROLE {name}_old LOGIN PASSWORD 'first';
         CREATE ROLE {name}_new LOGIN PASSWORD 'second' IN ROLE {name}_old;
         GRANT ALL ON SCHEMA public TO {name}_old"
    ))
    .await;
    let primary = url(&pg.cluster.primary_url(name), &format!("{name}_old"));
    let mut options: ConnectOptions = options(primary);
    if !lasting {
        options.max_lifetime(Duration::from_millis(100));
    }
    let old = format!("{name}_old");
    let database = DatabaseOptions::new(options)
        // New credentials are tried for five times as long, which a busy machine may need.
        .probe_timeout(Duration::from_secs(10))
        .replica(url(&pg.cluster.replica_url(0, name), &old))
        .replica(url(&pg.cluster.replica_url(1, name), &old));
    pg.caught_up().await;
    let db = single(database).await;
    item::create(&db).await;
    item::insert(&db, "one").await.expect("a row");
    pg.caught_up().await;
    db
}

async fn users(db: &RoutingConnection) -> Vec<String> {
    let mut users = Vec::new();
    for node in ["default/1", "default/2", "default/3"] {
        let node = db.using(node).expect("a node");
        let user = value::<String>(&node, "SELECT current_user::text").await;
        users.push(user.unwrap_or_else(|error| error.to_string()));
    }
    users
}

#[tokio::test]
async fn another_user_takes_over_on_every_node() {
    let Some(pg) = postgres("rotate_user").await else {
        return;
    };
    let db = connect(&pg, false).await;
    let load = Load::start(&db, true);
    a_while().await;
    let rotated = db
        .admin()
        .rotate_credentials("default", "rotate_user_new", "second");
    soon("rotating", rotated).await.expect("rotated");
    eventually("the new user is everywhere", || async {
        users(&db).await == ["rotate_user_new"; 3]
    })
    .await;
    pg.sql("ALTER ROLE rotate_user_old NOLOGIN").await;
    pg.caught_up().await;
    a_while().await;
    assert!(load.stop().await > 50);
    for node in db.topology().databases()[0].nodes() {
        assert!(node.is_up(), "{}", node.name());
    }
    // A replica added later logs in like the others, whatever its URL says.
    let late = pg.cluster.replica_url(0, pg.name);
    let late = db
        .admin()
        .add_replica("default", late)
        .await
        .expect("added");
    let late = db.using(late.as_str()).expect("a node");
    let user = value::<String>(&late, "SELECT current_user::text").await;
    assert_eq!(user.as_deref(), Ok("rotate_user_new"));
}

#[tokio::test]
async fn a_new_password_of_the_same_user() {
    let Some(pg) = postgres("rotate_password").await else {
        return;
    };
    let db = connect(&pg, true).await;
    // Every connection is open already: a new one would only have the old password.
    for node in ["default/1", "default/2", "default/3"] {
        let node = db.using(node).expect("a node");
        let sleeps = (0..8).map(|_| value::<i32>(&node, "SELECT 1 FROM pg_sleep(0.5)"));
        let answers = futures_util::future::join_all(sleeps).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let load = Load::start(&db, true);
    a_while().await;
    pg.sql("ALTER ROLE rotate_password_old PASSWORD 'third'")
        .await;
    pg.caught_up().await;
    let rotated = db
        .admin()
        .rotate_credentials("default", "rotate_password_old", "third");
    soon("rotating", rotated).await.expect("rotated");
    assert!(load.stop().await > 50);
    // New connections use the new password.
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE usename = 'rotate_password_old'";
    for node in 0..2 {
        let ended = pg.cluster.sql(node, pg.name, sql).await;
        assert_ne!(ended.as_deref(), Ok("0"));
    }
    eventually("reads go on", || async {
        users(&db).await[1..] == ["rotate_password_old"; 2]
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_changes_nothing() {
    let Some(pg) = postgres("rotate_wrong").await else {
        return;
    };
    let db = connect(&pg, false).await;
    let load = Load::start(&db, true);
    for (user, password) in [
        ("rotate_wrong_new", "not this"),
        ("rotate_wrong_new", ""),
        ("nobody", "second"),
        ("", ""),
    ] {
        let refused = db.admin().rotate_credentials("default", user, password);
        let error = soon("rotating", refused).await.expect_err("refused");
        assert!(
            matches!(
                error,
                RoutingError::Availability(AvailabilityError::Connect { .. })
            ),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains("default/1"), "{text}");
        assert!(!text.contains("not this"), "{text}");
    }
    a_while().await;
    load.stop().await;
    assert_eq!(users(&db).await, ["rotate_wrong_old"; 3]);
}

/// One replica has not received the new user yet.
#[tokio::test]
async fn a_replica_that_does_not_accept_it_is_named_and_nothing_changes() {
    let Some(pg) = routing_servers::postgres(2).await else {
        return;
    };
    pg.create_database("shop").await.expect("a database");
    let database = DatabaseOptions::new(options(pg.primary_url("shop")))
        .replica(pg.replica_url(0, "shop"))
        .replica(pg.replica_url(1, "shop"));
    let db = single(database).await;
    pg.pause_replay(1).await.expect("paused");
    let sql = "CREATE ROLE later LOGIN PASSWORD 'second'";
    let primary = routing_servers::Node::Primary;
    pg.psql(primary, "shop", sql).await.expect("a role");
    let refused = db.admin().rotate_credentials("default", "later", "second");
    let error = soon("rotating", refused).await.expect_err("refused");
    assert!(error.to_string().contains("default/3"), "{error}");
    assert_eq!(users(&db).await, ["app"; 3]);
    pg.resume_replay(1).await.expect("resumed");
    pg.wait_caught_up().await.expect("caught up");
    let rotated = db.admin().rotate_credentials("default", "later", "second");
    soon("rotating", rotated).await.expect("rotated");
}
