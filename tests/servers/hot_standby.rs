//! The routing cases, checked on a real hot standby: it accepts every statement that is classified
//! as a read.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, ExecResult, Statement, Value};

use crate::support::{self, error_of, single};

const CASES: [&str; 2] = [
    include_str!("../cases/routing-cases.tsv"),
    include_str!("../cases/more-cases.tsv"),
];

/// Every table of the cases, with every column they name.
const TABLES: &str = r#"
CREATE SCHEMA reporting;
CREATE SCHEMA s;
CREATE TABLE a (id int, x int, y int, z int, k int, n text, d timestamp, update int,
    "insert" int, "for" int);
INSERT INTO a VALUES (1, 1, 2, 3, 4, 'n', now(), 1, 2, 3), (2, 2, 3, 4, 5, 'm', now(), 4, 5, 6);
CREATE TABLE b (id int, a_id int, x int, t int);
INSERT INTO b VALUES (1, 1, 1, 1), (2, 2, 2, 2);
CREATE TABLE c (id int);
CREATE TABLE cake (id int, name text);
CREATE TABLE fruit (id int, cake_id int);
CREATE TABLE edges (src int, dst int);
CREATE TABLE users (id int);
CREATE TABLE "user" (id int);
CREATE TABLE mixed (id int);
CREATE TABLE "Mixed" (id int);
CREATE TABLE """" (id int);
CREATE TABLE reporting.orders (id int, placed_at timestamp);
CREATE TABLE s.t (id int);
"#;

/// The statements that a dialect's cases send to replicas.
pub(crate) fn reads(dialect: &str) -> Vec<&'static str> {
    let lines = CASES.iter().flat_map(|cases| cases.lines());
    let cases = lines.filter_map(|line| {
        let fields: Vec<_> = line.splitn(4, '\t').collect();
        matches!(fields[..], [of, "replica", ..] if of == dialect).then(|| fields[3])
    });
    cases.collect()
}

/// Runs a case; one with placeholders is prepared, with a number for each.
pub(crate) async fn run(node: &DatabaseConnection, sql: &str) -> Result<ExecResult, DbErr> {
    let dialect = node.get_database_backend();
    let values = match dialect {
        sea_orm::DbBackend::Postgres => (1..9).filter(|n| sql.contains(&format!("${n}"))).count(),
        _ => sql.matches('?').count(),
    };
    if values == 0 {
        return node.execute_unprepared(sql).await;
    }
    let values = vec![Value::Int(Some(1)); values];
    let statement = Statement::from_sql_and_values(dialect, sql, values);
    node.execute_raw(statement).await
}

#[tokio::test]
async fn a_hot_standby_refuses_no_case_that_is_called_a_read() {
    // One of the cases names the database.
    let Some(pg) = support::postgres("db").await else {
        return;
    };
    pg.sql(TABLES).await;
    pg.caught_up().await;
    let db = single(pg.options()).await;
    let standby = db.node("default/2").expect("declared");
    let refusal = error_of(standby.execute_unprepared("DELETE FROM a").await);
    assert!(
        refusal.contains("25006") || refusal.contains("read-only"),
        "{refusal}"
    );

    let mut ran = 0;
    let mut failed = BTreeMap::new();
    for sql in reads("postgres") {
        match run(&standby, sql).await {
            Ok(_) => ran += 1,
            Err(error) => drop(failed.insert(sql, error.to_string())),
        }
    }
    eprintln!(
        "{ran} cases ran on a hot standby, {} failed: {failed:#?}",
        failed.len()
    );
    let refused = |error: &&String| error.contains("read-only") || error.contains("recovery");
    assert_eq!(failed.values().filter(refused).collect::<Vec<_>>(), [""; 0]);
    assert!(
        ran >= 40 && failed.len() * 3 <= ran,
        "only {ran} cases ran: {failed:#?}"
    );
}
