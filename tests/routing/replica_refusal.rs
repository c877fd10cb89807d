//! A replica refuses a write that was classified as a read.
//!
//! In SQLite, `optimize` of a full-text table is called in a SELECT and writes. A user who declares
//! it as a read-only function is wrong, and the file, opened read-only, refuses it.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use sea_orm_routing::{Bind, Role, RoutingConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::policies::rule;
use crate::shop::{Result, Shop, assert_says, nodes};

const OPTIMIZE: &str = "SELECT optimize(doc) AS done FROM doc LIMIT 1";

async fn shop_with_documents() -> Result<Shop> {
    let shop = Shop::with(|builder| builder.read_only_function("optimize")).await?;
    add_documents(&shop.db).await?;
    Ok(shop)
}

/// Each row in a segment of its own, so that there is something to optimize.
async fn add_documents(db: &RoutingConnection) -> Result {
    db.execute_unprepared("CREATE VIRTUAL TABLE doc USING fts4(body)")
        .await?;
    for body in ["one cup", "two cups", "three cups"] {
        let insert = format!("INSERT INTO doc (body) VALUES ('{body}')");
        db.execute_unprepared(&insert).await?;
    }
    Ok(())
}

async fn optimize(
    db: &RoutingConnection,
) -> std::result::Result<Option<QueryResult>, sea_orm::DbErr> {
    db.query_one_raw(Statement::from_string(DbBackend::Sqlite, OPTIMIZE))
        .await
}

fn answer(row: Option<QueryResult>) -> Result<String> {
    Ok(row.expect("a row").try_get("", "done")?)
}

#[tokio::test]
async fn replica_refuses_a_write_that_looked_like_a_read() -> Result {
    let shop = shop_with_documents().await?;
    assert_eq!(shop.db.explain_sql(OPTIMIZE)?.role(), Role::Replica);
    let routes = shop.db.record();
    assert_eq!(answer(optimize(&shop.db).await?)?, "Index optimized");
    let roles: Vec<_> = routes.routes().iter().map(|route| route.role()).collect();
    assert_eq!(roles, [Role::Replica, Role::Primary]);
    assert_eq!(shop.db.reads_refused_by_replicas(), 1);
    Ok(())
}

#[tokio::test]
async fn a_refused_text_goes_to_the_primary_from_then_on() -> Result {
    let shop = shop_with_documents().await?;
    optimize(&shop.db).await?;
    let routes = shop.db.record();
    assert_eq!(answer(optimize(&shop.db).await?)?, "Index already optimal");
    assert_eq!(nodes(&routes), ["default/1"]);
    assert_eq!(shop.db.reads_refused_by_replicas(), 1);
    assert_says(
        &shop.db.explain_sql(OPTIMIZE)?,
        &["a replica refused it as a write"],
    );
    Ok(())
}

#[tokio::test]
async fn a_refusal_leaves_the_replica_in_service() -> Result {
    let shop = shop_with_documents().await?;
    optimize(&shop.db).await?;
    let topology = shop.db.topology();
    assert!(topology.databases()[0].nodes().all(|node| node.is_up()));
    Ok(())
}

#[tokio::test]
async fn replica_refuses_a_write_on_a_replica_scope() -> Result {
    let shop = shop_with_documents().await?;
    for handle in [shop.db.on_replica(), shop.db.using("default/2")?] {
        let refused = optimize(&handle).await.expect_err("the replica refuses");
        assert_says(&refused, &["readonly"]);
    }
    // No statement ran on the primary.
    assert_eq!(
        answer(optimize(&shop.db.on_primary()).await?)?,
        "Index optimized"
    );
    Ok(())
}

#[tokio::test]
async fn replica_refuses_a_write_on_a_read_only_handle() -> Result {
    let shop = shop_with_documents().await?;
    let refused = optimize(&shop.db.read_only()).await;
    refused.expect_err("a handle that only reads runs no write on the primary");
    // No statement ran on the primary.
    assert_eq!(
        answer(optimize(&shop.db.on_primary()).await?)?,
        "Index optimized"
    );
    Ok(())
}

#[tokio::test]
async fn a_policy_is_not_asked_again_after_a_refusal() -> Result {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let shop = Shop::with(|builder| {
        builder
            .read_only_function("optimize")
            .policy(rule(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(Some(Bind::database("default")))
            }))
    });
    let shop = shop.await?;
    add_documents(&shop.db).await?;
    asked.store(0, Ordering::Relaxed);
    assert_eq!(answer(optimize(&shop.db).await?)?, "Index optimized");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    Ok(())
}
