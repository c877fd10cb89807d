//! A process with two clusters, one of them frozen, and a pooler, for the test that kills it.

use std::time::Duration;

use routing_servers::{Node, PgBouncer, PgBouncerSettings, PoolMode};

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(run());
}

async fn run() {
    let pg = routing_servers::shared_postgres(1)
        .await
        .expect("a cluster");
    let maria = routing_servers::shared_mariadb(1).await.expect("a cluster");
    let settings = PgBouncerSettings::new(PoolMode::Session);
    // Where it is not installed the test is about the others.
    let _pooler = PgBouncer::start(&pg.primary_url("postgres"), &settings).await;
    let data = pg.psql(Node::Primary, "postgres", "SHOW data_directory");
    eprintln!("data={}", data.await.expect("a directory").trim());
    let data = maria.sql(Node::Primary, "mysql", "SELECT @@datadir");
    eprintln!("data={}", data.await.expect("a directory").trim());
    pg.pause_process(Node::Primary).await.expect("frozen");
    eprintln!("ready");
    std::thread::sleep(Duration::from_secs(60));
}
