//! Postgres and MariaDB side by side: one handle speaks one dialect.

use std::fmt::Debug;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, ExprTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set, Statement,
    TransactionTrait,
};
use sea_orm_routing::error::RefusedError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::entities::customer;
use crate::entities::warehouse::{movement, stock};
use crate::support::{mariadb, options, postgres, value};
use migration::MigratorTrait;

/// `default` is Postgres, `warehouse` MariaDB with ten rows, or the other way round.
async fn connect(name: &'static str, default: &str) -> Option<RoutingConnection> {
    let (pg, maria) = (postgres(name).await?, mariadb(name).await?);
    let db = RoutingConnection::builder()
        .database("shop", options(pg.cluster.primary_url(name)))
        .database("warehouse", options(maria.cluster.primary_url(name)))
        .default_database(default)
        .bind(customer::Entity, "shop")
        .bind(stock::Entity, "warehouse")
        .bind(movement::Entity, "warehouse")
        .connect()
        .await
        .expect("connected");
    let shop = db.primary("shop").expect("declared");
    migration::default::Migrator::up(&shop, None)
        .await
        .expect("migrated");
    let warehouse = db.primary("warehouse").expect("declared");
    migration::warehouse::Migrator::up(&warehouse, None)
        .await
        .expect("migrated");
    let handle = db.for_entity(stock::Entity).expect("bound");
    stock::Entity::insert_many((1..=10).map(of))
        .exec(&handle)
        .await
        .expect("ten rows");
    Some(db)
}

fn of(product_id: i32) -> stock::ActiveModel {
    stock::ActiveModel {
        product_id: Set(product_id),
        quantity: Set(10 * product_id),
        ..Default::default()
    }
}

/// The refusal names the fix, and nothing was sent.
#[track_caller]
fn refused<T: Debug>(what: &str, result: Result<T, DbErr>) {
    let error = result.expect_err(what);
    assert!(
        matches!(
            RoutingError::of(&error),
            Some(RoutingError::Refused(RefusedError::ForeignDialect { .. }))
        ),
        "{what}: {error:?}"
    );
}

#[tokio::test]
async fn a_select_is_rendered_again_for_its_node() {
    let Some(db) = connect("dialect_select", "shop").await else {
        return;
    };
    assert_eq!(db.get_database_backend(), DbBackend::Postgres);
    let routes = db.record();
    let many = stock::Entity::find()
        .filter(stock::Column::Quantity.gte(50))
        .filter(stock::Column::ProductId.is_in([4, 5, 6, 7]))
        .order_by_desc(stock::Column::ProductId)
        .limit(2)
        .all(&db)
        .await
        .expect("a read");
    let ids: Vec<_> = many.iter().map(|stock| stock.product_id).collect();
    assert_eq!(ids, [7, 6]);
    assert_eq!(stock::Entity::find().count(&db).await, Ok(10));
    let pages = stock::Entity::find().paginate(&db, 3).num_pages().await;
    assert_eq!(pages, Ok(4));
    let concatenated: Option<String> = stock::Entity::find()
        .select_only()
        .expr(Expr::cust("CONCAT('a', 'b')"))
        .into_tuple()
        .one(&db)
        .await
        .expect("a read");
    assert_eq!(concatenated.as_deref(), Some("ab"));
    routes.assert_routed(stock::Entity, "warehouse", Role::Primary);
}

