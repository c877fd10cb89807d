//! What a read-only handle and a handle for replicas refuse.

use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QuerySelect, TransactionTrait,
};
use sea_orm_routing::error::{RefusedError, TxnError};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection, RoutingError};

use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says, mock, nodes, routing};

/// A primary and a replica of an engine that locks rows, which SQLite does not.
fn postgres() -> Result<RoutingConnection> {
    let options =
        DatabaseOptions::new(mock(DbBackend::Postgres)).replica(mock(DbBackend::Postgres));
    Ok(RoutingConnection::builder()
        .database("default", options)
        .build()?)
}

#[tokio::test]
async fn read_only_refuses_writes() -> Result {
    let shop = Shop::open().await?;
    let reader = shop.db.read_only();
    let routes = shop.db.record();
    let refused = add_category(&reader, "Tea").await.expect_err("a write");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            access: Access::Write,
            ..
        })
    );
    let refused = reader
        .execute_unprepared("DROP TABLE category")
        .await
        .expect_err("a change");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            access: Access::Schema,
            ..
        })
    );
    routes.assert_nothing_sent();
    assert_eq!(category::Entity::find().count(&reader).await?, 0);
    Ok(())
}

#[test]
fn read_only_refuses_locks_and_what_is_not_proven_to_read() -> Result {
    let reader = postgres()?.read_only();
    let locking = reader.explain(&category::Entity::find().lock_exclusive());
    assert_error!(
        locking.expect_err("it locks"),
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            access: Access::LockingRead,
            ..
        })
    );
    for (sql, why) in [
        ("SELECT total(1)", "read_only_function(\"total\")"),
        ("CALL tidy()", "CALL"),
        ("SET search_path = x", "SET"),
        ("SELECT 'never ends", "never ends"),
        ("", "no statement"),
    ] {
        let refused = reader.explain_sql(sql).expect_err(sql);
        assert!(
            matches!(
                routing(&refused),
                RoutingError::Refused(RefusedError::ReadOnly { .. })
            ),
            "{refused}"
        );
        assert_says(&refused, &[why]);
    }
    reader.explain(&category::Entity::find())?;
    Ok(())
}

#[tokio::test]
async fn a_transaction_of_a_read_only_handle_refuses_writes() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.read_only().begin().await?;
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    let refused = add_category(&txn, "Tea").await.expect_err("a write");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            access: Access::Write,
            ..
        })
    );
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn a_replica_scope_refuses_writes() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    for (handle, by) in [
        (shop.db.on_replica(), "on_replica()"),
        (shop.db.using("default/2")?, "using(..)"),
    ] {
        let refused = add_category(&handle, "Tea").await.expect_err("a write");
        assert_error!(
            refused,
            RoutingError::Refused(RefusedError::WriteOnReplica { by: chosen, database, access: Access::Write, .. })
                if chosen.contains(by)
                    && *database == "default"
        );
    }
    routes.assert_nothing_sent();
    Ok(())
}

#[test]
fn a_replica_scope_refuses_locks() -> Result {
    let locking = category::Entity::find().lock_exclusive();
    let refused = postgres()?
        .on_replica()
        .explain(&locking)
        .expect_err("it locks");
    assert_error!(
        refused,
        RoutingError::Refused(RefusedError::WriteOnReplica {
            by: "on_replica()",
            access: Access::LockingRead,
            ..
        })
    );
    Ok(())
}

#[test]
fn a_replica_scope_takes_what_may_be_a_read() -> Result {
    let replica = postgres()?.on_replica();
    for sql in ["SELECT total(1)", "SELECT 1"] {
        assert_eq!(replica.explain_sql(sql)?.role(), Role::Replica, "{sql}");
    }
    // The statement could lift the guard of a connection that others use next.
    let sets = replica.explain_sql("SET default_transaction_read_only = off");
    assert!(sets.is_err());
    Ok(())
}

#[tokio::test]
async fn a_replica_scope_refuses_a_write_in_a_transaction() -> Result {
    let shop = Shop::open().await?;
    for handle in [shop.db.on_replica(), shop.db.using("default/2")?] {
        let txn = handle.begin().await?;
        add_category(&txn, "Tea")
            .await
            .expect_err("no write on a replica scope");
        txn.rollback().await?;
    }
    assert_eq!(
        category::Entity::find()
            .count(&shop.db.on_primary())
            .await?,
        0
    );
    Ok(())
}

#[tokio::test]
async fn a_transaction_of_a_replica_by_name_is_refused_with_its_primary() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.using("default/2")?.begin().await?;
    let refused = category::Entity::find()
        .all(&txn)
        .await
        .expect_err("a replica");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::ReplicaInTransaction { scope, primary: Some(primary), .. })
            if scope.contains("default/2")
                && *primary == "default/1"
    );
    txn.rollback().await?;

    let txn = shop.db.using("default/1")?.begin().await?;
    let routes = shop.db.record();
    add_category(&txn, "Tea").await?;
    assert_eq!(nodes(&routes), ["default/1"]);
    txn.commit().await?;
    Ok(())
}
