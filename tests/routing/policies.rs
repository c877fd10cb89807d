//! A routing policy: asked once about each statement, with what the statement does.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, TransactionTrait};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Bind, BindRequest, RoutingConnection, RoutingPolicy};

use crate::entities::warehouse::stock;
use crate::entities::{category, customer};
use crate::shop::{Result, Shop, add_category, add_stock, assert_says, mock, sent_to};

type Answer = std::result::Result<Option<Bind>, DbErr>;

/// A closure as a policy.
pub(crate) struct Rule<F>(F);

impl<F> fmt::Debug for Rule<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

impl<F: Fn(&BindRequest<'_>) -> Answer + Send + Sync> RoutingPolicy for Rule<F> {
    fn get_bind(&self, request: &BindRequest<'_>) -> Answer {
        (self.0)(request)
    }
}

pub(crate) fn rule<F: Fn(&BindRequest<'_>) -> Answer + Send + Sync>(decide: F) -> Rule<F> {
    Rule(decide)
}

/// A policy without an opinion that records its requests.
type Asked = Arc<Mutex<Vec<(Access, Vec<String>)>>>;

fn write_down(asked: &Asked) -> impl RoutingPolicy + 'static {
    let asked = Arc::clone(asked);
    rule(move |request| {
        let tables = request.tables().iter().map(ToString::to_string).collect();
        asked
            .lock()
            .expect("not poisoned")
            .push((request.access(), tables));
        Ok(None)
    })
}

fn take(asked: &Asked) -> Vec<(Access, Vec<String>)> {
    std::mem::take(&mut *asked.lock().expect("not poisoned"))
}

#[tokio::test]
async fn it_is_asked_once_about_each_statement() -> Result {
    let asked = Asked::default();
    let shop = Shop::with(|builder| builder.policy(write_down(&asked))).await?;
    let category = || vec!["category".to_owned()];

    let tea = add_category(&shop.db, "Tea").await?;
    assert_eq!(take(&asked), [(Access::Write, category())]);
    category::Entity::find().all(&shop.db).await?;
    assert_eq!(take(&asked), [(Access::Read, category())]);
    let mut rows = category::Entity::find().stream(&shop.db).await?;
    while rows.try_next().await?.is_some() {}
    assert_eq!(take(&asked), [(Access::Read, category())]);
    shop.db
        .execute_unprepared("CREATE TABLE note (id INTEGER)")
        .await?;
    assert_eq!(take(&asked), [(Access::Schema, vec!["note".to_owned()])]);

    let txn = shop.db.begin().await?;
    category::Entity::delete_by_id(tea.id).exec(&txn).await?;
    txn.commit().await?;
    assert_eq!(take(&asked), [(Access::Write, category())]);
    Ok(())
}

#[tokio::test]
async fn it_is_asked_once_though_a_query_is_rendered_twice() -> Result {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let warehouse = mock(DbBackend::MySql);
    let db = RoutingConnection::builder()
        .database("default", mock(DbBackend::Sqlite))
        .database("warehouse", warehouse.clone())
        .bind(stock::Entity, "warehouse")
        .policy(rule(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(None)
        }))
        .build()?;
    // The mock has no rows to return, but receives the statement.
    stock::Entity::find().all(&db).await.expect_err("no rows");
    assert_eq!(sent_to(&warehouse).len(), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn its_error_reaches_the_caller_unchanged_and_nothing_is_sent() -> Result {
    let no = || DbErr::Custom("not on a Sunday".to_owned());
    let shop = Shop::with(|builder| {
        builder.policy(rule(move |request| match request.names(category::Entity) {
            true => Err(no()),
            false => Ok(None),
        }))
    });
    let shop = shop.await?;
    let routes = shop.db.record();
    assert_eq!(
        add_category(&shop.db, "Tea").await.expect_err("refused"),
        no()
    );
    let read = category::Entity::find().all(&shop.db).await;
    assert!(matches!(read, Err(DbErr::Custom(reason)) if reason == "not on a Sunday"));
    routes.assert_nothing_sent();
    customer::Entity::find().all(&shop.db).await?;
    Ok(())
}

#[tokio::test]
async fn what_a_handle_has_fixed_is_not_asked_about() -> Result {
    let shop =
        Shop::with(|builder| builder.policy(rule(|_| Err(DbErr::Custom("asked".to_owned())))));
    let shop = shop.await?;
    let warehouse = shop.db.for_entity(stock::Entity)?;
    add_stock(&warehouse, 1, 1).await?;
    let node = shop.db.using("warehouse/2")?;
    assert_eq!(stock::Entity::find().all(&node).await?.len(), 1);
    assert_says(
        &add_stock(&shop.db, 2, 1).await.expect_err("asked"),
        &["asked"],
    );
    Ok(())
}
