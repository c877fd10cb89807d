//! What counts as a write of a session, and what does not. The replica receives none of the rows.

use futures_util::TryStreamExt;
use routing_servers::Node;
use sea_orm::{ConnectionTrait, EntityTrait, Set, Statement, StreamTrait, TransactionTrait};
use sea_orm_routing::error::SessionError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use super::side::Side;
use super::{CAUSAL, WINDOW, forget_follow_up, has, next_read, write};
use crate::support::item;
use crate::support::{error_of, single, soon};

/// Functions that write.
const FUNCTION: [&str; 2] = [
    "CREATE FUNCTION add_item(n int) RETURNS int LANGUAGE sql
        AS 'INSERT INTO item (id, name) VALUES (n, ''by a function '' || n) RETURNING id'",
    "CREATE FUNCTION add_item(n INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA
        BEGIN INSERT INTO item (id, name) VALUES (n, CONCAT('by a function ', n)); RETURN n; END",
];

/// A connection whose replica has the table and the function, and never a row. `trusted`: the user
/// declares, wrongly, that the function only reads.
async fn connect(side: &Side, trusted: bool) -> RoutingConnection {
    side.create("shop").await;
    let db = single(side.options("shop")).await;
    let function = match side {
        Side::Postgres(_) => FUNCTION[0],
        Side::MariaDb(_) => {
            let trust = "SET GLOBAL log_bin_trust_function_creators = 1";
            side.sql(Node::Primary, "shop", trust).await;
            FUNCTION[1]
        }
    };
    let primary = db.primary("default").expect("declared");
    primary.execute_unprepared(function).await.expect("created");
    side.caught_up().await;
    side.pause(0).await;
    if !trusted {
        return db;
    }
    let builder = RoutingConnection::builder().database("default", side.options("shop"));
    let builder = builder.read_only_function("add_item");
    builder.connect().await.expect("connected")
}

fn sessions(db: &RoutingConnection) -> [RoutingConnection; 2] {
    [db.session_with(CAUSAL), db.session_with(WINDOW)]
}

/// The session has written a row, and reads it back.
#[track_caller]
fn wrote(session: &RoutingConnection, what: &str) {
    assert_eq!(next_read(session), Role::Primary, "{what} counts");
}

fn raw(db: &RoutingConnection, sql: impl Into<String>) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}

async fn statements(db: &RoutingConnection, first: i32) {
    for (id, session) in (first..).step_by(100).zip(sessions(db)) {
        write(&session, id).await.expect("written");
        wrote(&session, "an insert");
        assert!(has(&session, id).await);
    }
    for (id, session) in (first + 1..).step_by(100).zip(sessions(db)) {
        let sql = format!("INSERT INTO item (id, name) VALUES ({id}, 'unprepared {id}')");
        session.execute_unprepared(&sql).await.expect("written");
        forget_follow_up(&session);
        wrote(&session, "a raw text");
        assert!(has(&session, id).await);
    }
    for (id, session) in (first + 2..).step_by(100).zip(sessions(db)) {
        let call = raw(&session, format!("SELECT add_item({id})"));
        session.query_one_raw(call).await.expect("called");
        wrote(&session, "a function");
        assert!(has(&session, id).await);
    }
    for (id, session) in (first + 3..).step_by(100).zip(sessions(db)) {
        let sql = format!("INSERT INTO item (id, name) VALUES ({id}, 'item {first}')");
        let twice = session.execute_unprepared(&sql).await;
        twice.expect_err("the name is unique");
        forget_follow_up(&session);
        wrote(&session, "a write that failed");
    }
    for session in sessions(db) {
        session.mark_written("default").expect("declared");
        wrote(&session, "a mark");
        let unknown = error_of(session.mark_written("defualt"));
        assert!(unknown.contains("defualt"), "{unknown}");
    }
    let none = db.mark_written("default").expect_err("no session");
    assert!(
        matches!(none, RoutingError::Session(SessionError::NoSession { .. })),
        "{none}"
    );
}

