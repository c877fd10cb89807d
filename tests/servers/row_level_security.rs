//! `on_branch_begin` as row-level security needs it: the tenant of a transaction is set before its
//! first statement, and does not leak to the next user of the connection.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError, TransactionMode};

use crate::support::cut::{Dropped, cut};
use crate::support::slow_link::slow_link;
use crate::support::{self, error_of, options, single, value};

/// A handle of a user who is not a superuser, on a pool of one connection. Each row belongs to a
/// tenant: `acme` has two and `other` has one.
async fn tenants(name: &'static str) -> Option<RoutingConnection> {
    let pg = support::postgres(name).await?;
    pg.sql(&format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'secret';
         CREATE TABLE note (tenant text NOT NULL, text text NOT NULL);
         INSERT INTO note VALUES ('acme', 'one'), ('acme', 'two'), ('other', 'secret');
         ALTER TABLE note ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON note USING (tenant = current_setting('app.tenant', true));
         GRANT ALL ON note TO {name}"
    ))
    .await;
    let url = pg.cluster.primary_url(name);
    let url = slow_link(&url.replace("//app:", &format!("//{name}:"))).await;
    let mut options = options(url);
    options.max_connections(1);
    Some(single(options.into()).await)
}

fn is(tenant: &str) -> Statement {
    let sql = "SELECT set_config('app.tenant', $1, true)";
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [tenant.into()])
}

fn as_tenant(db: &RoutingConnection, tenant: &str) -> RoutingConnection {
    db.on_branch_begin("default", is(tenant))
        .expect("a setting")
}

async fn count(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    value::<i64>(db, "SELECT count(*) FROM note").await
}

#[tokio::test]
async fn each_sees_and_writes_its_own_rows() {
    let Some(db) = tenants("rls_own").await else {
        return;
    };
    for (tenant, rows) in [("acme", 2), ("other", 1), ("nobody", 0)] {
        let txn = as_tenant(&db, tenant).begin().await.expect("begun");
        assert_eq!(count(&txn).await, Ok(rows), "{tenant}");
        txn.commit().await.expect("committed");
    }
    let acme = as_tenant(&db, "acme");
    let txn = acme.begin().await.expect("begun");
    let changed = txn
        .execute_unprepared("UPDATE note SET text = 'mine'")
        .await;
    assert_eq!(changed.expect("updated").rows_affected(), 2);
    let theirs = "INSERT INTO note VALUES ('other', 'planted')";
    let refused = error_of(txn.execute_unprepared(theirs).await);
    assert!(refused.contains("row-level security"), "{refused}");
    txn.rollback().await.expect("rolled back");
}

