//! A Postgres primary is killed and a replica promoted, while the application writes and reads.
//!
//! Starts its own servers, where Postgres is installed. Run with `cargo run --example failover`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(postgres) = routing_servers::postgres(2).await else {
        return Ok(());
    };
    postgres.create_database("shop").await?;
    // A commit is acknowledged once a replica has it.
    postgres.set_synchronous(true).await?;

    let database = DatabaseOptions::new(postgres.primary_url("shop"))
        .replica(postgres.replica_url(0, "shop"))
        .replica(postgres.replica_url(1, "shop"))
        .roles(RoleSource::Observed)
        .probe_interval(Duration::from_millis(200))
        .lag_limit(Duration::from_secs(2));
    let builder = RoutingConnection::builder().database("default", database);
    let db = builder.connect().await?;
    db.execute_unprepared("CREATE TABLE sale (id INT PRIMARY KEY)")
        .await?;
    println!("{}", db.topology());

    for id in 0..100 {
        sell(&db, id).await?;
    }
    postgres.stop_primary().await?;
    let killed = Instant::now();
    let failed = sell(&db, 100).await.expect_err("no primary");
    println!("while there is none: {failed}\n");

    let ahead = most_advanced(&postgres).await?;
    postgres.promote(ahead).await?;
    db.wait_for_primary("default", Duration::from_secs(30))
        .await?;
    println!("writes go on {:?} after the kill\n", killed.elapsed());
    for id in 101..200 {
        sell(&db, id).await?;
    }
    println!("{}", db.topology());
    let topology = db.topology();
    let name = format!("default/{}", ahead + 2);
    let promoted = topology.find(&name).expect("declared");
    assert_eq!(promoted.role().to_string(), "primary");

    // No acknowledged sale is missing.
    let count = "SELECT count(*) AS n FROM sale WHERE id <> 100";
    let primary = db.on_primary();
    let statement = sea_orm::Statement::from_string(primary.get_database_backend(), count);
    let row = primary.query_one_raw(statement).await?.expect("a count");
    assert_eq!(row.try_get::<i64>("", "n")?, 199);

    // The old primary comes back as a replica.
    postgres
        .rejoin(routing_servers::Node::Primary, ahead)
        .await?;
    while !db.topology().find("default/1").expect("declared").is_up() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{}", db.topology());
    Ok(())
}

/// Either replica may have confirmed the last sale; the one that has received more is to be promoted.
async fn most_advanced(
    postgres: &routing_servers::PostgresCluster,
) -> Result<usize, Box<dyn std::error::Error>> {
    let mut received = Vec::new();
    for replica in 0..2 {
        let sql = "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')";
        let bytes = postgres.psql(replica, "shop", sql).await?;
        received.push((bytes.parse::<u64>()?, replica));
    }
    let (_, ahead) = received.into_iter().max().expect("two replicas");
    Ok(ahead)
}

async fn sell(db: &RoutingConnection, id: i32) -> Result<(), DbErr> {
    let sql = format!("INSERT INTO sale VALUES ({id})");
    db.execute_unprepared(&sql).await.map(drop)
}
