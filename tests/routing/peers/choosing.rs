//! Choices: explicit ones, policies, and the roles of nodes.

use std::sync::{Arc, Mutex};

use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, PaginatorTrait, Set,
};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Bind, Role};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::policies::rule;
use crate::shop::{Result, Shop, add_category, add_product, add_stock, nodes};

/// 2. An explicit choice beats bindings and policy, for reads, UPDATE and DELETE alike.
#[tokio::test]
async fn an_explicit_choice_beats_bindings_and_policy() -> Result {
    let policy = || rule(|_| Ok(Some(Bind::database("default"))));
    let shop = Shop::with(|builder| builder.policy(policy())).await?;
    let warehouse = shop.db.using("warehouse")?;
    let routes = shop.db.record();
    let row = add_stock(&warehouse, 1, 12).await?;
    stock::Entity::find().all(&warehouse).await?;
    let mut changed = row.clone().into_active_model();
    changed.quantity = Set(13);
    changed.update(&warehouse).await?;
    row.delete(&warehouse).await?;
    // A bound table, on another database.
    let unbound = shop.db.using("default")?;
    stock::Entity::find()
        .all(&unbound)
        .await
        .expect_err("no such table");
    assert_eq!(
        nodes(&routes)[..4],
        ["warehouse/1", "warehouse/2", "warehouse/1", "warehouse/1"]
    );
    assert_eq!(routes.routes()[4].database().as_str(), "default");
    Ok(())
}

/// 5. The policy is asked exactly once per statement, with the right tables and access.
#[tokio::test]
async fn the_policy_is_asked_once_with_the_right_tables_and_access() -> Result {
    let asked = Arc::<Mutex<Vec<_>>>::default();
    let write = Arc::clone(&asked);
    let policy = rule(move |request| {
        let tables: Vec<_> = request.tables().iter().map(ToString::to_string).collect();
        let mut asked = write.lock().expect("not poisoned");
        asked.push((request.access(), tables, request.names(category::Entity)));
        Ok(None)
    });
    let shop = Shop::with(|builder| builder.policy(policy)).await?;
    let tea = add_category(&shop.db, "Tea").await?;
    category::Entity::find().all(&shop.db).await?;
    tea.delete(&shop.db).await?;
    stock::Entity::find().all(&shop.db).await?;
    let of = |access, table: &str| (access, vec![table.to_owned()], table == "category");
    let expected = [
        of(Access::Write, "category"),
        of(Access::Read, "category"),
        of(Access::Write, "category"),
        of(Access::Read, "stock"),
    ];
    assert_eq!(*asked.lock().expect("not poisoned"), expected);
    Ok(())
}

/// 6. An error inside a policy reaches the caller unchanged, for reads, saves and deletes.
#[tokio::test]
async fn an_error_inside_a_policy_reaches_the_caller_unchanged() -> Result {
    let no = || DbErr::Custom("not on a Sunday".to_owned());
    let policy = rule(move |_| Err(no()));
    let shop = Shop::with(|builder| builder.policy(policy)).await?;
    let tea = category::Model {
        id: 1,
        name: "Tea".to_owned(),
    };
    let mut changed = tea.clone().into_active_model();
    changed.name = Set("Coffee".to_owned());
    for error in [
        category::Entity::find().all(&shop.db).await.map(drop),
        add_category(&shop.db, "Tea").await.map(drop),
        changed.save(&shop.db).await.map(drop),
        tea.delete(&shop.db).await.map(drop),
    ] {
        assert_eq!(error.expect_err("refused"), no());
    }
    Ok(())
}

/// 8. Several policies in order: the first with an opinion wins; one without is passed over.
#[tokio::test]
async fn the_first_policy_with_an_opinion_wins() -> Result {
    let shop = Shop::with(|builder| {
        builder
            .policy(rule(|_| Ok(None)))
            .policy(rule(|request| {
                let writes = request.access() == Access::Write;
                Ok(writes.then(|| Bind::primary("warehouse")))
            }))
            .policy(rule(|_| Ok(Some(Bind::node("default/3")))))
    })
    .await?;
    let route = shop.db.explain_sql("DELETE FROM category")?;
    assert_eq!(route.node().as_str(), "warehouse/1");
    let route = shop.db.explain_sql("SELECT * FROM category")?;
    assert_eq!(route.node().as_str(), "default/3");
    Ok(())
}

/// 9. Reads go where reads go and writes where writes go, also for related entities.
#[tokio::test]
async fn reads_and_writes_part_also_for_related_entities() -> Result {
    let shop = Shop::open().await?;
    let tea = add_category(&shop.db, "Tea").await?;
    add_product(&shop.db, "Assam", &tea).await?;
    let routes = shop.db.record();
    let read = category::Entity::find_by_id(tea.id).one(&shop.db).await?;
    let of_it = crate::entities::product::Entity;
    let products = read.expect("Tea").find_related(of_it).all(&shop.db).await?;
    products
        .into_iter()
        .next()
        .expect("Assam")
        .delete(&shop.db)
        .await?;
    let roles: Vec<_> = routes.routes().iter().map(|route| route.role()).collect();
    assert_eq!(roles, [Role::Replica, Role::Replica, Role::Primary]);
    Ok(())
}

/// 13. A read that decides a write reads from the primary.
#[tokio::test]
async fn a_read_that_decides_a_write_reads_from_the_primary() -> Result {
    use sea_orm::{QuerySelect, TransactionTrait};

    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = shop.db.begin().await?;
    if category::Entity::find().count(&txn).await? == 0 {
        add_category(&txn, "Tea").await?;
    }
    txn.commit().await?;
    assert_eq!(nodes(&routes), ["default/1"; 2]);
    // Outside of a transaction, a read that locks says so.
    let locking = category::Entity::find().lock_exclusive();
    let postgres = crate::shop::mock(sea_orm::DbBackend::Postgres);
    let replica = crate::shop::mock(sea_orm::DbBackend::Postgres);
    let options = sea_orm_routing::DatabaseOptions::new(postgres).replica(replica);
    let db = sea_orm_routing::RoutingConnection::builder()
        .database("default", options)
        .build()?;
    assert_eq!(db.explain(&locking)?.role(), Role::Primary);
    Ok(())
}

/// 14. A model read from a replica and then saved goes to the primary.
#[tokio::test]
async fn a_model_read_from_a_replica_is_saved_on_the_primary() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let routes = shop.db.record();
    let read = category::Entity::find().one(&shop.db.on_replica()).await?;
    let mut tea = read.expect("Tea").into_active_model();
    tea.name = Set("Green tea".to_owned());
    let saved = tea.save(&shop.db).await?;
    saved.delete(&shop.db).await?;
    let routes = routes.routes();
    assert_eq!(routes[0].role(), Role::Replica);
    assert!(
        routes[1..]
            .iter()
            .all(|route| route.role() == Role::Primary)
    );
    assert!(routes.len() >= 3);
    Ok(())
}
