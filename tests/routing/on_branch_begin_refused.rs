//! Texts that are refused as the statement of `on_branch_begin`.

use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use sea_orm_routing::error::{BindingError, TopologyError, TxnError};
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::notes::Notes;
use crate::shop::{Result, assert_error, assert_says, mock, routing, sent_to};

fn on(dialect: DbBackend) -> RoutingConnection {
    mock(dialect).into()
}

#[track_caller]
fn refused(dialect: DbBackend, sql: &str) -> RoutingError {
    let statement = Statement::from_string(dialect, sql);
    let taken = on(dialect).on_branch_begin("default", statement);
    let error = taken.err().unwrap_or_else(|| panic!("taken: {sql}"));
    let invalid = matches!(
        error,
        RoutingError::Transaction(TxnError::InvalidBranchBegin { .. })
    );
    assert!(invalid, "{sql}: {error}");
    error
}

#[test]
fn another_dialect() {
    let statement = Statement::from_string(DbBackend::MySql, "SET @tenant = 1");
    let refused = on(DbBackend::Postgres).on_branch_begin("default", statement);
    let refused = refused.expect_err("MySQL's");
    assert_error!(
        refused,
        RoutingError::Transaction(TxnError::InvalidBranchBegin { database, .. })
            if *database == "default"
    );
}

#[test]
fn a_write() {
    for sql in [
        "INSERT INTO seen (id) VALUES (1)",
        "DELETE FROM seen",
        "WITH gone AS (DELETE FROM seen RETURNING id) SELECT id FROM gone",
        "SET LOCAL app.tenant = 'acme'; DELETE FROM seen",
    ] {
        assert_says(&refused(DbBackend::Postgres, sql), &["a write"]);
    }
    let create = refused(DbBackend::Postgres, "CREATE TABLE seen (id INTEGER)");
    assert_says(&create, &["a schema change", "CREATE"]);
}

#[test]
fn what_ends_a_transaction() {
    for dialect in [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite] {
        for sql in ["COMMIT", "ROLLBACK", "BEGIN", "SELECT 1; COMMIT"] {
            let error = refused(dialect, sql);
            assert_says(&error, &["begins or ends a transaction"]);
        }
    }
}

#[test]
fn what_makes_mysql_commit() {
    for sql in [
        "SET autocommit = 1",
        "LOCK TABLES seen WRITE",
        "UNLOCK TABLES",
        "FLUSH TABLES",
        "TRUNCATE TABLE seen",
    ] {
        refused(DbBackend::MySql, sql);
    }
}

#[test]
fn a_zero_byte_on_sqlite() {
    let statement = Statement::from_string(DbBackend::Sqlite, "SELECT 1\0");
    let taken = on(DbBackend::Sqlite).on_branch_begin("default", statement);
    taken.expect_err("the driver would never come to its end");
}

#[tokio::test]
async fn a_table_that_is_forbidden_there() -> Result {
    let notes = Notes::with(|builder| builder.forbid_table("secret", "default")).await?;
    let sql = "SELECT COUNT(*) FROM secret";
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    let default = notes.db.using("default")?;
    let plain = default.query_one_raw(statement.clone()).await;
    let plain = plain.expect_err("forbidden");
    assert!(matches!(
        routing(&plain),
        RoutingError::Binding(BindingError::Forbidden { .. })
    ));
    let Ok(db) = notes.db.on_branch_begin("default", statement) else {
        return Ok(());
    };
    let txn = db.using("default")?.begin().await?;
    let sent = txn.execute_unprepared("DELETE FROM note").await;
    let error = sent.expect_err("forbidden").to_string();
    assert!(!error.contains("no such table"), "it was sent: {error}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_database() -> Result {
    let notes = Notes::open().await?;
    let statement = || Statement::from_string(DbBackend::Sqlite, "SELECT 1");
    let unknown = notes.db.on_branch_begin("nowhere", statement());
    let unknown = unknown.expect_err("on a handle");
    assert_error!(
        unknown,
        RoutingError::Topology(TopologyError::UnknownDatabase { name, known, .. })
            if name == "nowhere"
                && known.iter().any(|it| *it == "second")
    );
    let unknown = RoutingConnection::builder()
        .database("default", mock(DbBackend::Sqlite))
        .on_branch_begin("nowhere", statement())
        .build();
    let unknown = unknown.expect_err("on the builder");
    assert!(matches!(
        unknown,
        RoutingError::Topology(TopologyError::UnknownDatabase { .. })
    ));
    Ok(())
}

#[test]
fn the_builder_refuses_the_same() {
    for (dialect, sql) in [
        (DbBackend::MySql, "SELECT 1"),
        (DbBackend::Postgres, "COMMIT"),
        (DbBackend::Postgres, "DELETE FROM seen"),
    ] {
        let refused = RoutingConnection::builder()
            .database("default", mock(DbBackend::Postgres))
            .on_branch_begin("default", Statement::from_string(dialect, sql))
            .build()
            .expect_err(sql);
        assert!(
            matches!(
                refused,
                RoutingError::Transaction(TxnError::InvalidBranchBegin { .. })
            ),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn settings_are_taken_on_every_dialect_and_sent_first() -> Result {
    for (dialect, sql) in [
        (
            DbBackend::Postgres,
            "SELECT set_config('app.tenant', $1, true)",
        ),
        (DbBackend::Postgres, "SET LOCAL statement_timeout = '1s'"),
        (DbBackend::MySql, "SET @tenant = 1"),
        (DbBackend::Sqlite, "PRAGMA defer_foreign_keys = ON"),
    ] {
        let exec = sea_orm::MockExecResult::default();
        let mock = sea_orm::MockDatabase::new(dialect)
            .append_exec_results([exec.clone(), exec])
            .into_connection();
        let statement = Statement::from_sql_and_values(dialect, sql, ["acme".into()]);
        let db = RoutingConnection::from(mock.clone()).on_branch_begin("default", statement)?;
        let txn = db.begin().await?;
        txn.execute_unprepared("DELETE FROM note").await?;
        txn.commit().await?;
        assert_eq!(sent_to(&mock), ["BEGIN", sql, "DELETE FROM note", "COMMIT"]);
    }
    Ok(())
}
