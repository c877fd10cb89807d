//! Databases of several dialects behind one handle: a query is rendered for the node it is sent to;
//! any other statement is refused, and the error names the handle to use.

use futures_util::TryStreamExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait,
    MockDatabase, MockExecResult, QueryFilter, QuerySelect, Set, Statement, TransactionTrait,
};
use sea_orm_routing::error::RefusedError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::entities::customer;
use crate::entities::warehouse::stock;
use crate::shop::{Result, add_stock, assert_error, assert_says, mock, sent_to};

struct Two {
    db: RoutingConnection,
    default: DatabaseConnection,
    warehouse: DatabaseConnection,
}

fn row() -> stock::Model {
    stock::Model {
        id: 7,
        product_id: 1,
        quantity: 12,
    }
}

/// `default` is SQLite; `warehouse` has the dialect and returns rows.
fn two(dialect: DbBackend) -> Result<Two> {
    let result = MockExecResult {
        last_insert_id: 7,
        rows_affected: 1,
    };
    let warehouse = MockDatabase::new(dialect)
        .append_query_results([[row()], [row()]])
        .append_exec_results([result])
        .into_connection();
    let default = mock(DbBackend::Sqlite);
    let db = RoutingConnection::builder()
        .database("default", default.clone())
        .database("warehouse", warehouse.clone())
        .bind(stock::Entity, "warehouse")
        .build()?;
    Ok(Two {
        db,
        default,
        warehouse,
    })
}

const COLUMNS: &str = "SELECT `stock`.`id`, `stock`.`product_id`, `stock`.`quantity` FROM `stock`";

#[track_caller]
fn assert_foreign(error: &sea_orm::DbErr, what: &str) {
    assert_error!(
        error,
        RoutingError::Refused(RefusedError::ForeignDialect { what: refused, database, node_dialect: "MySQL", handle_dialect: "SQLite", .. })
            if refused.contains(what)
                && *database == "warehouse"
    );
}

