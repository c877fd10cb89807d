//! Statements that no text shows to write: views, attribute notation, operators, casts, domains. A handle that only reads
//! runs them where the server refuses to write, even on a primary without replicas.

use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbErr, Statement, StreamTrait, TransactionTrait};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::sql::Access;

use crate::support::{self, options, single, value};

/// Everything here writes a row to `log`.
const POSTGRES: &str = "
    CREATE TABLE log (id INT);
    CREATE TABLE word (id INT, name TEXT);
    INSERT INTO word VALUES (1, 'a');
    CREATE FUNCTION audit(word) RETURNS INT LANGUAGE sql AS
        'INSERT INTO log VALUES (1) RETURNING id';
    CREATE FUNCTION audit(INT, INT) RETURNS INT LANGUAGE sql AS
        'INSERT INTO log VALUES (2) RETURNING id';
    CREATE OPERATOR === (LEFTARG = INT, RIGHTARG = INT, FUNCTION = audit);
    CREATE CAST (word AS INT) WITH FUNCTION audit(word);
    CREATE DOMAIN audited_int AS INT CHECK (audit(VALUE, 1) > 0);
    CREATE VIEW audited AS SELECT audit(word) FROM word;";
const POSTGRES_READS: [&str; 5] = [
    "SELECT a.audit FROM word AS a",
    "SELECT id === 1 FROM word",
    "SELECT CAST(a AS INT) FROM word AS a",
    "SELECT 1::audited_int",
    "SELECT * FROM audited",
];

const MARIADB: [&str; 4] = [
    "CREATE TABLE log (id INT)",
    "CREATE TABLE word (id INT, name TEXT)",
    "CREATE FUNCTION audit(a INT) RETURNS INT MODIFIES SQL DATA
        BEGIN INSERT INTO log VALUES (a); RETURN a; END",
    "CREATE VIEW audited AS SELECT audit(1)",
];
const MARIADB_READS: [&str; 1] = ["SELECT * FROM audited"];

async fn logged(db: &RoutingConnection) -> Option<i64> {
    value(db, "SELECT count(*) FROM log")
        .await
        .expect("a number")
}

/// Each text counts as a read, writes where nothing keeps it from it, and is refused on a handle that only
/// reads; the pool takes writes afterwards.
async fn only_reads(db: &RoutingConnection, reads: &[&str], refusal: &str) {
    for sql in reads {
        let route = db.explain_sql(sql).expect("a route");
        assert_eq!(route.access(), Access::Read, "{sql}");
        let statement = Statement::from_string(db.get_database_backend(), *sql);
        let reader = db.read_only();
        let refused = [
            reader.query_all_raw(statement.clone()).await.err(),
            reader.execute_unprepared(sql).await.err(),
            in_transaction(&reader, sql).await.err(),
            streamed(&reader, statement).await.err(),
        ];
        for refused in refused {
            let refused = refused.expect("it writes").to_string();
            assert!(refused.contains(refusal), "{sql}: {refused}");
        }
        assert_eq!(logged(db).await, Some(0), "{sql}");
        db.execute_unprepared(sql).await.expect("it may write");
        assert_ne!(logged(db).await, Some(0), "{sql}");
        let emptied = db.execute_unprepared("DELETE FROM log").await;
        emptied.expect("the pool takes writes");
    }
}

async fn in_transaction(reader: &RoutingConnection, sql: &str) -> Result<(), DbErr> {
    let txn = reader.begin().await?;
    txn.execute_unprepared(sql).await?;
    txn.commit().await
}

async fn streamed(reader: &RoutingConnection, statement: Statement) -> Result<(), DbErr> {
    let rows = reader.stream_raw(statement).await?;
    rows.try_for_each(|_| std::future::ready(Ok(()))).await
}

#[tokio::test]
async fn a_hidden_write_of_a_reading_handle_is_refused_by_postgres() {
    let Some(pg) = support::postgres("proven_pg").await else {
        return;
    };
    pg.sql(POSTGRES).await;
    let db = single(options(pg.cluster.primary_url(pg.name)).into()).await;
    only_reads(&db, &POSTGRES_READS, "read-only transaction").await;
}

#[tokio::test]
async fn a_hidden_write_of_a_reading_handle_is_refused_by_mariadb() {
    let Some(maria) = support::mariadb("proven_maria").await else {
        return;
    };
    let db = single(options(maria.cluster.primary_url(maria.name)).into()).await;
    for sql in MARIADB {
        db.execute_unprepared(sql).await.expect(sql);
    }
    only_reads(&db, &MARIADB_READS, "1792").await;
}

#[tokio::test]
async fn a_stream_of_a_reading_handle_dropped_midway_leaves_its_pool_writable() {
    let Some(pg) = support::postgres("proven_stream").await else {
        return;
    };
    pg.sql("CREATE TABLE log (id INT)").await;
    let mut options = options(pg.cluster.primary_url(pg.name));
    options.max_connections(1);
    let db = single(options.into()).await;
    let reader = db.read_only();
    let sql = "SELECT i FROM generate_series(1, 1000) AS i";
    let numbers = Statement::from_string(db.get_database_backend(), sql);
    let mut rows = reader.stream_raw(numbers).await.expect("a stream");
    rows.next().await.expect("a row").expect("a number");
    drop(rows);
    let written = db.execute_unprepared("INSERT INTO log VALUES (1)").await;
    written.expect("the connection writes again");
}

#[tokio::test]
async fn functions_of_mariadb_alone_are_reads_of_its_replica() {
    let Some(maria) = support::mariadb("proven_nvl").await else {
        return;
    };
    let db = maria.connect().await;
    let of = |sql: &str| db.explain_sql(sql).expect("a route");
    let nvl = of("SELECT nvl(name, '') FROM item");
    assert_eq!(nvl.access(), Access::Read, "{nvl}");
    let uuid = of("SELECT is_uuid(name) FROM item");
    assert_eq!(uuid.access(), Access::Unknown, "{uuid}");
}
