//! A pool declared as a replica cannot write, whichever server it connects to.

use futures_util::future::join_all;
use sea_orm::sqlx::{self, Executor};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_routing::options::ReplicaGuard;
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, RoutingConnection};

use crate::support::{self, Servers, error_of, item, options, single, value};

const INSERT: &str = "INSERT INTO item (name) VALUES ('through a replica')";

#[tokio::test]
async fn a_postgres_replica_starts_its_sessions_read_only() {
    let Some(pg) = support::postgres("guard_postgres").await else {
        return;
    };
    let db = pg.connect().await;
    for node in ["default/2", "default/3"] {
        let replica = db.node(node).expect("declared");
        let setting = value::<String>(&replica, "SHOW default_transaction_read_only").await;
        assert_eq!(setting.as_deref(), Ok("on"), "{node}");
    }
    let primary = db.primary("default").expect("declared");
    let setting = value::<String>(&primary, "SHOW default_transaction_read_only").await;
    assert_eq!(setting.as_deref(), Ok("off"));
}

#[tokio::test]
async fn a_postgres_replica_that_is_the_primary_refuses_writes() {
    let Some(pg) = support::postgres("guard_pg_itself").await else {
        return;
    };
    let url = pg.cluster.primary_url(pg.name);
    let db = single(DatabaseOptions::new(url.as_str()).replica(url.as_str())).await;
    item::create(&db).await;
    let replica = db.node("default/2").expect("declared");
    let refusal = error_of(replica.execute_unprepared(INSERT).await);
    assert!(refusal.contains("read-only transaction"), "{refusal}");
    assert_eq!(item::names(&db).await, [""; 0]);
}

/// A MariaDB whose replica is its own, writable primary.
async fn with_itself_as_replica(
    name: &'static str,
    replica: impl FnOnce(&str) -> ReplicaOptions,
    guard: ReplicaGuard,
) -> Option<RoutingConnection> {
    let maria: Servers<_> = support::mariadb(name).await?;
    let url = maria.cluster.primary_url(name);
    let database = DatabaseOptions::new(url.as_str())
        .replica(replica(&url))
        .replica_guard(guard);
    let db = single(database).await;
    item::create(&db).await;
    Some(db)
}

async fn refuses_writes(replica: &DatabaseConnection) {
    let refusal = error_of(replica.execute_unprepared(INSERT).await);
    assert!(refusal.contains("1792"), "{refusal}");
}

#[tokio::test]
async fn a_mariadb_replica_that_is_the_primary_refuses_writes_with_1792() {
    let bare = |url: &str| ReplicaOptions::new(url);
    let guard = ReplicaGuard::default();
    let Some(db) = with_itself_as_replica("guard_bare", bare, guard).await else {
        return;
    };
    let replica = db.node("default/2").expect("declared");
    refuses_writes(&replica).await;
    assert_eq!(item::names(&db).await, [""; 0]);
    db.execute_unprepared(INSERT)
        .await
        .expect("the primary takes it");
}

#[tokio::test]
async fn every_connection_of_a_mariadb_replica_is_guarded() {
    let bare = |url: &str| ReplicaOptions::new(url);
    let guard = ReplicaGuard::default();
    let Some(db) = with_itself_as_replica("guard_each", bare, guard).await else {
        return;
    };
    let replica = db.node("default/2").expect("declared");
    let pool = replica.get_mysql_connection_pool();
    // All held at once, so that each is a separate connection.
    let held = join_all((0..5).map(|_| pool.acquire())).await;
    let mut held: Vec<_> = held
        .into_iter()
        .map(|it| it.expect("a connection"))
        .collect();
    assert_eq!(pool.size(), 5);
    for connection in &mut held {
        let refusal = error_of(connection.execute(INSERT).await);
        assert!(refusal.contains("1792"), "{refusal}");
    }
}