#[tokio::test]
async fn the_next_user_of_the_connection_has_no_tenant() {
    let Some(db) = tenants("rls_next").await else {
        return;
    };
    let acme = as_tenant(&db, "acme");
    for end in ["commit", "rollback", "drop", "abort"] {
        let txn = acme.begin().await.expect("begun");
        assert_eq!(count(&txn).await, Ok(2));
        match end {
            "commit" => txn.commit().await.expect("committed"),
            "rollback" => txn.rollback().await.expect("rolled back"),
            "abort" => {
                drop(value::<i32>(&txn, "SELECT 1 / 0").await);
                txn.commit().await.expect_err("aborted");
            }
            _ => drop(txn),
        }
        assert_eq!(count(&db).await, Ok(0), "after a {end}");
        let txn = db.begin().await.expect("begun");
        assert_eq!(count(&txn).await, Ok(0), "after a {end}");
        txn.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn a_branch_that_opens_in_a_nested_transaction_stays_its_own() {
    let Some(db) = tenants("rls_nested").await else {
        return;
    };
    let txn = as_tenant(&db, "acme").begin().await.expect("begun");
    for commit in [false, true] {
        let nested = txn.begin().await.expect("nested");
        assert_eq!(count(&nested).await, Ok(2));
        match commit {
            true => nested.commit().await.expect("released"),
            false => nested.rollback().await.expect("rolled back"),
        }
        assert_eq!(count(&txn).await, Ok(2));
    }
    // Only the aborted statement is undone; the setting was made before it.
    let nested = txn.begin().await.expect("nested");
    value::<i32>(&nested, "SELECT 1 / 0")
        .await
        .expect_err("a division");
    drop(nested);
    assert_eq!(count(&txn).await, Ok(2));
    txn.commit().await.expect("committed");
}

#[tokio::test]
async fn a_branch_that_begins_anew_is_its_own() {
    let Some(db) = tenants("rls_anew").await else {
        return;
    };
    let db = as_tenant(&db, "acme").transaction_mode(TransactionMode::Independent);
    let txn = db.begin().await.expect("begun");
    for _ in 0..3 {
        assert_eq!(count(&txn).await, Ok(2));
        txn.rollback_on("default").await.expect("rolled back");
    }
    txn.commit().await.expect("committed");
}

#[tokio::test]
async fn it_fails_and_nothing_else_is_sent_until_it_does_not() {
    let Some(db) = tenants("rls_fails").await else {
        return;
    };
    let failing = Statement::from_string(DbBackend::Postgres, "SELECT 1 / 0");
    let broken = as_tenant(&db, "acme").on_branch_begin("default", failing);
    let txn = broken.expect("a setting").begin().await.expect("begun");
    for _ in 0..3 {
        let error = count(&txn).await.expect_err("a division by zero");
        let is_it = matches!(
            RoutingError::of(&error),
            Some(RoutingError::Transaction(TxnError::BranchBegin { .. }))
        );
        assert!(is_it, "{error}");
        assert!(error.to_string().contains("division by zero"), "{error}");
    }
    assert_eq!(count(&db).await, Ok(0), "its connection is free and clean");
    txn.rollback().await.expect("nothing to roll back");
}

#[tokio::test]
async fn a_future_is_dropped_while_it_runs_and_no_statement_goes_without_it() {
    let Some(db) = tenants("rls_dropped").await else {
        return;
    };
    let slow = Statement::from_string(DbBackend::Postgres, "SELECT pg_sleep(0.01)");
    let acme = db.on_branch_begin("default", slow).expect("a setting");
    let acme = as_tenant(&acme, "acme");
    for dropped in [Dropped::AtOnce, Dropped::WhenAnswered] {
        for polls in 1..100 {
            let txn = acme.begin().await.expect("begun");
            let first = cut(polls, dropped, count(&txn)).await;
            assert_eq!(count(&txn).await, Ok(2), "{dropped:?} after {polls} polls");
            txn.rollback().await.expect("rolled back");
            assert_eq!(count(&db).await, Ok(0), "{dropped:?} after {polls} polls");
            if first.is_some() {
                assert!(polls > 3, "it was cut off while it opened");
                break;
            }
            assert!(polls < 99, "never done");
        }
    }
}

#[tokio::test]
async fn a_connection_dies_while_it_runs_and_the_transaction_begins_anew() {
    let Some(db) = tenants("rls_dies").await else {
        return;
    };
    let sql = "SELECT pg_terminate_backend(pg_backend_pid())";
    let die = Statement::from_string(DbBackend::Postgres, sql);
    let broken = as_tenant(&db, "acme").on_branch_begin("default", die);
    let txn = broken.expect("a setting").begin().await.expect("begun");
    let error = count(&txn).await.expect_err("its connection died");
    let is_it = matches!(
        RoutingError::of(&error),
        Some(RoutingError::Transaction(TxnError::BranchBegin { .. }))
    );
    assert!(is_it, "{error}");
    let again = count(&txn).await.expect_err("and again");
    let is_it = matches!(
        RoutingError::of(&again),
        Some(RoutingError::Transaction(TxnError::BranchBegin { .. }))
    );
    assert!(is_it, "it began anew: {again}");
    drop(txn);
    assert_eq!(count(&db).await, Ok(0));
}

#[tokio::test]
async fn mariadb_has_its_variable() {
    let Some(maria) = support::mariadb("enlist").await else {
        return;
    };
    let db = maria.connect().await;
    let tenant =
        Statement::from_sql_and_values(DbBackend::MySql, "SET @tenant = ?", ["acme".into()]);
    let db = db.on_branch_begin("default", tenant).expect("a setting");
    let txn = db.begin().await.expect("begun");
    let found = value::<String>(&txn, "SELECT @tenant").await;
    assert_eq!(found.as_deref(), Ok("acme"));
    txn.commit().await.expect("committed");
}
