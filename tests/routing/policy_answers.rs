//! What a routing policy can answer: a database, a role, a node, or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::{DbBackend, EntityTrait, TransactionTrait};
use sea_orm_routing::error::{RefusedError, TopologyError};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Bind, Role, RoutingError};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::policies::rule;
use crate::shop::{Result, Shop, add_category, assert_error, nodes, three_mocks};

#[tokio::test]
async fn of_several_the_first_with_an_opinion_wins() -> Result {
    let second = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&second);
    let db = three_mocks(DbBackend::Sqlite)
        .policy(rule(|request| {
            Ok(request
                .names(stock::Entity)
                .then(|| Bind::database("warehouse")))
        }))
        .policy(rule(move |request| {
            count.fetch_add(1, Ordering::Relaxed);
            let write = request.access() == Access::Write;
            Ok(write.then(|| Bind::database("archive")))
        }))
        .build()?;
    let of_stock = db.explain_sql("DELETE FROM stock")?;
    assert_eq!(*of_stock.database(), "warehouse");
    assert_eq!(of_stock.why_database(), "routing policy 1 says so");
    assert_eq!(second.load(Ordering::Relaxed), 0);
    let write = db.explain_sql("DELETE FROM customer")?;
    assert_eq!(*write.database(), "archive");
    assert_eq!(write.why_database(), "routing policy 2 says so");
    let by_default = db.explain_sql("SELECT * FROM customer")?;
    assert_eq!(*by_default.database(), "default");
    assert_eq!(
        by_default.why_database(),
        "the table customer has no binding"
    );
    Ok(())
}

#[tokio::test]
async fn it_can_name_a_node() -> Result {
    let shop = Shop::with(|builder| {
        builder.policy(rule(|request| {
            let read = request.access() == Access::Read && request.names(category::Entity);
            Ok(read.then(|| Bind::node("default/3")))
        }))
    });
    let shop = shop.await?;
    add_category(&shop.db, "Tea").await?;
    let routes = shop.db.record();
    for _ in 0..8 {
        assert_eq!(category::Entity::find().all(&shop.db).await?.len(), 1);
    }
    assert_eq!(nodes(&routes), vec!["default/3"; 8]);
    Ok(())
}

#[tokio::test]
async fn it_can_name_a_database_and_a_role() -> Result {
    let shop = Shop::with(|builder| {
        builder.policy(rule(|request| {
            Ok(request
                .names(category::Entity)
                .then(|| Bind::primary("default")))
        }))
    });
    let shop = shop.await?;
    let route = shop.db.explain(&category::Entity::find())?;
    assert_eq!(
        (route.node().as_str(), route.role()),
        ("default/1", Role::Primary)
    );
    assert_eq!(route.why_role(), "the routing policy says so");
    Ok(())
}

#[tokio::test]
async fn a_write_it_sends_to_a_replica_is_refused() -> Result {
    for bind in [Bind::replica("default"), Bind::node("default/2")] {
        let shop =
            Shop::with(|builder| builder.policy(rule(move |_| Ok(Some(bind.clone()))))).await?;
        let routes = shop.db.record();
        let refused = add_category(&shop.db, "Tea").await.expect_err("a write");
        assert_error!(
            refused,
            RoutingError::Refused(RefusedError::WriteOnReplica { by, database, .. })
                if by.contains("policy")
                    && *database == "default"
        );
        routes.assert_nothing_sent();
    }
    Ok(())
}

#[test]
fn a_name_it_makes_up_is_refused() -> Result {
    let invent = |bind: Bind| {
        three_mocks(DbBackend::Sqlite)
            .policy(rule(move |_| Ok(Some(bind.clone()))))
            .build()
    };
    let database = invent(Bind::database("nowhere"))?;
    let refused = database
        .explain_sql("SELECT 1")
        .expect_err("no such database");
    assert_error!(
        refused,
        RoutingError::Topology(TopologyError::UnknownDatabase { name, known, .. })
            if name == "nowhere"
                && *known == ["default", "warehouse", "archive"]
    );
    let node = invent(Bind::node("nowhere/1"))?;
    let refused = node.explain_sql("SELECT 1").expect_err("no such node");
    assert_error!(
        refused,
        RoutingError::Topology(TopologyError::UnknownNode { name, known, .. })
            if name == "nowhere/1"
                && known.iter().any(|it| it == "warehouse/1")
    );
    Ok(())
}

#[tokio::test]
async fn in_a_transaction_it_chooses_the_database_and_never_a_replica() -> Result {
    let shop = Shop::with(|builder| {
        builder.policy(rule(|request| {
            let replica = Bind::node("default/2");
            Ok(request.names(category::Entity).then_some(replica))
        }))
    });
    let shop = shop.await?;
    let txn = shop.db.begin().await?;
    let routes = shop.db.record();
    add_category(&txn, "Tea").await?;
    assert_eq!(category::Entity::find().all(&txn).await?.len(), 1);
    assert_eq!(nodes(&routes), ["default/1", "default/1"]);
    txn.commit().await?;
    Ok(())
}
