//! Scopes: each fixes one thing, is a `RoutingConnection`, and can be narrowed further.

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::{BindingError, RefusedError, TopologyError};
use sea_orm_routing::{Consistency, Role, RoutingConnection, RoutingError};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock, assert_error, assert_says, nodes};

/// A function of an application that accepts any handle.
async fn count(db: &RoutingConnection) -> Result<u64> {
    Ok(category::Entity::find().count(db).await?)
}

#[tokio::test]
async fn every_scope_is_a_connection() -> Result {
    let shop = Shop::open().await?;
    let db = &shop.db;
    add_category(db, "Tea").await?;
    for handle in [
        db.using("default")?,
        db.using("default/3")?,
        db.for_entity(category::Entity)?,
        db.on_primary(),
        db.on_replica(),
        db.read_only(),
        db.session(),
        db.with_bindings([("note", "warehouse")])?,
        db.clone(),
    ] {
        assert_eq!(count(&handle).await?, 1, "{handle:?}");
    }
    Ok(())
}

#[tokio::test]
async fn using_a_database_beats_the_bindings() -> Result {
    let shop = Shop::open().await?;
    let default = shop.db.using("default")?;
    assert_says(
        &add_stock(&default, 1, 1).await.expect_err("no such table"),
        &["no such table"],
    );
    let route = default.explain(&stock::Entity::find())?;
    assert_eq!(
        (route.database().as_str(), route.role()),
        ("default", Role::Replica)
    );
    assert_eq!(route.why_database(), "using(..) says so");
    Ok(())
}

#[tokio::test]
async fn using_a_node_sends_everything_there() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let (replica, primary) = (shop.db.using("default/3")?, shop.db.using("default/1")?);
    for _ in 0..6 {
        count(&replica).await?;
    }
    count(&primary).await?;
    let mut expected = vec!["default/3"; 6];
    expected.push("default/1");
    assert_eq!(nodes(&routes), expected);
    let route = replica.explain(&category::Entity::find())?;
    assert_eq!(route.why_node(), "it was chosen by name");
    assert_eq!(route.why_role(), "it is the role of the node");
    Ok(())
}

#[tokio::test]
async fn an_unknown_name_is_refused_with_the_names_there_are() -> Result {
    let shop = Shop::open().await?;
    let all = [
        "default",
        "warehouse",
        "default/1",
        "default/2",
        "default/3",
    ];
    let using = shop.db.using("wharehouse").expect_err("no such name");
    assert_error!(
        using,
        RoutingError::Topology(TopologyError::UnknownNode { name, known, .. })
            if name == "wharehouse"
                && known[..5] == all
    );
    assert_error!(
        shop.db.node("default").expect_err("a database"),
        RoutingError::Topology(TopologyError::UnknownNode { known, .. })
            if known.iter().any(|it| it == "default/1")
    );
    let primary = shop.db.primary("wharehouse").expect_err("no such database");
    assert_error!(
        primary,
        RoutingError::Topology(TopologyError::UnknownDatabase { name, known, .. })
            if name == "wharehouse"
                && *known == ["default", "warehouse"]
    );
    let bound = shop
        .db
        .with_bindings([("note", "wharehouse")])
        .expect_err("no such database");
    assert_error!(
        bound,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, known, .. })
            if what == r#"table "note""#
                && database == "wharehouse"
                && *known == ["default", "warehouse"]
    );
    Ok(())
}

#[tokio::test]
async fn for_entity_is_a_handle_of_its_database() -> Result {
    let shop = Shop::open().await?;
    let warehouse = shop.db.for_entity(stock::Entity)?;
    add_stock(&warehouse, 1, 1).await?;
    let route = warehouse.explain(&category::Entity::find())?;
    assert_eq!(*route.database(), "warehouse");
    assert_eq!(route.why_database(), "for_entity(..) says so");
    Ok(())
}

#[tokio::test]
async fn on_primary_keeps_reads_on_the_primary() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let primary = shop.db.on_primary();
    count(&primary).await?;
    assert_eq!(stock::Entity::find().count(&primary).await?, 0);
    assert_eq!(nodes(&routes), ["default/1", "warehouse/1"]);
    assert_eq!(
        routes.routes()[0].why_role(),
        "on_primary() or on_replica() says so"
    );
    Ok(())
}

#[tokio::test]
async fn a_session_is_one_unit_of_work() -> Result {
    let shop = Shop::open().await?;
    assert!(shop.db.current_session().is_none());
    let (one, two) = (shop.db.session(), shop.db.session());
    let of_one = one.current_session().expect("a session");
    let of_two = two.current_session().expect("a session");
    assert_ne!(of_one.id(), of_two.id());
    assert_eq!(of_one.consistency(), Consistency::SESSION);
    let narrowed = one.on_primary().using("default")?;
    assert_eq!(
        narrowed.current_session().map(|session| session.id()),
        Some(of_one.id())
    );
    Ok(())
}

#[tokio::test]
async fn scopes_combine() -> Result {
    let shop = Shop::open().await?;
    let stocked = stock::Entity::find();
    let on = |handle: RoutingConnection| -> Result<String> {
        Ok(handle.explain(&stocked)?.node().to_string())
    };
    assert_eq!(on(shop.db.using("warehouse")?.on_primary())?, "warehouse/1");
    assert_eq!(on(shop.db.on_primary().using("warehouse")?)?, "warehouse/1");
    assert_eq!(
        on(shop.db.for_entity(stock::Entity)?.on_replica())?,
        "warehouse/2"
    );
    assert_eq!(
        on(shop.db.using("default")?.using("warehouse/2")?)?,
        "warehouse/2"
    );
    assert_eq!(
        on(shop.db.session().read_only().on_primary())?,
        "warehouse/1"
    );
    assert_eq!(
        on(shop.db.with_bindings([("stock", "default")])?.on_primary())?,
        "default/1"
    );
    let refused = shop
        .db
        .read_only()
        .using("warehouse")?
        .explain_sql("DELETE FROM stock");
    assert_error!(
        refused.expect_err("still read-only"),
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            ..
        })
    );
    Ok(())
}

#[tokio::test]
async fn on_primary_narrows_a_replica_for_reads_and_writes_alike() -> Result {
    let shop = Shop::open().await?;
    let handle = shop.db.using("default/2")?.on_primary();
    assert_eq!(
        *handle.explain(&category::Entity::find())?.node(),
        "default/1"
    );
    add_category(&handle, "Tea").await?;
    assert_eq!(count(&shop.db).await?, 1);
    Ok(())
}

/// A model that was loaded elsewhere would be saved where its table is bound.
#[tokio::test]
async fn using_another_database_than_the_binding_can_be_refused() -> Result {
    let shop = Shop::with(|builder| builder.check_using(true)).await?;
    let default = shop.db.using("default")?;
    let error = stock::Entity::find().all(&default).await;
    assert_error!(
        error.expect_err("refused"),
        RoutingError::Binding(BindingError::BoundElsewhere { table, bound, used, .. })
            if table.name() == "stock" && *bound == "warehouse" && *used == "default"
    );
    let txn = default.begin().await?;
    stock::Entity::find().all(&txn).await.expect_err("refused");
    txn.rollback().await?;
    // Its own database, a table without a binding, and the bindings themselves are let through.
    stock::Entity::find()
        .all(&shop.db.using("warehouse")?)
        .await?;
    category::Entity::find().all(&default).await?;
    stock::Entity::find().all(&shop.db).await?;
    let unchecked = Shop::open().await?;
    unchecked
        .db
        .using("default")?
        .explain(&stock::Entity::find())?;
    Ok(())
}
