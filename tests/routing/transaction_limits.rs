//! What a transaction refuses: text that would end it, and writes in a read-only transaction.

use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement,
    TransactionTrait,
};
use sea_orm_routing::error::{RefusedError, TxnError};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{RoutingError, RoutingTransaction};

use crate::entities::category::Entity;
use crate::shop::{Result, Shop, add_category, assert_error, routing};

async fn read_only(shop: &Shop) -> Result<RoutingTransaction> {
    Ok(shop
        .db
        .begin_with_config(None, Some(AccessMode::ReadOnly))
        .await?)
}

#[tokio::test]
async fn text_that_ends_a_transaction_is_refused() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    for (sql, keyword) in [
        ("COMMIT", "COMMIT"),
        ("commit", "COMMIT"),
        ("/* now */ COMMIT", "COMMIT"),
        ("END TRANSACTION", "END"),
        ("ROLLBACK", "ROLLBACK"),
        ("BEGIN", "BEGIN"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("SELECT 1; COMMIT", "COMMIT"),
    ] {
        let text = txn.execute_unprepared(sql).await.expect_err(sql);
        assert_error!(
            text,
            RoutingError::Transaction(TxnError::TransactionControl { keyword: found, .. })
                if found.contains(keyword)
        );
        let raw = txn
            .execute_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await;
        assert!(raw.is_err(), "{sql}");
    }
    txn.rollback().await?;
    assert_eq!(Entity::find().count(&shop.db.on_primary()).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_commit_hidden_among_other_statements_is_refused() -> Result {
    let shop = Shop::open().await?;
    for sql in [
        "INSERT INTO category (name) VALUES ('x'); COMMIT",
        "COMMIT; INSERT INTO category (name) VALUES ('x')",
        "COMMIT; SELECT my_own(1)",
        "ROLLBACK; CREATE TABLE note (id INTEGER)",
    ] {
        let txn = shop.db.begin().await?;
        add_category(&txn, "Tea").await?;
        let refused = txn.execute_unprepared(sql).await;
        let refused = refused.expect_err(sql);
        assert!(
            matches!(
                routing(&refused),
                RoutingError::Transaction(TxnError::TransactionControl { .. })
            ),
            "{sql}: {refused}"
        );
        txn.rollback().await?;
        assert_eq!(
            Entity::find().count(&shop.db.on_primary()).await?,
            0,
            "{sql}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn savepoints_of_ones_own_are_allowed() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    txn.execute_unprepared("SAVEPOINT mine").await?;
    add_category(&txn, "Coffee").await?;
    txn.execute_unprepared("RELEASE SAVEPOINT mine").await?;
    txn.commit().await?;
    assert_eq!(Entity::find().count(&shop.db).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_read_only_transaction_refuses_writes() -> Result {
    let shop = Shop::open().await?;
    let txn = read_only(&shop).await?;
    assert_eq!(Entity::find().count(&txn).await?, 0);
    let refused = add_category(&txn, "Tea").await.expect_err("a write");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "a read-only transaction",
            access: Access::Write,
            ..
        })
    );
    let refused = txn
        .execute_unprepared("CREATE TABLE note (id INTEGER)")
        .await;
    assert_error!(
        refused.expect_err("a change"),
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "a read-only transaction",
            access: Access::Schema,
            ..
        })
    );
    txn.commit().await?;
    assert_eq!(Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_nested_one_in_a_read_only_transaction_refuses_writes() -> Result {
    let shop = Shop::open().await?;
    let txn = read_only(&shop).await?;
    let writing = txn.begin_with_config(None, Some(AccessMode::ReadWrite));
    let refused = writing.await.expect_err("an option it cannot have");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::NestedOption { option, .. })
            if option.contains("READ WRITE")
    );
    let nested = txn.begin().await?;
    let refused = add_category(&nested, "Tea").await.expect_err("a write");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "a read-only transaction",
            ..
        })
    );
    nested.commit().await?;
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn a_write_that_looks_like_a_read_does_not_pass_a_read_only_transaction() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .execute_unprepared("CREATE VIRTUAL TABLE doc USING fts4(body)")
        .await?;
    for body in ["one", "two", "three"] {
        let insert = format!("INSERT INTO doc (body) VALUES ('{body}')");
        shop.db.execute_unprepared(&insert).await?;
    }
    let optimize = "SELECT optimize(doc) AS done FROM doc LIMIT 1";
    let optimize = Statement::from_string(DbBackend::Sqlite, optimize);
    let txn = read_only(&shop).await?;
    txn.query_one_raw(optimize.clone())
        .await
        .expect_err("not proven to be a read");
    txn.commit().await?;
    let row = shop.db.query_one_raw(optimize).await?.expect("a row");
    assert_eq!(row.try_get::<String>("", "done")?, "Index optimized");
    Ok(())
}