async fn streams(db: &RoutingConnection, first: i32) {
    for (id, session) in (first..).step_by(100).zip(sessions(db)) {
        let sql =
            format!("INSERT INTO item (id, name) VALUES ({id}, 'streamed {id}') RETURNING id");
        let insert = raw(&session, sql);
        let mut rows = session.stream_raw(insert).await.expect("a stream");
        while soon("a row", rows.try_next())
            .await
            .expect("a row")
            .is_some()
        {}
        forget_follow_up(&session);
        wrote(&session, "a stream that was read to its end");
        assert!(has(&session, id).await);
        drop(rows);
        wrote(&session, "a stream");
    }
}

async fn insert(txn: &impl ConnectionTrait, id: i32, name: &str) {
    let row = item::ActiveModel {
        id: Set(id),
        name: Set(format!("{name} {id}")),
    };
    let insert = item::Entity::insert(row);
    insert.exec_without_returning(txn).await.expect("written");
}

async fn transactions(db: &RoutingConnection, first: i32) {
    for (id, session) in (first..).step_by(100).zip(sessions(db)) {
        let txn = session.begin().await.expect("begun");
        insert(&txn, id, "rolled back").await;
        txn.rollback().await.expect("rolled back");
        let txn = session.begin().await.expect("begun");
        insert(&txn, id, "dropped").await;
        drop(txn);
        let txn = session.begin().await.expect("begun");
        item::Entity::find().all(&txn).await.expect("a read");
        txn.commit().await.expect("committed");
        // Nothing was committed, but a causal session does not go back behind what it read.
        let consistency = session.current_session().expect("a session").consistency();
        let expected = match consistency == CAUSAL {
            true => Role::Primary,
            false => Role::Replica,
        };
        assert_eq!(next_read(&session), expected);
    }
    for how in 0..4 {
        for (id, session) in (first + how..).step_by(100).zip(sessions(db)) {
            let scope = match how {
                1 => session.using("default").expect("declared"),
                2 => session.for_entity(item::Entity).expect("declared"),
                _ => session.clone(),
            };
            let txn = scope.begin().await.expect("begun");
            let nested = txn.begin().await.expect("nested");
            match how {
                3 => insert(&nested.using("default").expect("declared"), id, "there").await,
                _ => insert(&nested, id, "committed").await,
            }
            assert!(has(&nested, id).await, "in the transaction");
            nested.commit().await.expect("released");
            txn.commit().await.expect("committed");
            wrote(&session, "a commit");
            assert!(has(&session, id).await);
        }
    }
}

async fn writes_count(side: Side) {
    let db = connect(&side, false).await;
    statements(&db, 1).await;
    transactions(&db, 11).await;
    // The replica has none of it.
    assert!(
        item::Entity::find()
            .all(&db)
            .await
            .expect("a read")
            .is_empty()
    );
}

#[tokio::test]
async fn writes_count_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        writes_count(side).await;
    }
}

#[tokio::test]
async fn writes_count_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        writes_count(side).await;
    }
}

#[tokio::test]
async fn a_stream_that_was_read_to_its_end_counts_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        streams(&connect(&side, false).await, 1).await;
    }
}

#[tokio::test]
async fn a_stream_that_was_read_to_its_end_counts_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        streams(&connect(&side, false).await, 1).await;
    }
}

/// A replica refuses it as a write, and the primary runs it.
async fn what_a_replica_refused_counts(side: Side) {
    let session = connect(&side, true).await.session_with(CAUSAL);
    let call = raw(&session, "SELECT add_item(1)");
    assert!(session.query_one_raw(call).await.expect("called").is_some());
    assert_eq!(session.reads_refused_by_replicas(), 1);
    wrote(&session, "a statement that a replica refused as a write");
    assert!(has(&session, 1).await);
}

#[tokio::test]
async fn what_a_replica_refused_counts_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        what_a_replica_refused_counts(side).await;
    }
}

#[tokio::test]
async fn what_a_replica_refused_counts_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        what_a_replica_refused_counts(side).await;
    }
}
