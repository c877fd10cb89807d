//! Explanations: where a statement would be sent, and why, without sending it.

use std::time::Duration;

use sea_orm::{AccessMode, DbBackend, EntityTrait, Set, TransactionTrait};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::sql::{Access, Evidence};
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{Consistency, DatabaseOptions, Role, RoutingConnection};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, mock, sent_to};

/// On Postgres: `default` with two replicas, and `warehouse`.
fn postgres() -> Result<RoutingConnection> {
    let node = || mock(DbBackend::Postgres);
    let db = RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(node()).replica(node()).replica(node()),
        )
        .database("warehouse", node())
        .bind(stock::Entity, "warehouse")
        .seed(1)
        .build()?;
    Ok(db)
}

#[test]
fn a_read_is_explained_step_by_step() -> Result {
    let route = postgres()?.explain(&category::Entity::find())?;
    let node = route.node().to_string();
    let expected = format!(
        "{node}, a replica of default (Postgres)\n\
         \x20 it is     a read: nothing in it writes\n\
         \x20 database  default: the table category has no binding\n\
         \x20 role      replica: it is a read\n\
         \x20 node      {node}: random, one of 2 replicas"
    );
    assert_eq!(route.to_string(), expected);
    Ok(())
}

#[test]
fn a_write_is_explained_step_by_step() -> Result {
    let insert = stock::Entity::insert(stock::ActiveModel {
        product_id: Set(1),
        quantity: Set(2),
        ..Default::default()
    });
    let route = postgres()?.explain(&insert)?;
    let expected = "warehouse/1, the primary of warehouse (Postgres)\n\
                    \x20 it is     a write: INSERT\n\
                    \x20 database  warehouse: the table stock is bound to it\n\
                    \x20 role      primary: only proven reads go to a replica\n\
                    \x20 node      warehouse/1: there is one primary";
    assert_eq!(route.to_string(), expected);
    Ok(())
}

#[test]
fn doubt_is_explained_with_the_way_out() -> Result {
    let route = postgres()?.explain_sql("SELECT total(id) FROM category")?;
    assert_eq!(
        (route.access(), route.role()),
        (Access::Unknown, Role::Primary)
    );
    assert_eq!(
        *route.operation().evidence(),
        Evidence::Function("total".into())
    );
    let text = route.to_string();
    assert!(
        text.contains("add it with read_only_function(\"total\")"),
        "{text}"
    );
    Ok(())
}

#[test]
fn every_builder_of_seaorm_can_be_explained() -> Result {
    let db = postgres()?;
    let role = |route: sea_orm_routing::observe::Route| route.role();
    let one = category::ActiveModel {
        id: Set(1),
        name: Set("Tea".to_owned()),
    };
    assert_eq!(
        role(db.explain(&category::Entity::find_by_id(1))?),
        Role::Replica
    );
    assert_eq!(
        role(db.explain(&category::Entity::insert_many([one.clone()]))?),
        Role::Primary
    );
    assert_eq!(
        role(db.explain(&category::Entity::update_many())?),
        Role::Primary
    );
    assert_eq!(
        role(db.explain(&category::Entity::delete_many())?),
        Role::Primary
    );
    let also = category::Entity::find().find_with_related(crate::entities::product::Entity);
    let route = db.explain(&also)?;
    let tables: Vec<_> = route.tables().iter().map(ToString::to_string).collect();
    assert_eq!(tables, ["category", "product"]);
    Ok(())
}

#[test]
fn nothing_is_sent() -> Result {
    let node = mock(DbBackend::Postgres);
    let db = RoutingConnection::from(node.clone());
    db.explain(&category::Entity::find())?;
    db.explain_sql("DELETE FROM category")?;
    assert!(sent_to(&node).is_empty());
    Ok(())
}

#[test]
fn what_would_be_refused_is_refused() -> Result {
    let db = postgres()?;
    assert!(db.explain_sql("SELECT * FROM category, stock").is_err());
    assert!(db.read_only().explain_sql("DELETE FROM category").is_err());
    assert!(db.on_replica().explain_sql("DELETE FROM category").is_err());
    Ok(())
}

#[tokio::test]
async fn a_wait_that_would_end_in_an_error_is_explained_as_that_error() -> Result {
    let shop = Shop::open().await?;
    let strict = Consistency::Causal {
        max_wait: Duration::ZERO,
        on_timeout: OnTimeout::Error,
    };
    let session = shop.db.session_with(strict);
    add_category(&session, "Tea").await?;
    let foreseen = session.explain(&category::Entity::find());
    let foreseen = foreseen.map(drop).expect_err("no replica proves it");
    let run = category::Entity::find().all(&session).await;
    let run = run.expect_err("no replica proves it");
    assert_eq!(foreseen.to_string(), run.to_string());

    // The same of a read-only transaction on a replica.
    let on_replica = session.read_only_transactions(ReadOnlyTransactions::Replica);
    let begin = on_replica.begin_with_config(None, Some(AccessMode::ReadOnly));
    let txn = begin.await?;
    let foreseen = txn.explain(&category::Entity::find());
    let foreseen = foreseen.map(drop).expect_err("no replica proves it");
    let run = category::Entity::find().all(&txn).await;
    assert_eq!(foreseen.to_string(), run.expect_err("the same").to_string());
    Ok(())
}
