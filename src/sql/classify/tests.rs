//! The case file, and what no server needs to be asked for.

use super::*;

const CASES: &str = include_str!("../../../tests/cases/routing-cases.tsv");
const MORE: &str = include_str!("../../../tests/cases/more-cases.tsv");

struct Case<'a> {
    dialect: DbBackend,
    replica: bool,
    tables: &'a str,
    sql: &'a str,
}

fn cases(file: &'static str) -> impl Iterator<Item = Case<'static>> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<_> = line.splitn(4, '\t').collect();
            let [dialect, route, tables, sql] = fields[..] else {
                panic!("four fields: {line}");
            };
            Case {
                dialect: match dialect {
                    "postgres" => DbBackend::Postgres,
                    "mysql" => DbBackend::MySql,
                    "sqlite" => DbBackend::Sqlite,
                    other => panic!("no dialect: {other}"),
                },
                replica: route == "replica",
                tables,
                sql,
            }
        })
}

fn check(file: &'static str) {
    let mut failures = Vec::new();
    for case in cases(file) {
        let operation = Operation::of(case.sql, case.dialect);
        let mut tables: Vec<_> = operation.tables().iter().map(ToString::to_string).collect();
        tables.sort();
        let mut expected: Vec<_> = case.tables.split(',').map(str::to_owned).collect();
        expected.sort();
        let same_tables = case.tables == "-"
            || (case.tables == "none" && tables.is_empty())
            || tables == expected;
        if (operation.access() == Access::Read) != case.replica || !same_tables {
            failures.push(format!("{:?} {}: {operation:?}", case.dialect, case.sql));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn every_case_of_the_contract_holds() {
    check(CASES);
}

#[test]
fn every_case_of_our_own_holds() {
    check(MORE);
}

#[test]
fn deep_nesting_is_no_recursion() {
    let sql = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(
        Operation::of(&sql, DbBackend::Postgres).access(),
        Access::Unknown
    );
}

#[test]
fn more_table_expressions_than_we_track_are_not_understood() {
    let list: Vec<_> = (0..1000).map(|n| format!("c{n} AS (SELECT 1)")).collect();
    let sql = format!("WITH {} SELECT * FROM c1", list.join(", "));
    assert_eq!(
        Operation::of(&sql, DbBackend::Postgres).access(),
        Access::Unknown
    );
}