#[tokio::test]
async fn everything_but_a_select_is_refused_on_a_handle_of_another_dialect() {
    let Some(db) = connect("dialect_refused", "shop").await else {
        return;
    };
    let one = stock::Entity::find()
        .one(&db)
        .await
        .expect("a read")
        .expect("a row");
    let sent = db.record();
    refused("insert", of(11).insert(&db).await);
    refused(
        "insert_many",
        stock::Entity::insert_many([of(11)]).exec(&db).await,
    );
    let mut changed = one.clone().into_active_model();
    changed.quantity = Set(0);
    refused("update", changed.update(&db).await);
    let zero = Expr::value(0);
    let updated = stock::Entity::update_many().col_expr(stock::Column::Quantity, zero);
    refused("update_many", updated.exec(&db).await);
    refused("delete", sea_orm::ModelTrait::delete(one, &db).await);
    refused("delete_many", stock::Entity::delete_many().exec(&db).await);
    refused(
        "lock",
        stock::Entity::find().lock_exclusive().all(&db).await,
    );
    let raw = Statement::from_string(db.get_database_backend(), "SELECT * FROM stock");
    refused("raw read", db.query_all_raw(raw.clone()).await);
    refused("raw", db.execute_raw(raw).await);
    refused(
        "unprepared",
        db.execute_unprepared("DELETE FROM stock").await,
    );
    sent.assert_nothing_sent();

    let txn = db.begin().await.expect("begun");
    refused("insert in a transaction", of(11).insert(&txn).await);
    drop(txn);
    assert_eq!(stock::Entity::find().count(&db).await, Ok(10));
}

#[tokio::test]
async fn the_entitys_own_handle_writes() {
    let Some(db) = connect("dialect_writes", "shop").await else {
        return;
    };
    let warehouse = db.for_entity(stock::Entity).expect("bound");
    assert_eq!(warehouse.get_database_backend(), DbBackend::MySql);
    let inserted = of(11).insert(&warehouse).await.expect("inserted");
    assert_eq!((inserted.product_id, inserted.quantity), (11, 110));

    let mut changed = inserted.clone().into_active_model();
    changed.quantity = Set(7);
    assert_eq!(
        changed.update(&warehouse).await.expect("updated").quantity,
        7
    );

    let upsert = OnConflict::column(stock::Column::ProductId)
        .update_column(stock::Column::Quantity)
        .to_owned();
    let mut again = of(11);
    again.quantity = Set(99);
    let upserted = stock::Entity::insert(again)
        .on_conflict(upsert)
        .exec(&warehouse);
    upserted.await.expect("upserted");
    let found = stock::Entity::find_by_id(inserted.id)
        .one(&db)
        .await
        .expect("a read");
    assert_eq!(found.map(|stock| stock.quantity), Some(99));

    let locked = stock::Entity::find().lock_exclusive().all(&warehouse).await;
    assert_eq!(locked.expect("a locking read").len(), 11);
    let raised = stock::Entity::update_many()
        .col_expr(
            stock::Column::Quantity,
            Expr::col(stock::Column::Quantity).add(1),
        )
        .exec(&warehouse);
    assert_eq!(raised.await.expect("updated").rows_affected, 11);
    sea_orm::ModelTrait::delete(inserted, &warehouse)
        .await
        .expect("deleted");
    assert_eq!(
        value::<i64>(&warehouse, "SELECT COUNT(*) FROM `stock`").await,
        Ok(10)
    );

    let txn = db.begin().await.expect("begun");
    let in_txn = txn.for_entity(stock::Entity).expect("bound");
    of(12).insert(&in_txn).await.expect("inserted");
    txn.commit().await.expect("committed");
    assert_eq!(stock::Entity::find().count(&db).await, Ok(11));
}

#[tokio::test]
async fn a_handle_that_speaks_mysql_refuses_inserts_into_postgres() {
    let Some(db) = connect("dialect_mysql", "warehouse").await else {
        return;
    };
    assert_eq!(db.get_database_backend(), DbBackend::MySql);
    let customer = customer::ActiveModel {
        name: Set("A".to_owned()),
        email: Set("a@example.com".to_owned()),
        ..Default::default()
    };
    let sent = db.record();
    refused("insert", customer.clone().insert(&db).await);
    refused("save", customer.clone().save(&db).await);
    let many = customer::Entity::insert_many([customer.clone()])
        .exec(&db)
        .await;
    refused("insert_many", many);
    sent.assert_nothing_sent();
    assert_eq!(customer::Entity::find().count(&db).await, Ok(0));

    let shop = db.for_entity(customer::Entity).expect("bound");
    let inserted = customer.insert(&shop).await.expect("inserted");
    let found = customer::Entity::find_by_id(inserted.id)
        .one(&db)
        .await
        .expect("a read");
    assert_eq!(found, Some(inserted));
}
