//! A transaction over several databases: one is written, others may be read.

use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement, TransactionTrait,
};
use sea_orm_routing::error::{BindingError, TopologyError, TxnError};
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{
    Files, Result, Shop, add_category, add_stock, are, assert_error, assert_says, nodes,
};

fn answer() -> Statement {
    Statement::from_string(DbBackend::Sqlite, "SELECT 42 AS answer")
}

#[tokio::test]
async fn a_write_to_a_second_database_is_refused() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let refused = add_stock(&txn, 1, 12).await.expect_err("a second database");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::SecondDatabase { first, second, .. })
            if *first == "default"
                && *second == "warehouse"
    );
    txn.commit().await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    assert_eq!(stock::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_read_of_a_second_database_is_fine() -> Result {
    let shop = Shop::open().await?;
    add_stock(&shop.db, 1, 12).await?;
    let routes = shop.db.record();
    let txn = shop.db.begin().await?;
    assert_eq!(stock::Entity::find().count(&txn).await?, 1);
    add_category(&txn, "Tea").await?;
    assert_eq!(stock::Entity::find().count(&txn).await?, 1);
    txn.commit().await?;
    assert_eq!(nodes(&routes), ["warehouse/1", "default/1", "warehouse/1"]);
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_rollback_ends_the_part_on_every_database() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    stock::Entity::find().count(&txn).await?;
    add_category(&txn, "Tea").await?;
    txn.rollback().await?;
    add_category(&shop.db, "Coffee").await?;
    add_stock(&shop.db, 1, 12).await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn tables_of_two_databases_are_refused_here_too() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let sql = "DELETE FROM stock WHERE product_id IN (SELECT id FROM product)";
    let refused = txn
        .execute_unprepared(sql)
        .await
        .expect_err("two databases");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if are(tables, &[("stock", "warehouse"), ("product", "default")])
    );
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn without_a_table_and_a_branch_a_statement_runs_on_the_default_database() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let routes = shop.db.record();
    assert_eq!(txn.explain_sql("SELECT 42")?.node().as_str(), "default/1");
    assert!(txn.query_one_raw(answer()).await?.is_some());
    assert_eq!(nodes(&routes), ["default/1"]);
    // What comes next may be of another database.
    stock::Entity::find().count(&txn).await?;
    txn.commit().await?;

    let txn = shop.db.begin().await?;
    let routes = shop.db.record();
    let warehouse = txn.using("warehouse")?;
    assert!(warehouse.query_one_raw(answer()).await?.is_some());
    assert!(txn.query_one_raw(answer()).await?.is_some());
    assert_eq!(nodes(&routes), ["warehouse/1", "warehouse/1"]);
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn without_a_table_a_statement_runs_on_the_only_branch() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    stock::Entity::find().count(&txn).await?;
    let routes = shop.db.record();
    let row = txn.query_one_raw(answer()).await?.expect("a row");
    assert_eq!(row.try_get::<i32>("", "answer")?, 42);
    assert_eq!(nodes(&routes), ["warehouse/1"]);
    assert_says(
        &routes.routes()[0].why_database(),
        &["the transaction has one branch"],
    );
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn without_a_table_and_with_two_branches_a_statement_must_say_where() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    stock::Entity::find().count(&txn).await?;
    category::Entity::find().count(&txn).await?;
    let refused = txn.query_one_raw(answer()).await.expect_err("two branches");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::AmbiguousBranch { branches, .. })
            if *branches == ["warehouse", "default"]
    );
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn with_one_database_there_is_nothing_to_say() -> Result {
    let files = Files::new()?;
    let db = RoutingConnection::builder().database("default", files.primary("one"));
    let db = db.connect().await?;
    let txn = db.begin().await?;
    assert!(txn.query_one_raw(answer()).await?.is_some());
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn views_say_where() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let routes = shop.db.record();
    {
        let warehouse = txn.using("warehouse")?;
        add_stock(&warehouse, 1, 12).await?;
        let by_entity = txn.for_entity(stock::Entity)?;
        assert_eq!(stock::Entity::find().count(&by_entity).await?, 1);
        by_entity
            .execute_unprepared("UPDATE stock SET quantity = 3")
            .await?;
        let by_node = txn.using("warehouse/1")?;
        assert_eq!(stock::Entity::find().count(&by_node).await?, 1);
    }
    let replica = txn.using("warehouse/2")?;
    let refused = stock::Entity::find()
        .count(&replica)
        .await
        .expect_err("a replica");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::ReplicaInTransaction { scope, primary: Some(primary), .. })
            if scope.contains("warehouse/2")
                && *primary == "warehouse/1"
    );
    assert_error!(
        txn.using("nowhere").expect_err("unknown"),
        RoutingError::Topology(TopologyError::UnknownNode { name, known, .. })
            if name == "nowhere"
                && known.iter().any(|it| it == "warehouse")
    );
    assert_eq!(nodes(&routes), vec!["warehouse/1"; 4]);
    txn.commit().await?;
    let row = stock::Entity::find().one(&shop.db).await?.expect("a row");
    assert_eq!(row.quantity, 3);
    Ok(())
}

#[tokio::test]
async fn a_transaction_keeps_the_scope_it_was_begun_on() -> Result {
    let shop = Shop::open().await?;
    let moved = shop.db.with_bindings([("note", "warehouse")])?;
    let txn = moved.begin().await?;
    txn.execute_unprepared("CREATE TABLE note (id INTEGER)")
        .await?;
    txn.commit().await?;
    let warehouse = shop.db.using("warehouse")?;
    let create = warehouse
        .execute_unprepared("CREATE TABLE note (id INTEGER)")
        .await;
    assert_says(&create.expect_err("it is there"), &["already exists"]);

    let txn = shop.db.for_entity(stock::Entity)?.begin().await?;
    assert!(txn.query_one_raw(answer()).await?.is_some());
    assert_says(&format!("{txn:?}"), &["RoutingTransaction", "warehouse"]);
    txn.commit().await?;
    Ok(())
}
