//! Transactions on SeaORM's mock: its log reads as if SeaORM had run them.

use sea_orm::{DatabaseConnection, DbBackend, DbErr, EntityTrait, MockDatabase, TransactionTrait};
use sea_orm_routing::RoutingConnection;

use crate::entities::category::{Entity, Model};
use crate::shop::{Result, add_category, sent_to};

fn tea() -> Model {
    Model {
        id: 1,
        name: "Tea".to_owned(),
    }
}

fn postgres() -> DatabaseConnection {
    let rows = [[tea()], [tea()], [tea()]];
    MockDatabase::new(DbBackend::Postgres)
        .append_query_results(rows)
        .into_connection()
}

const SELECT: &str = r#"SELECT "category"."id", "category"."name" FROM "category""#;
const INSERT: &str = r#"INSERT INTO "category" ("name") VALUES ($1) RETURNING "id", "name""#;

#[tokio::test]
async fn a_commit() -> Result {
    let mock = postgres();
    let db = RoutingConnection::from(mock.clone());
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await?;
    assert_eq!(Entity::find().all(&txn).await?, [tea()]);
    txn.commit().await?;
    assert_eq!(sent_to(&mock), ["BEGIN", INSERT, SELECT, "COMMIT"]);
    Ok(())
}

#[tokio::test]
async fn a_rollback_and_a_drop() -> Result {
    for by_drop in [true, false] {
        let mock = postgres();
        let db = RoutingConnection::from(mock.clone());
        let txn = db.begin().await?;
        Entity::find().all(&txn).await?;
        match by_drop {
            true => drop(txn),
            false => txn.rollback().await?,
        }
        assert_eq!(sent_to(&mock), ["BEGIN", SELECT, "ROLLBACK"]);
    }
    Ok(())
}

#[tokio::test]
async fn nested_ones() -> Result {
    let mock = postgres();
    let db = RoutingConnection::from(mock.clone());
    let txn = db.begin().await?;
    Entity::find().all(&txn).await?;
    let nested = txn.begin().await?;
    Entity::find().all(&nested).await?;
    nested.commit().await?;
    let nested = txn.begin().await?;
    Entity::find().all(&nested).await?;
    nested.rollback().await?;
    txn.commit().await?;
    let sent = sent_to(&mock);
    assert_eq!(sent.iter().filter(|sql| *sql == SELECT).count(), 3);
    let of = |start: &str| sent.iter().filter(|sql| sql.starts_with(start)).count();
    assert_eq!(
        (of("SAVEPOINT"), of("RELEASE SAVEPOINT"), of("ROLLBACK TO")),
        (2, 1, 1)
    );
    assert_eq!(sent.last().map(String::as_str), Some("COMMIT"));
    Ok(())
}

#[tokio::test]
async fn the_log_is_that_of_seaorm() -> Result {
    async fn run<C: TransactionTrait>(db: &C) -> std::result::Result<(), DbErr> {
        let txn = db.begin().await?;
        Entity::find().all(&txn).await?;
        let nested = txn.begin().await?;
        add_category(&nested, "Tea").await?;
        sea_orm::TransactionSession::commit(nested).await?;
        sea_orm::TransactionSession::commit(txn).await
    }
    let (plain, routed) = (postgres(), postgres());
    run(&plain).await?;
    run(&RoutingConnection::from(routed.clone())).await?;
    assert_eq!(routed.into_transaction_log(), plain.into_transaction_log());
    Ok(())
}
