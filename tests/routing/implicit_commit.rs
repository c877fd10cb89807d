//! A schema change in a transaction: MySQL would commit first, the others roll it back.

use sea_orm::{ConnectionTrait, DbBackend, MockDatabase, MockExecResult, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::notes::{Notes, add_note, texts};
use crate::shop::{Result, assert_error, routing, sent_to};

const SCHEMA: [&str; 6] = [
    "CREATE TABLE more (id INTEGER)",
    "ALTER TABLE note ADD COLUMN more INTEGER",
    "DROP TABLE note",
    "TRUNCATE TABLE note",
    "GRANT SELECT ON note TO somebody",
    "LOCK TABLES note WRITE",
];

/// A mock that accepts any number of writes.
fn mock(dialect: DbBackend) -> sea_orm::DatabaseConnection {
    MockDatabase::new(dialect)
        .append_exec_results(vec![MockExecResult::default(); 20])
        .into_connection()
}

#[tokio::test]
async fn mysql_is_sent_none_of_it() -> Result {
    let mock = mock(DbBackend::MySql);
    let txn = RoutingConnection::from(mock.clone()).begin().await?;
    txn.execute_unprepared("DELETE FROM note").await?;
    for sql in SCHEMA {
        let refused = txn.execute_unprepared(sql).await.expect_err(sql);
        assert!(
            matches!(
                routing(&refused),
                RoutingError::Transaction(TxnError::ImplicitCommit { .. })
            ),
            "{sql}: {refused}"
        );
        let word = sql.split(' ').next().unwrap_or_default();
        assert_error!(
            refused,
            RoutingError::Transaction(TxnError::ImplicitCommit { keyword, database, .. })
                if keyword.contains(word)
                    && *database == "default"
        );
        txn.explain_sql(sql).expect_err(sql);
    }
    txn.commit().await?;
    assert_eq!(sent_to(&mock), ["BEGIN", "DELETE FROM note", "COMMIT"]);
    Ok(())
}

#[tokio::test]
async fn mysql_is_sent_all_of_it_without_a_transaction() -> Result {
    let mock = mock(DbBackend::MySql);
    let db = RoutingConnection::from(mock.clone());
    for sql in SCHEMA {
        db.execute_unprepared(sql).await?;
    }
    assert_eq!(sent_to(&mock), SCHEMA);
    Ok(())
}

#[tokio::test]
async fn postgres_is_sent_all_of_it() -> Result {
    let mock = mock(DbBackend::Postgres);
    let txn = RoutingConnection::from(mock.clone()).begin().await?;
    for sql in SCHEMA {
        txn.execute_unprepared(sql).await?;
    }
    txn.rollback().await?;
    assert_eq!(sent_to(&mock).len(), SCHEMA.len() + 2);
    Ok(())
}

#[tokio::test]
async fn sqlite_takes_it_back() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.using("default")?.begin().await?;
    add_note(&txn, "before").await?;
    let nested = txn.begin().await?;
    nested.execute_unprepared("DROP TABLE note").await?;
    nested.rollback().await?;
    txn.execute_unprepared("CREATE TABLE more (id INTEGER)")
        .await?;
    assert_eq!(texts(&txn).await?, ["before"]);
    txn.rollback().await?;
    assert_eq!(notes.texts("default").await?, [""; 0]);
    let more = notes.outside("default").await?;
    more.execute_unprepared("DELETE FROM more")
        .await
        .expect_err("the table was rolled back");
    Ok(())
}
