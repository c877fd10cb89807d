//! `TransactionMode::Independent` on servers that fail, die and abort.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QuerySelect, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::ends::Ends;
use crate::support::several::{Two, as_text, connect, independent, insert_on, names_on};
use crate::support::{Servers, eventually, item, mariadb, postgres, soon, value};
use routing_servers::PostgresCluster;

const NONE: [&str; 0] = [];

/// From here on the commit of an item runs so much SQL.
async fn at_commit(pg: &Servers<PostgresCluster>, run: &str) {
    pg.sql(&format!(
        "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN {run}; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON item
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()"
    ))
    .await;
}

const FAIL: &str = "RAISE EXCEPTION 'not today'";
const DIE: &str = "PERFORM pg_terminate_backend(pg_backend_pid())";

/// Which database failed, whether it may be committed, which are committed, which are not.
#[track_caller]
fn partial(error: &DbErr) -> (&str, bool, Vec<&str>, Vec<&str>) {
    match RoutingError::of(error) {
        Some(RoutingError::Transaction(TxnError::PartialCommit {
            failed,
            unknown,
            committed,
            rolled_back,
            ..
        })) => (
            failed.as_str(),
            *unknown,
            as_text(committed),
            as_text(rolled_back),
        ),
        _ => panic!("not a partial commit: {error}"),
    }
}

async fn both_are_whole(db: &RoutingConnection) {
    for name in ["default", "second"] {
        let there = db.using(name).expect("declared");
        let txn = there.begin().await.expect("begun");
        item::insert(&txn, "whole").await.expect("inserted");
        txn.rollback().await.expect("rolled back");
    }
}

#[tokio::test]
async fn the_second_commit_fails_on_postgres() {
    let Some(two) = Two::open("indep_second_1", "indep_second_2").await else {
        return;
    };
    at_commit(&two.second, FAIL).await;
    let txn = independent(&two.db).await;
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let error = txn.commit().await.expect_err("not today");
    assert_eq!(partial(&error), ("second", false, vec!["default"], vec![]));
    assert!(error.to_string().contains("not today"), "{error}");
    assert_eq!(names_on(&two.db, "default").await, ["one"]);
    assert_eq!(names_on(&two.db, "second").await, NONE);
    both_are_whole(&two.db).await;
}

#[tokio::test]
async fn the_first_commit_fails_on_postgres() {
    let Some(two) = Two::open("indep_first_1", "indep_first_2").await else {
        return;
    };
    at_commit(&two.first, FAIL).await;
    let txn = independent(&two.db).await;
    let ends = Ends::of(&txn);
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let error = txn.commit().await.expect_err("not today");
    assert!(RoutingError::of(&error).is_none(), "{error}");
    assert!(error.to_string().contains("not today"), "{error}");
    assert_eq!(ends.take(), ["rolled back"]);
    for name in ["default", "second"] {
        assert_eq!(names_on(&two.db, name).await, NONE);
    }
}

#[tokio::test]
async fn an_aborted_branch_is_found_before_the_first_commits() {
    let Some(two) = Two::open("indep_aborted_1", "indep_aborted_2").await else {
        return;
    };
    let txn = independent(&two.db).await;
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let again = insert_on(&txn, "second", "one").await;
    again.expect_err("the name is taken");
    let error = txn.commit().await.expect_err("second is aborted");
    assert!(error.to_string().contains("is aborted"), "{error}");
    for name in ["default", "second"] {
        assert_eq!(names_on(&two.db, name).await, NONE);
    }
    both_are_whole(&two.db).await;
}

#[tokio::test]
async fn an_aborted_branch_that_only_read_is_found_before_the_first_commits() {
    let Some(two) = Two::open("indep_reader_1", "indep_reader_2").await else {
        return;
    };
    let txn = independent(&two.db).await;
    insert_on(&txn, "default", "one").await.expect("inserted");
    let second = txn.using("second").expect("declared");
    value::<i32>(&second, "SELECT id / 0 FROM item UNION ALL SELECT 1 / 0")
        .await
        .expect_err("a division by zero");
    drop(second);
    let error = txn.commit().await.expect_err("second is aborted");
    assert!(error.to_string().contains("is aborted"), "{error}");
    assert_eq!(names_on(&two.db, "default").await, NONE);
}

#[tokio::test]
async fn a_connection_that_was_killed_is_found_before_the_first_commits() {
    let Some(two) = Two::open("indep_killed_1", "indep_killed_2").await else {
        return;
    };
    let txn = independent(&two.db).await;
    let ends = Ends::of(&txn);
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let second = txn.using("second").expect("declared");
    let pid = value::<i32>(&second, "SELECT pg_backend_pid()").await;
    drop(second);
    let kill = format!("SELECT pg_terminate_backend({}, 5000)", pid.expect("a pid"));
    two.second.sql(&kill).await;
    let error = soon("a commit", txn.commit()).await;
    let error = error.expect_err("the connection to second was killed");
    assert!(RoutingError::of(&error).is_none(), "{error}");
    assert_eq!(ends.take(), ["rolled back"]);
    assert_eq!(names_on(&two.db, "default").await, NONE);
    both_are_whole(&two.db).await;
}