#[tokio::test]
async fn the_users_hooks_survive_beside_the_mariadb_guard() {
    let hooked = |url: &str| {
        let mut options = options(url.to_owned());
        options.map_sqlx_mysql_opts(|own| {
            let own = own
                .collation("utf8mb4_unicode_520_ci")
                .timezone("+05:00".to_owned());
            own.pipes_as_concat(false)
        });
        options.map_sqlx_mysql_pool_opts(|own| {
            own.after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute("SET @tenant = 'blue'").await?;
                    connection
                        .execute("SET SESSION sql_mode = 'ANSI_QUOTES'")
                        .await?;
                    Ok(())
                })
            })
        });
        ReplicaOptions::new(options)
    };
    let guard = ReplicaGuard::default();
    let Some(db) = with_itself_as_replica("guard_hooks", hooked, guard).await else {
        return;
    };
    let replica = db.node("default/2").expect("declared");
    refuses_writes(&replica).await;
    for (variable, expected) in [
        ("@tenant", "blue"),
        ("@@session.sql_mode", "ANSI_QUOTES"),
        ("@@session.time_zone", "+05:00"),
        ("@@session.collation_connection", "utf8mb4_unicode_520_ci"),
    ] {
        let found = value::<String>(&replica, &format!("SELECT {variable}")).await;
        assert_eq!(found.as_deref(), Ok(expected), "{variable}");
    }
}

#[tokio::test]
async fn a_mariadb_replica_that_sets_no_names_is_guarded_too() {
    let silent = |url: &str| {
        let mut options = options(url.to_owned());
        options.map_sqlx_mysql_opts(|own| {
            own.set_names(false)
                .pipes_as_concat(false)
                .no_engine_substitution(false)
        });
        ReplicaOptions::new(options)
    };
    let guard = ReplicaGuard::default();
    let Some(db) = with_itself_as_replica("guard_silent", silent, guard).await else {
        return;
    };
    refuses_writes(&db.node("default/2").expect("declared")).await;
}

#[tokio::test]
async fn the_users_hooks_survive_beside_the_postgres_guard() {
    let Some(pg) = support::postgres("guard_pg_hooks").await else {
        return;
    };
    let mut replica = options(pg.cluster.replica_url(0, pg.name));
    replica.map_sqlx_postgres_opts(|own| own.options([("work_mem", "3MB")]));
    replica.map_sqlx_postgres_pool_opts(|own| {
        own.after_connect(|connection, _| {
            let sql = "SELECT set_config('app.tenant', 'blue', false)";
            Box::pin(async move { sqlx::query(sql).execute(connection).await.map(drop) })
        })
    });
    let url = pg.cluster.primary_url(pg.name);
    let db = single(DatabaseOptions::new(url).replica(replica)).await;
    let replica = db.node("default/2").expect("declared");
    for (setting, expected) in [
        ("default_transaction_read_only", "on"),
        ("work_mem", "3MB"),
        ("app.tenant", "blue"),
    ] {
        let found = value::<String>(&replica, &format!("SHOW {setting}")).await;
        assert_eq!(found.as_deref(), Ok(expected), "{setting}");
    }
}

#[tokio::test]
async fn without_the_guard_the_server_decides() {
    let bare = |url: &str| ReplicaOptions::new(url);
    let Some(db) = with_itself_as_replica("guard_off", bare, ReplicaGuard::Off).await else {
        return;
    };
    let replica = db.node("default/2").expect("declared");
    replica
        .execute_unprepared(INSERT)
        .await
        .expect("nothing keeps it from writing");
    assert_eq!(item::names(&db).await, ["through a replica"]);

    let Some(pg) = support::postgres("guard_pg_off").await else {
        return;
    };
    let database = pg.options().replica_guard(ReplicaGuard::Off);
    let db = single(database).await;
    let replica = db.node("default/2").expect("declared");
    let setting = value::<String>(&replica, "SHOW default_transaction_read_only").await;
    assert_eq!(setting.as_deref(), Ok("off"));
}
