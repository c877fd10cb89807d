//! The classifier against sqlparser, over random SQL and over the case files.

use sea_orm::DbBackend;
use sea_orm_routing::sql::Access;

use crate::generate::statement;
use crate::oracle::verdict;
use crate::support::{access, case_texts, none_failed, tables};

const STATEMENTS: u64 = 20_000;

/// Below this share of parsed statements the comparison would say little.
const PARSED: u64 = 70;

fn compare(sql: &str, dialect: DbBackend) -> Option<Result<(), String>> {
    let expected = verdict(sql, dialect)?;
    let read = access(sql, dialect) == Access::Read;
    let named = tables(sql, dialect);
    Some(match read == expected.read && named == expected.tables {
        true => Ok(()),
        false => Err(format!(
            "read {read}, tables {named:?}, but sqlparser {expected:?}: {sql}"
        )),
    })
}

/// sqlparser is recursive, and its frames are large where it is not optimised.
const STACK: usize = 64 << 20;

fn over_random_statements(dialect: DbBackend) {
    let compared = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || compare_all(dialect));
    let (judged, mut failures) = compared.expect("a thread").join().expect("no panic");
    failures.sort_by_key(String::len);
    none_failed(&failures);
    assert!(
        judged * 100 >= STATEMENTS * PARSED,
        "sqlparser judged only {judged}"
    );
}

/// How many statements sqlparser judged, and those on which the two differ.
fn compare_all(dialect: DbBackend) -> (u64, Vec<String>) {
    let mut failures = Vec::new();
    let mut judged = 0;
    for seed in 0..STATEMENTS {
        let Some(result) = compare(&statement(seed, dialect), dialect) else {
            continue;
        };
        judged += 1;
        if let Err(failure) = result {
            failures.push(format!("seed {seed}: {failure}"));
        }
    }
    (judged, failures)
}

#[test]
fn both_agree_on_postgres() {
    over_random_statements(DbBackend::Postgres);
}

#[test]
fn both_agree_on_mysql() {
    over_random_statements(DbBackend::MySql);
}

#[test]
fn both_agree_on_sqlite() {
    over_random_statements(DbBackend::Sqlite);
}

/// Where sqlparser reads something else: `ONLY` and pragmas as tables, MariaDB's executable comment
/// as a comment, variables as columns, a stored function of MySQL's as its own, a full-text table as a function, `1.FROM` as a name,
/// `into` as a collation; and where it knows no other mode of quotes, no function of an application's.
const MISREAD: [&str; 15] = [
    "count (",
    "max/",
    " ONLY ",
    "pragma_",
    "/*M!",
    "@",
    "docs(",
    "1.FROM",
    "COLLATE into",
    "x REGEXP",
    "\\'",
    "\"\\\"",
    "QB_NAME",
    "nextval",
    "json_each(1)",
];

/// Compares the tables only: the case files use functions that the second opinion does not know.
#[test]
fn both_agree_on_the_tables_of_the_case_files() {
    let mut failures = Vec::new();
    let mut judged = 0;
    for (dialect, sql) in case_texts() {
        if MISREAD.iter().any(|part| sql.contains(part)) {
            continue;
        }
        let Some(expected) = verdict(sql, dialect) else {
            continue;
        };
        judged += 1;
        let named = tables(sql, dialect);
        if named != expected.tables {
            failures.push(format!(
                "{dialect:?} {named:?}, but sqlparser {:?}: {sql}",
                expected.tables
            ));
        }
        if expected.read && access(sql, dialect) > Access::LockingRead {
            failures.push(format!(
                "{dialect:?} not a read, but sqlparser says it is: {sql}"
            ));
        }
    }
    none_failed(&failures);
    assert!(judged > 60, "sqlparser judged only {judged}");
}
