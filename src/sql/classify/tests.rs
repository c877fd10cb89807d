//! The case file, and what no server needs to be asked for.

use super::*;

const CASES: &str = include_str!("../../../tests/cases/routing-cases.tsv");
const HOLES: &str = include_str!("../../../tests/cases/classify-holes.tsv");
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
                dialect: dialect_of(dialect),
                replica: route == "replica",
                tables,
                sql,
            }
        })
}

fn dialect_of(name: &str) -> DbBackend {
    match name {
        "postgres" => DbBackend::Postgres,
        "mysql" => DbBackend::MySql,
        "sqlite" => DbBackend::Sqlite,
        other => panic!("no dialect: {other}"),
    }
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

/// Texts that were once routed wrong.
#[test]
fn every_hole_is_closed() {
    let mut failures = Vec::new();
    for line in HOLES.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.splitn(3, '\t').collect();
        let [dialect, expected, sql] = fields[..] else {
            panic!("three fields: {line}");
        };
        let sql = sql.replace("\\ufeff", "\u{feff}");
        let operation = Operation::of(&sql, dialect_of(dialect));
        let tables: Vec<_> = operation.tables().iter().map(ToString::to_string).collect();
        let right = match expected.split_once(" tables=") {
            None => (operation.access() == Access::Read) == (expected == "replica"),
            Some((_, named)) => operation.access() == Access::Read && tables.join(",") == named,
        };
        if !right {
            failures.push(format!("{dialect} {sql}: {operation:?}"));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
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

/// With `NO_BACKSLASH_ESCAPES` the string ends at its first quote.
#[test]
fn a_backslash_before_a_quote_is_read_both_ways() {
    for sql in [
        r"SELECT 'it\'s'",
        r"SELECT id FROM a WHERE name = 'it\'s; delete' ORDER BY id",
        r#"SELECT "a\"b" FROM a"#,
    ] {
        let operation = Operation::of(sql, DbBackend::MySql);
        assert_eq!(operation.access(), Access::Read, "{sql}");
    }
    for sql in [
        r"SELECT 'a\' INTO OUTFILE ''/tmp/x'' -- '",
        r"SELECT 'a\', get_lock('b', 1), \''",
        r"SELECT 'a\'; DELETE FROM a; SELECT '",
        r"SELECT 'a\' FROM a FOR UPDATE; SELECT '",
        r"SELECT 'a\' FROM a, b WHERE c = ''",
    ] {
        let operation = Operation::of(sql, DbBackend::MySql);
        assert_eq!(operation.access(), Access::Unknown, "{sql}");
    }
}
