//! A connection that was never opened: statements fail, nothing panics.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, TransactionTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use crate::entities::category;
use crate::shop::{Result, add_category, assert_error, assert_says};

#[tokio::test]
async fn every_statement_fails() -> Result {
    let db = RoutingConnection::from(DatabaseConnection::default());
    assert!(matches!(
        category::Entity::find().all(&db).await,
        Err(DbErr::Conn(_))
    ));
    assert_says(
        &add_category(&db, "Tea").await.expect_err("not open"),
        &["Disconnected"],
    );
    let text = db
        .execute_unprepared("SELECT 1")
        .await
        .expect_err("not open");
    assert_says(&text, &["Disconnected"]);
    let stream = category::Entity::find()
        .stream(&db)
        .await
        .err()
        .expect("not open");
    assert_says(&stream, &["Disconnected"]);
    assert_says(
        &db.ping().await.expect_err("not open"),
        &["default/1", "Disconnected"],
    );
    Ok(())
}

#[tokio::test]
async fn a_transaction_fails_at_its_first_statement() -> Result {
    let db = RoutingConnection::from(DatabaseConnection::default());
    let txn = db.begin().await?;
    let failed = category::Entity::find()
        .all(&txn)
        .await
        .expect_err("not open");
    assert_says(&failed, &["Disconnected"]);
    txn.rollback().await?;
    Ok(())
}

#[test]
fn what_asks_no_server_works() -> Result {
    let db = RoutingConnection::from(DatabaseConnection::default());
    assert_eq!(*db.explain(&category::Entity::find())?.node(), "default/1");
    assert_says(&format!("{db:?}"), &["default/1"]);
    assert!(!db.is_mock_connection());
    let _ = (
        db.get_database_backend(),
        db.support_returning(),
        db.get_schema_builder(),
    );
    Ok(())
}

#[tokio::test]
async fn a_declared_database_must_be_open() -> Result {
    let declare =
        |options: DatabaseOptions| RoutingConnection::builder().database("default", options);
    let closed = || DatabaseOptions::new(DatabaseConnection::default());
    for error in [
        declare(closed()).build().expect_err("not open"),
        declare(closed()).connect().await.expect_err("not open"),
        declare(DatabaseOptions::new("sqlite::memory:").replica(DatabaseConnection::default()))
            .connect()
            .await
            .expect_err("not open"),
    ] {
        assert_error!(
            error,
            RoutingError::Availability(AvailabilityError::NotOpen { node, .. })
                if node.as_str().starts_with("default/")
        );
    }
    Ok(())
}
