//! The options of nested transactions: a savepoint has none except the access mode, which the
//! router enforces.

use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, EntityTrait, IsolationLevel, MockDatabase,
    MockExecResult, PaginatorTrait, SqliteTransactionMode, TransactionError, TransactionOptions,
    TransactionTrait,
};
use sea_orm_routing::error::{RefusedError, TxnError};
use sea_orm_routing::{RoutingConnection, RoutingError, RoutingTransaction};

use crate::entities::category::Entity;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says, mock, routing, sent_to};

const READ_ONLY: Option<AccessMode> = Some(AccessMode::ReadOnly);
const READ_WRITE: Option<AccessMode> = Some(AccessMode::ReadWrite);

#[track_caller]
fn assert_read_only(error: &DbErr) {
    assert!(
        matches!(
            routing(error),
            RoutingError::Refused(RefusedError::ReadOnly { .. })
        ),
        "{error}"
    );
}

async fn committed(shop: &Shop) -> Result<u64> {
    Ok(Entity::find().count(&shop.db.on_primary()).await?)
}

#[tokio::test]
async fn an_isolation_level_is_refused_and_the_parent_goes_on() -> Result {
    let answer = MockExecResult {
        rows_affected: 1,
        ..Default::default()
    };
    let mock = MockDatabase::new(DbBackend::Postgres).append_exec_results([answer]);
    let mock = mock.into_connection();
    let txn = RoutingConnection::from(mock.clone()).begin().await?;
    let level = Some(IsolationLevel::Serializable);
    let refused = txn.begin_with_config(level, None).await;
    let refused = refused.expect_err("a savepoint has none");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::NestedOption { option, .. })
            if option == "the isolation level SERIALIZABLE"
    );
    txn.execute_unprepared("DELETE FROM cake").await?;
    txn.commit().await?;
    assert_eq!(sent_to(&mock), ["BEGIN", "DELETE FROM cake", "COMMIT"]);
    Ok(())
}

#[tokio::test]
async fn sqlite_has_no_levels_and_passes_over_them() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let level = Some(IsolationLevel::Serializable);
    let nested = txn.begin_with_config(level, None).await?;
    add_category(&nested, "Tea").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_closure_forms_refuse_it_too_and_do_not_call_the_closure() -> Result {
    let db = RoutingConnection::from(mock(DbBackend::MySql));
    let txn = db.begin().await?;
    let level = Some(IsolationLevel::RepeatableRead);
    let boxed = txn.transaction_with_config::<_, (), DbErr>(|_| panic!("called"), level, None);
    let boxed = boxed.await.expect_err("refused");
    assert!(matches!(boxed, TransactionError::Connection(_)), "{boxed}");
    let called =
        txn.transaction_with_config_async::<_, (), DbErr>(async |_| panic!("called"), level, None);
    assert_says(&called.await.expect_err("refused"), &["REPEATABLE READ"]);
    Ok(())
}

#[tokio::test]
async fn the_level_of_the_outermost_may_be_repeated() -> Result {
    let shop = Shop::open().await?;
    let level = Some(IsolationLevel::Serializable);
    let txn = shop.db.begin_with_config(level, None).await?;
    let nested = txn.begin_with_config(level, None).await?;
    add_category(&nested, "Tea").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_read_only_one_refuses_writes_and_its_parent_still_writes() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "before").await?;
    let nested = txn.begin_with_config(None, READ_ONLY).await?;
    assert_eq!(Entity::find().count(&nested).await?, 1);
    assert_read_only(&add_category(&nested, "no").await.expect_err("a write"));
    let schema = nested.execute_unprepared("CREATE TABLE note (id INTEGER)");
    assert_read_only(&schema.await.expect_err("a schema change"));
    let there = nested.using("default")?;
    let unknown = there.execute_unprepared("SELECT mine()").await;
    assert_read_only(&unknown.expect_err("no proven read"));
    drop(there);
    nested.commit().await?;
    add_category(&txn, "after").await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_is_nested_in_a_read_only_one_only_reads() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin_with_config(None, READ_WRITE).await?;
    let nested = txn.begin_with_config(None, READ_ONLY).await?;
    let refused = nested.begin_with_config(None, READ_WRITE).await;
    assert_error!(
        refused.expect_err("no way back"),
        RoutingError::Transaction(TxnError::NestedOption { option, .. })
            if option.contains("READ WRITE")
    );
    let inner = nested.begin().await?;
    assert_read_only(&add_category(&inner, "no").await.expect_err("a write"));
    let view = inner.using("default")?;
    assert_read_only(&add_category(&view, "no").await.expect_err("a write"));
    drop(inner);
    nested.rollback().await?;
    let nested = txn.begin_with_config(None, READ_WRITE).await?;
    add_category(&nested, "Tea").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_mode_of_sqlite_is_ignored() -> Result {
    async fn nested(txn: &RoutingTransaction, mode: SqliteTransactionMode) -> Result {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(mode),
            ..Default::default()
        };
        let nested = txn.begin_with_options(options).await?;
        add_category(&nested, "Tea").await?;
        Ok(nested.commit().await?)
    }
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    nested(&txn, SqliteTransactionMode::Immediate).await?;
    nested(&txn, SqliteTransactionMode::Exclusive).await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 2);
    Ok(())
}