#[tokio::test]
async fn a_query_is_rendered_for_the_node_it_goes_to() -> Result {
    let by_quantity = stock::Entity::find().filter(stock::Column::Quantity.gt(3));
    let mysql = two(DbBackend::MySql)?;
    assert_eq!(by_quantity.clone().all(&mysql.db).await?, [row()]);
    let expected = format!("{COLUMNS} WHERE `stock`.`quantity` > ?");
    assert_eq!(sent_to(&mysql.warehouse), [expected]);

    let postgres = two(DbBackend::Postgres)?;
    assert_eq!(by_quantity.all(&postgres.db).await?, [row()]);
    let sent = sent_to(&postgres.warehouse);
    assert_says(
        &sent[0],
        &["FROM \"stock\" WHERE \"stock\".\"quantity\" > $1"],
    );
    assert!(sent_to(&postgres.default).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_stream_is_rendered_for_the_node_it_goes_to() -> Result {
    let two = two(DbBackend::MySql)?;
    let rows = stock::Entity::find().stream(&two.db).await?;
    assert_eq!(rows.try_collect::<Vec<_>>().await?, [row()]);
    assert_eq!(sent_to(&two.warehouse), [COLUMNS]);
    Ok(())
}

#[tokio::test]
async fn a_write_in_another_dialect_is_refused() -> Result {
    let two = two(DbBackend::MySql)?;
    assert_foreign(
        &add_stock(&two.db, 1, 12).await.expect_err("a write"),
        "a write",
    );
    let delete = stock::Entity::delete_by_id(7).exec(&two.db).await;
    assert_foreign(&delete.expect_err("a write"), "a write");
    let schema = two
        .db
        .get_schema_builder()
        .register(stock::Entity)
        .apply(&two.db)
        .await;
    assert_foreign(&schema.expect_err("a schema change"), "a schema change");
    assert!(sent_to(&two.warehouse).is_empty());
    Ok(())
}

#[tokio::test]
async fn raw_and_unprepared_text_in_another_dialect_is_refused() -> Result {
    let two = two(DbBackend::MySql)?;
    let raw = Statement::from_string(DbBackend::Sqlite, "SELECT * FROM stock");
    let refused = two.db.query_all_raw(raw.clone()).await.expect_err("raw");
    assert_foreign(&refused, "raw SQL");
    assert_foreign(&two.db.execute_raw(raw).await.expect_err("raw"), "raw SQL");
    let refused = two
        .db
        .execute_unprepared("DELETE FROM stock")
        .await
        .expect_err("a text");
    assert_foreign(&refused, "raw SQL");
    assert!(sent_to(&two.warehouse).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_locking_read_in_another_dialect_is_refused() -> Result {
    let two = two(DbBackend::MySql)?;
    // SQLite locks no rows, so the lock only shows if the query is rendered for MySQL.
    let locked = stock::Entity::find().lock_exclusive().all(&two.db).await;
    assert_foreign(&locked.expect_err("it locks"), "a locking read");
    assert!(sent_to(&two.warehouse).is_empty());
    Ok(())
}

#[tokio::test]
async fn the_handle_of_the_entity_speaks_its_dialect() -> Result {
    for by_entity in [true, false] {
        let two = two(DbBackend::MySql)?;
        let handle = match by_entity {
            true => two.db.for_entity(stock::Entity)?,
            false => two.db.using("warehouse/1")?,
        };
        assert_eq!(handle.get_database_backend(), DbBackend::MySql);
        assert!(!handle.support_returning());
        assert_eq!(add_stock(&handle, 1, 12).await?, row());
        handle
            .query_all_raw(Statement::from_string(DbBackend::MySql, "SELECT 1"))
            .await?;
        let insert = "INSERT INTO `stock` (`product_id`, `quantity`) VALUES (?, ?)";
        assert_eq!(sent_to(&two.warehouse)[0], insert);
    }
    Ok(())
}

#[tokio::test]
async fn a_raw_statement_of_another_dialect_than_its_node_is_refused() -> Result {
    let two = two(DbBackend::MySql)?;
    let raw = Statement::from_string(DbBackend::MySql, "SELECT `id` FROM `customer`");
    let refused = two
        .db
        .query_all_raw(raw)
        .await
        .expect_err("MySQL text for SQLite");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::StatementDialect { statement_dialect: "MySQL", node, node_dialect: "SQLite", .. })
            if *node == "default/1"
    );
    assert!(sent_to(&two.default).is_empty());
    Ok(())
}

#[tokio::test]
async fn in_a_transaction_the_same_rules_hold() -> Result {
    let two = two(DbBackend::MySql)?;
    let txn = two.db.begin().await?;
    assert_foreign(
        &add_stock(&txn, 1, 12).await.expect_err("a write"),
        "a write",
    );
    let warehouse = txn.for_entity(stock::Entity)?;
    assert_eq!(warehouse.get_database_backend(), DbBackend::MySql);
    let update = stock::ActiveModel {
        id: Set(7),
        quantity: Set(12),
        ..Default::default()
    };
    assert_eq!(update.update(&warehouse).await?, row());
    assert_eq!(stock::Entity::find().all(&txn).await?, [row()]);
    drop(warehouse);
    txn.commit().await?;
    let sent = sent_to(&two.warehouse);
    assert_eq!(
        sent[1],
        "UPDATE `stock` SET `quantity` = ? WHERE `stock`.`id` = ?"
    );
    assert_eq!(sent[3], COLUMNS);
    Ok(())
}

#[test]
fn an_explanation_says_the_same_as_running_it() -> Result {
    let two = two(DbBackend::MySql)?;
    let route = two.db.explain(&stock::Entity::find())?;
    assert_says(&route, &["warehouse/1, the primary of warehouse (MySQL)"]);
    let insert = stock::Entity::insert(stock::ActiveModel {
        product_id: Set(1),
        ..Default::default()
    });
    assert_foreign(&two.db.explain(&insert).expect_err("a write"), "a write");
    assert_eq!(
        *two.db.explain(&customer::Entity::find())?.node(),
        "default/1"
    );
    Ok(())
}

#[tokio::test]
async fn a_raw_statement_goes_where_its_tables_are_bound_if_it_is_in_that_dialect() -> Result {
    let mysql = two(DbBackend::MySql)?;
    let sql = "SELECT id, product_id, quantity FROM stock";
    let raw = Statement::from_string(DbBackend::MySql, sql);
    assert_eq!(mysql.db.query_all_raw(raw).await?.len(), 1);
    let sql = "UPDATE stock SET quantity = 1";
    let raw = Statement::from_string(DbBackend::MySql, sql);
    assert_eq!(mysql.db.execute_raw(raw).await?.rows_affected(), 1);
    assert!(sent_to(&mysql.default).is_empty());
    assert_eq!(sent_to(&mysql.warehouse).len(), 2);
    // In the dialect of the handle it is refused, as before: it was built for another server.
    let raw = Statement::from_string(DbBackend::Sqlite, sql);
    let error = mysql.db.execute_raw(raw).await.expect_err("refused");
    assert_foreign(&error, "raw SQL");
    Ok(())
}
