//! Clients reach Postgres through a pooler, which treats their sessions as its mode says.

use std::process::Command;

use routing_servers::{Mode, Node, PgBouncer, PgBouncerSettings, PoolMode, Proxy};

/// Runs SQL over TCP with startup options; the error is what `psql` prints.
fn psql_with(options: &str, url: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.env("PGOPTIONS", options)
        .env("PGCONNECT_TIMEOUT", "10");
    psql.args(["-XAtq", url, "-c", sql]);
    let output = psql.output().expect("psql runs");
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    psql_with("", url, sql)
}

/// The URL of a database of the shared server.
async fn database(name: &str) -> Option<String> {
    let pg = routing_servers::shared_postgres(0).await?;
    pg.create_database(name).await.expect("a database");
    Some(pg.primary_url(name))
}

#[tokio::test]
async fn a_transaction_pooler_answers_from_the_database_of_the_url() {
    let Some(direct) = database("answers").await else {
        return;
    };
    let settings = PgBouncerSettings::new(PoolMode::Transaction);
    let Some(pooler) = PgBouncer::start(&direct, &settings).await else {
        return;
    };
    let sql = "SELECT current_database()";
    assert_eq!(psql(&pooler.url(), sql).as_deref(), Ok("answers"));
    let stranger = pooler.url().replace("app:", "stranger:");
    psql(&stranger, sql).expect_err("unknown");
    drop(pooler);
    assert_eq!(psql(&direct, sql).as_deref(), Ok("answers"));
}

#[tokio::test]
async fn the_next_client_sees_a_session_only_in_transaction_mode() {
    let Some(direct) = database("sessions").await else {
        return;
    };
    let cases = [(PoolMode::Session, "4MB"), (PoolMode::Transaction, "5MB")];
    for (mode, expected) in cases {
        let settings = PgBouncerSettings {
            pool_size: 1,
            ..PgBouncerSettings::new(mode)
        };
        let Some(pooler) = PgBouncer::start(&direct, &settings).await else {
            return;
        };
        psql(&pooler.url(), "SET work_mem = '5MB'").expect("set");
        let seen = psql(&pooler.url(), "SHOW work_mem");
        assert_eq!(seen.as_deref(), Ok(expected), "{mode:?}");
    }
}

#[tokio::test]
async fn startup_options_are_refused_or_ignored() {
    const OPTIONS: &str = "-c default_transaction_read_only=on";
    const SHOW: &str = "SHOW default_transaction_read_only";
    let Some(direct) = database("options").await else {
        return;
    };
    assert_eq!(psql_with(OPTIONS, &direct, SHOW).as_deref(), Ok("on"));
    let settings = PgBouncerSettings::new(PoolMode::Transaction);
    let Some(strict) = PgBouncer::start(&direct, &settings).await else {
        return;
    };
    let refusal = psql_with(OPTIONS, &strict.url(), SHOW).expect_err("refused");
    assert!(refusal.contains("startup parameter"), "{refusal}");
    assert_eq!(psql(&strict.url(), SHOW).as_deref(), Ok("off"));
    let Some(lenient) = PgBouncer::start(&direct, &settings.ignoring("options")).await else {
        return;
    };
    let shown = psql_with(OPTIONS, &lenient.url(), SHOW);
    assert_eq!(shown.as_deref(), Ok("off"));
}

#[tokio::test]
async fn a_balancer_may_stand_before_poolers() {
    let Some(pg) = routing_servers::shared_postgres(0).await else {
        return;
    };
    let direct = pg.primary_url("postgres");
    let settings = PgBouncerSettings::new(PoolMode::Session);
    let (one, two) = tokio::join!(
        PgBouncer::start(&direct, &settings),
        PgBouncer::start(&direct, &settings)
    );
    let (Some(one), Some(two)) = (one, two) else {
        return;
    };
    let balancer = Proxy::balanced(&[one.port(), two.port()]).expect("a balancer");
    let url = balancer.url(&two.url());
    let server = || psql(&url, "SELECT pg_backend_pid()").expect("a number");
    let servers: Vec<String> = (0..4).map(|_| server()).collect();
    assert_ne!(servers[0], servers[1]);
    assert_eq!(servers[..2], servers[2..]);
    balancer.set(Mode::Cut).expect("cut");
    psql(&url, "SELECT 1").expect_err("cut");
    assert_eq!(
        pg.psql(Node::Primary, "postgres", "SELECT 1")
            .await
            .as_deref(),
        Ok("1")
    );
}

#[tokio::test]
#[should_panic(expected = "not a URL of a Postgres on 127.0.0.1")]
async fn the_url_of_another_kind_of_server_is_a_mistake() {
    let settings = PgBouncerSettings::new(PoolMode::Session);
    PgBouncer::start("mysql://app:secret@127.0.0.1:1/shop", &settings).await;
}
