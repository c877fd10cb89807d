//! Errors of a server say which node they came from, and stay what they were.

use futures_util::TryStreamExt;
use sea_orm::sqlx::error::ErrorKind;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, DbBackend, DbErr, RuntimeErr, Set, SqlErr,
    Statement, StreamTrait, TransactionTrait, sqlx,
};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::entities::category;
use crate::shop::{Files, Result, Shop};

/// A table that was forgotten when the bindings were declared, and is in the other database.
#[tokio::test]
async fn a_table_without_a_binding_is_named_and_so_are_the_databases() -> Result {
    let shop = Shop::open().await?;
    let warehouse = shop.db.using("warehouse")?;
    warehouse
        .execute_unprepared("CREATE TABLE forgotten (id integer)")
        .await?;
    let select = "SELECT id FROM forgotten";
    let is_named = |error: DbErr| {
        // A read may go to either replica.
        let text = error
            .to_string()
            .replace("default/2", "default/1")
            .replace("default/3", "default/1");
        assert!(text.contains("no such table: forgotten"), "{text}");
        let place = r#"(database "default", node "default/1"; "forgotten" has no binding; "#;
        assert!(text.contains(place), "{text}");
        assert!(
            text.contains(r#"the databases are "default", "warehouse")"#),
            "{text}"
        );
        assert!(format!("{error:?}").contains("has no binding"), "{error:?}");
    };
    let insert = "INSERT INTO forgotten (id) VALUES (1)";
    is_named(
        shop.db
            .execute_unprepared(insert)
            .await
            .expect_err("no table"),
    );
    let statement = Statement::from_string(DbBackend::Sqlite, select);
    let read = shop.db.query_all_raw(statement.clone()).await;
    is_named(read.expect_err("no table"));
    let rows = async {
        shop.db
            .stream_raw(statement.clone())
            .await?
            .try_next()
            .await
    };
    is_named(rows.await.map(drop).expect_err("no table"));
    let txn = shop.db.begin().await?;
    is_named(txn.execute_unprepared(insert).await.expect_err("no table"));
    let rows = async { txn.stream_raw(statement).await?.try_next().await };
    is_named(rows.await.map(drop).expect_err("no table"));
    txn.rollback().await?;
    // Another table of the statement is the one that is missing.
    let join = "SELECT 1 FROM category JOIN forgotten ON true";
    let joined = shop.db.execute_unprepared(join).await;
    is_named(joined.expect_err("no table"));
    // Bound to another database than the one that was chosen by hand.
    let stock = shop
        .db
        .using("default")?
        .execute_unprepared("DELETE FROM stock")
        .await;
    let text = stock.expect_err("no table").to_string();
    assert!(
        text.contains(r#"; "stock" is bound to "warehouse")"#),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_named_error_is_the_drivers_error_still() -> Result {
    let shop = Shop::open().await?;
    let row = || category::ActiveModel {
        id: Set(7),
        name: Set("Tea".to_owned()),
    };
    row().insert(&shop.db).await?;
    let twice = row().insert(&shop.db).await.expect_err("twice");
    assert!(twice.to_string().contains(r#"node "default/1""#), "{twice}");
    assert!(
        matches!(twice.sql_err(), Some(SqlErr::UniqueConstraintViolation(text)) if !text.contains("node")),
        "{twice:?}"
    );
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        &twice
    else {
        panic!("another kind: {twice:?}");
    };
    let sqlx::Error::Database(error) = &**error else {
        panic!("another kind: {error:?}");
    };
    assert!(error.try_downcast_ref::<SqliteError>().is_some());
    assert_eq!(error.code().as_deref(), Some("1555"));
    assert!(error.is_unique_violation() && error.kind() == ErrorKind::UniqueViolation);
    Ok(())
}

/// One database, and a replica: the node is what matters.
#[tokio::test]
async fn an_error_of_a_replica_names_the_replica() -> Result {
    let files = Files::new()?;
    // A replica that was never filled.
    drop(Database::connect(files.primary("other")).await?);
    let options = DatabaseOptions::new(files.primary("default")).replica(files.replica("other"));
    let db = RoutingConnection::builder()
        .database("default", options)
        .connect()
        .await?;
    db.execute_unprepared("CREATE TABLE note (text TEXT)")
        .await?;
    let read = Statement::from_string(DbBackend::Sqlite, "SELECT text FROM note");
    let error = db.query_all_raw(read).await.expect_err("no table");
    let text = error.to_string();
    assert!(
        text.ends_with(r#"(database "default", node "default/2")"#),
        "{text}"
    );
    Ok(())
}