#[tokio::test]
async fn a_connection_that_is_killed_by_the_second_commit() {
    let Some(two) = Two::open("indep_dies_1", "indep_dies_2").await else {
        return;
    };
    at_commit(&two.second, DIE).await;
    let txn = independent(&two.db).await;
    let ends = Ends::of(&txn);
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let error = soon("a commit", txn.commit()).await;
    let error = error.expect_err("the connection to second was killed");
    assert_eq!(partial(&error), ("second", true, vec!["default"], vec![]));
    assert_eq!(ends.take(), NONE);
    assert_eq!(names_on(&two.db, "default").await, ["one"]);
    assert_eq!(names_on(&two.db, "second").await, NONE);
    both_are_whole(&two.db).await;
}

#[tokio::test]
async fn a_connection_that_is_killed_by_the_first_commit() {
    let Some(two) = Two::open("indep_dies_first_1", "indep_dies_first_2").await else {
        return;
    };
    at_commit(&two.first, DIE).await;
    let txn = independent(&two.db).await;
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let error = soon("a commit", txn.commit()).await;
    let error = error.expect_err("the connection to default was killed");
    assert_eq!(partial(&error), ("default", true, vec![], vec!["second"]));
    for name in ["default", "second"] {
        assert_eq!(names_on(&two.db, name).await, NONE);
    }
    both_are_whole(&two.db).await;
}

#[tokio::test]
async fn a_nested_commit_that_fails_on_one_database_is_undone_on_the_others() {
    let Some(two) = Two::open("indep_nested_1", "indep_nested_2").await else {
        return;
    };
    let txn = independent(&two.db).await;
    for name in ["default", "second"] {
        insert_on(&txn, name, "outer").await.expect("inserted");
    }
    let nested = txn.begin().await.expect("nested");
    let ends = Ends::of(&nested);
    insert_on(&nested, "default", "nested")
        .await
        .expect("inserted");
    let again = insert_on(&nested, "second", "outer").await;
    again.expect_err("the name is taken");
    nested.commit().await.expect_err("second is aborted");
    assert_eq!(ends.take(), ["rolled back"]);
    txn.commit().await.expect("the outer one continues");
    assert_eq!(names_on(&two.db, "second").await, ["outer"]);
    assert_eq!(names_on(&two.db, "default").await, ["outer"]);
}

#[tokio::test]
async fn postgres_and_mariadb_commit_or_say_which_did() {
    let Some(pg) = postgres("indep_engines").await else {
        return;
    };
    let Some(maria) = mariadb("indep_engines").await else {
        return;
    };
    let db = connect([
        ("default", pg.cluster.primary_url(pg.name)),
        ("second", maria.cluster.primary_url(maria.name)),
    ])
    .await;
    let txn = independent(&db).await;
    for name in ["second", "default"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    txn.commit().await.expect("committed");
    at_commit(&pg, FAIL).await;
    let txn = independent(&db).await;
    for name in ["second", "default"] {
        insert_on(&txn, name, "two").await.expect("inserted");
    }
    let error = txn.commit().await.expect_err("not today");
    assert_eq!(partial(&error), ("default", false, vec!["second"], vec![]));
    assert_eq!(names_on(&db, "default").await, ["one"]);
    assert_eq!(names_on(&db, "second").await, ["one", "two"]);
    both_are_whole(&db).await;
}

#[tokio::test]
async fn an_aborted_branch_is_rolled_back_on_its_own() {
    let Some(two) = Two::open("indep_rollback_1", "indep_rollback_2").await else {
        return;
    };
    let txn = independent(&two.db).await;
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    let again = insert_on(&txn, "second", "one").await;
    again.expect_err("the name is taken, and second aborted");
    txn.rollback_on("second").await.expect("rolled back");
    let second = txn.using("second").expect("declared");
    assert_eq!(item::Entity::find().count(&second).await, Ok(0));
    second
        .execute_unprepared("INSERT INTO item (name) VALUES ('anew')")
        .await
        .expect("anew");
    drop(second);
    txn.commit().await.expect("committed");
    assert_eq!(names_on(&two.db, "default").await, ["one"]);
    assert_eq!(names_on(&two.db, "second").await, ["anew"]);
}

/// Else another transaction gets the lock before it can see what the lock protects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_held_until_the_changes_it_protects_are_committed() {
    let Some(two) = Two::open("indep_lock_1", "indep_lock_2").await else {
        return;
    };
    two.second
        .sql("INSERT INTO item (name) VALUES ('lock')")
        .await;
    at_commit(&two.first, "PERFORM pg_advisory_xact_lock(1)").await;
    let holder = two.db.begin().await.expect("begun");
    let hold = "SELECT pg_advisory_xact_lock(1)";
    holder.execute_unprepared(hold).await.expect("held");

    let txn = two.db.begin().await.expect("begun");
    let second = txn.using("second").expect("declared");
    let locked = item::Entity::find().lock_exclusive().all(&second).await;
    assert_eq!(locked.expect("locked").len(), 1);
    insert_on(&txn, "default", "protected")
        .await
        .expect("inserted");
    let commit = tokio::spawn(txn.commit());
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    let is_waiting = || async { two.first.sql(waits).await == "1" };
    eventually("the commit is on its way", is_waiting).await;
    let free = "SELECT count(*) FROM (SELECT 1 FROM item FOR UPDATE SKIP LOCKED) free";
    assert_eq!(two.second.sql(free).await, "0", "the lock ended first");
    holder.rollback().await.expect("rolled back");
    commit.await.expect("no panic").expect("committed");
    assert_eq!(two.second.sql(free).await, "1");
}
