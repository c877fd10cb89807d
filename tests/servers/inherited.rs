//! What a replica that is declared by URL alone inherits from its primary.

use std::time::Duration;

use sea_orm::ConnectOptions;
use sea_orm_routing::DatabaseOptions;

use crate::support::{self, options, single, value};

/// Contains every character that has a meaning in a URL.
const PASSWORD: &str = "p@ss/w:o?r#d%20&";
const IN_A_URL: &str = "p%40ss%2Fw%3Ao%3Fr%23d%2520%26";

#[tokio::test]
async fn a_bare_url_has_the_options_of_its_primary() {
    let Some(pg) = support::postgres("inherit_options").await else {
        return;
    };
    pg.sql("CREATE SCHEMA app; CREATE TABLE app.only_here AS SELECT 7 AS n")
        .await;
    pg.caught_up().await;
    let mut primary = ConnectOptions::new(pg.cluster.primary_url(pg.name));
    primary
        .max_connections(3)
        .acquire_timeout(Duration::from_secs(7))
        .statement_timeout(Duration::from_millis(12_345))
        .set_application_name("shop at work")
        .set_schema_search_path("app,public");
    let replica = pg.cluster.replica_url(0, pg.name);
    let db = single(DatabaseOptions::new(primary).replica(replica)).await;

    let node = db.node("default/2").expect("declared");
    for (setting, expected) in [
        ("search_path", "app, public"),
        ("application_name", "shop at work"),
        ("statement_timeout", "12345ms"),
        ("default_transaction_read_only", "on"),
    ] {
        let found = value::<String>(&node, &format!("SHOW {setting}")).await;
        let found = found.map(|found| found.replace('"', ""));
        assert_eq!(found.as_deref(), Ok(expected), "{setting}");
    }
    let pool = node.get_postgres_connection_pool();
    assert_eq!(pool.options().get_max_connections(), 3);
    assert_eq!(pool.options().get_acquire_timeout(), Duration::from_secs(7));
    assert_eq!(
        value::<bool>(&node, "SELECT pg_is_in_recovery()").await,
        Ok(true)
    );

    // The replica's server accepts it too.
    let sql = "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE application_name = 'shop at work' AND datname = current_database()";
    let seen = pg.cluster.psql(0, pg.name, sql).await;
    assert_eq!(seen.as_deref(), Ok("t"));
    // A read finds its table through the search path.
    assert_eq!(value::<i32>(&db, "SELECT n FROM only_here").await, Ok(7));
}

#[tokio::test]
async fn a_password_with_signs_of_a_url_is_understood_by_postgres() {
    let Some(pg) = support::postgres("inherit_password").await else {
        return;
    };
    pg.sql(&format!(
        "CREATE ROLE difficult LOGIN PASSWORD '{PASSWORD}'"
    ))
    .await;
    pg.caught_up().await;
    let with = |url: String| url.replace("app:secret", &format!("difficult:{IN_A_URL}"));
    let without = |url: String| url.replace("app:secret", "difficult");
    let (primary, replica) = (
        pg.cluster.primary_url(pg.name),
        pg.cluster.replica_url(0, pg.name),
    );

    for (case, database) in [
        (
            "a URL, and one with a password",
            DatabaseOptions::new(with(primary.clone())).replica(with(replica.clone())),
        ),
        (
            "a URL, and one without",
            DatabaseOptions::new(with(primary.clone())).replica(without(replica.clone())),
        ),
        (
            "options, and a URL with a password",
            DatabaseOptions::new(options(with(primary.clone()))).replica(with(replica.clone())),
        ),
        (
            "options, and a URL without",
            DatabaseOptions::new(options(with(primary.clone()))).replica(without(replica.clone())),
        ),
        (
            "options, and a bare host",
            DatabaseOptions::new(options(with(primary.clone())))
                .replica(replica.replace("app:secret@", "")),
        ),
    ] {
        let db = single(database).await;
        let node = db.node("default/2").expect("declared");
        let user = value::<String>(&node, "SELECT current_user::text").await;
        assert_eq!(user.as_deref(), Ok("difficult"), "{case}");
        let in_recovery = value(&node, "SELECT pg_is_in_recovery()").await;
        assert_eq!(in_recovery, Ok(true), "{case}");
    }
}

#[tokio::test]
async fn a_url_with_options_but_no_password_inherits_the_password_of_its_primary() {
    let Some(pg) = support::postgres("inherit_query").await else {
        return;
    };
    let primary = pg.cluster.primary_url(pg.name);
    let replica = pg.cluster.replica_url(0, pg.name).replace(":secret", "");
    let replica = format!("{replica}?application_name=reports");
    for (case, database) in [
        ("of a URL", DatabaseOptions::new(primary.as_str())),
        ("of options", DatabaseOptions::new(options(primary.clone()))),
    ] {
        let db = single(database.replica(replica.as_str())).await;
        let node = db.node("default/2").expect("declared");
        let name = value::<String>(&node, "SHOW application_name").await;
        assert_eq!(name.as_deref(), Ok("reports"), "{case}");
    }
}

#[tokio::test]
async fn a_password_with_signs_of_a_url_is_understood_by_mariadb() {
    let Some(maria) = support::mariadb("inherit_maria").await else {
        return;
    };
    maria
        .sql(&format!(
            "CREATE USER difficult@'%' IDENTIFIED BY '{PASSWORD}';
            GRANT ALL ON inherit_maria.* TO difficult@'%'"
        ))
        .await;
    maria.caught_up().await;
    let primary = maria.cluster.primary_url(maria.name);
    let primary = primary.replace("app:secret", &format!("difficult:{IN_A_URL}"));
    let replica = maria.cluster.replica_url(0, maria.name);
    let replica = replica.replace("app:secret", "difficult");
    for (case, database) in [
        ("of a URL", DatabaseOptions::new(primary.as_str())),
        ("of options", DatabaseOptions::new(options(primary.clone()))),
    ] {
        let db = single(database.replica(replica.as_str())).await;
        let node = db.node("default/2").expect("declared");
        let user = value::<String>(&node, "SELECT CURRENT_USER()").await;
        assert_eq!(user.as_deref(), Ok("difficult@%"), "{case}");
        let read_only = value::<i64>(&node, "SELECT @@global.read_only").await;
        assert_eq!(read_only, Ok(1), "{case}");
    }
}
