//! Recordings: the routes of the statements that ran meanwhile, and assertions whose messages show
//! them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::Role;
use sea_orm_routing::sql::Access;

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock, assert_says, nodes};

/// The message of a panic.
fn panic_of(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("it should have failed");
    let message = panic.downcast_ref::<String>().cloned();
    message
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .expect("a text")
}

#[tokio::test]
async fn a_recording_has_every_statement_in_order() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    add_category(&shop.db, "Tea").await?;
    let txn = shop.db.session().begin().await?;
    add_stock(&txn, 1, 12).await?;
    txn.commit().await?;
    category::Entity::find().count(&shop.db.read_only()).await?;
    let recorded: Vec<_> = routes
        .routes()
        .iter()
        .map(|route| (route.access(), route.tables()[0].to_string(), route.role()))
        .collect();
    let expected = [
        (Access::Write, "category".to_owned(), Role::Primary),
        (Access::Write, "stock".to_owned(), Role::Primary),
        (Access::Read, "category".to_owned(), Role::Replica),
    ];
    assert_eq!(recorded, expected);
    Ok(())
}

#[tokio::test]
async fn a_recording_ends_when_it_is_dropped() -> Result {
    let shop = Shop::open().await?;
    let first = shop.db.record();
    add_category(&shop.db, "one").await?;
    let second = shop.db.record();
    add_category(&shop.db, "two").await?;
    assert_eq!((first.routes().len(), second.routes().len()), (2, 1));
    drop(first);
    add_category(&shop.db, "three").await?;
    assert_eq!(second.routes().len(), 2);
    drop(second);
    add_category(&shop.db, "four").await?;
    let third = shop.db.record();
    third.assert_nothing_sent();
    Ok(())
}

#[tokio::test]
async fn explaining_is_not_recorded() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    shop.db.explain(&category::Entity::find())?;
    shop.db.explain_sql("DELETE FROM stock")?;
    routes.assert_nothing_sent();
    Ok(())
}

#[tokio::test]
async fn it_prints_each_route() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    add_category(&shop.db, "Tea").await?;
    stock::Entity::find().count(&shop.db).await?;
    assert_says(
        &routes,
        &[
            "default/1, the primary of default (SQLite)",
            "warehouse/2, a replica of warehouse",
        ],
    );
    Ok(())
}

#[tokio::test]
async fn a_failed_assertion_says_what_was_sent() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    add_category(&shop.db, "Tea").await?;

    routes.assert_routed(category::Entity, "default", Role::Primary);
    let role = panic_of(|| routes.assert_routed(category::Entity, "default", Role::Replica));
    assert_says(
        &role,
        &[
            "category should have gone to the replica of default",
            "default/1, the primary of default",
        ],
    );
    let database = panic_of(|| routes.assert_routed(category::Entity, "warehouse", Role::Primary));
    assert_says(&database, &["the primary of warehouse", "default/1"]);
    let none = panic_of(|| routes.assert_routed(stock::Entity, "warehouse", Role::Primary));
    assert_says(&none, &["no statement named stock", "default/1"]);
    let sent = panic_of(|| routes.assert_nothing_sent());
    assert_says(&sent, &["nothing should have been sent", "default/1"]);
    Ok(())
}

#[tokio::test]
async fn one_wrong_route_among_many_fails_the_assertion() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    category::Entity::find().count(&shop.db).await?;
    category::Entity::find()
        .count(&shop.db.on_primary())
        .await?;
    panic_of(|| routes.assert_routed(category::Entity, "default", Role::Replica));
    Ok(())
}

#[tokio::test]
async fn tasks_that_run_meanwhile_are_all_recorded() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let db = shop.db.clone();
            tokio::spawn(async move { db.execute_unprepared("SELECT 1").await.map(|_| ()) })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    assert_eq!(nodes(&routes).len(), 10);
    Ok(())
}
