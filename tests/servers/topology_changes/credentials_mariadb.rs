//! Users of MariaDB that change under load.

use std::time::Duration;

use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::{DatabaseOptions, RoutingError};

use super::{Load, a_while};
use crate::support::{eventually, item, mariadb, options, single, soon, value};

#[tokio::test]
async fn another_user_takes_over_on_every_node() {
    let Some(maria) = mariadb("rotate_maria").await else {
        return;
    };
    for (user, password) in [("rotate_old", "first"), ("rotate_new", "second")] {
        let sql = format!(
            "CREATE USER {user}@'%' IDENTIFIED BY '{password}';
             GRANT ALL ON rotate_maria.* TO {user}@'%'; GRANT BINLOG MONITOR ON *.* TO {user}@'%'"
        );
        maria.sql(&sql).await;
    }
    maria.caught_up().await;
    let old = |url: String| url.replace("app:secret@", "rotate_old:first@");
    let mut primary = options(old(maria.cluster.primary_url(maria.name)));
    primary.max_lifetime(Duration::from_millis(100));
    let replica = old(maria.cluster.replica_url(0, maria.name));
    let db = single(DatabaseOptions::new(primary).replica(replica)).await;
    item::create(&db).await;
    maria.caught_up().await;

    let load = Load::start(&db, true);
    a_while().await;
    let wrong = db
        .admin()
        .rotate_credentials("default", "rotate_new", "not this");
    let error = soon("rotating", wrong).await.expect_err("refused");
    assert!(
        matches!(
            error,
            RoutingError::Availability(AvailabilityError::Connect { .. })
        ),
        "{error}"
    );
    a_while().await;
    let rotated = db
        .admin()
        .rotate_credentials("default", "rotate_new", "second");
    soon("rotating", rotated).await.expect("rotated");
    for node in ["default/1", "default/2"] {
        let node = db.using(node).expect("a node");
        eventually("the new user is there", || async {
            let user = value::<String>(&node, "SELECT current_user()").await;
            user.is_ok_and(|user| user.starts_with("rotate_new@"))
        })
        .await;
    }
    maria.sql("ALTER USER rotate_old@'%' ACCOUNT LOCK").await;
    maria.caught_up().await;
    a_while().await;
    assert!(load.stop().await > 50);
    // The guard of the replica is still in place.
    let replica = db.node("default/2").expect("a node");
    assert!(item::insert(&replica, "past the router").await.is_err());
}
