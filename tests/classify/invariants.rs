//! Changes to a text that must not change its classification, and changes that must.

use sea_orm::DbBackend;
use sea_orm_routing::sql::{Access, Evidence, Operation};

use crate::generate::statement;
use crate::support::{DIALECTS, access, case_texts, none_failed, outcome, tables};

const STATEMENTS: u64 = 400;

/// Generated statements and the case files, without texts that end in the middle of a token.
fn whole_texts() -> Vec<(DbBackend, String)> {
    let generated = DIALECTS
        .into_iter()
        .flat_map(|dialect| (0..STATEMENTS).map(move |seed| (dialect, statement(seed, dialect))));
    let cases = case_texts().map(|(dialect, sql)| (dialect, sql.to_owned()));
    let whole = |sql: &str, dialect| {
        let evidence = Operation::of(sql, dialect).evidence().clone();
        !matches!(
            evidence,
            Evidence::Unterminated | Evidence::Empty | Evidence::Unparsed
        ) && !sql.contains("never ends")
            && !sql.contains("BEGIN")
    };
    generated
        .chain(cases)
        .filter(|(dialect, sql)| whole(sql, *dialect))
        .collect()
}

/// Every whole text is changed and must be classified as before.
#[track_caller]
fn unchanged_by(change: impl Fn(&str) -> String) {
    let mut failures = Vec::new();
    for (dialect, sql) in whole_texts() {
        let changed = change(&sql);
        let (before, after) = (outcome(&sql, dialect), outcome(&changed, dialect));
        if before != after {
            failures.push(format!(
                "{dialect:?} {before:?} became {after:?}: {changed}"
            ));
        }
    }
    none_failed(&failures);
}

fn reads(dialect: DbBackend) -> impl Iterator<Item = String> {
    (0..STATEMENTS)
        .map(move |seed| statement(seed, dialect))
        .filter(move |sql| access(sql, dialect) == Access::Read)
}

/// The keywords of a generated text: its names and literals are never all in capitals.
fn lower_keywords(sql: &str) -> String {
    sql.split_inclusive(|c: char| !c.is_ascii_alphabetic())
        .map(|word| match word.chars().any(|c| c.is_ascii_lowercase()) {
            true => word.to_owned(),
            false => word.to_ascii_lowercase(),
        })
        .collect()
}

#[test]
fn a_comment_changes_nothing() {
    unchanged_by(|sql| format!("{sql} -- FOR UPDATE; DELETE FROM z\n"));
    unchanged_by(|sql| format!("/* INSERT INTO z */ {sql} /* ' \" */"));
}

#[test]
fn white_space_changes_nothing() {
    unchanged_by(|sql| format!("\n\t {sql} \r\n "));
}

#[test]
fn an_empty_statement_after_it_changes_nothing() {
    unchanged_by(|sql| format!("{sql}\n;"));
    unchanged_by(|sql| format!("{sql}\n ; -- done"));
}

#[test]
fn the_case_of_keywords_changes_nothing() {
    let mut failures = Vec::new();
    for dialect in DIALECTS {
        for sql in (0..STATEMENTS).map(|seed| statement(seed, dialect)) {
            let lower = lower_keywords(&sql);
            if outcome(&sql, dialect) != outcome(&lower, dialect) {
                failures.push(format!("{dialect:?}: {lower}"));
            }
        }
    }
    none_failed(&failures);
}

#[test]
fn two_statements_are_as_strict_as_the_stricter_and_name_the_tables_of_both() {
    let texts = whole_texts();
    let mut failures = Vec::new();
    for pair in texts.windows(2) {
        let [(dialect, a), (other, b)] = pair else {
            continue;
        };
        if dialect != other {
            continue;
        }
        let both = outcome(&format!("{a}\n; {b}"), *dialect);
        let strictest = access(a, *dialect).max(access(b, *dialect));
        let named = &tables(a, *dialect) | &tables(b, *dialect);
        if both != (strictest, named) {
            failures.push(format!("{dialect:?}: {a}; {b}"));
        }
    }
    none_failed(&failures);
}

#[test]
fn explain_does_what_its_statement_does() {
    let mut failures = Vec::new();
    for dialect in DIALECTS {
        let prefixes: &[&str] = match dialect {
            DbBackend::Postgres => &[
                "EXPLAIN",
                "EXPLAIN ANALYZE",
                "EXPLAIN (ANALYZE, FORMAT JSON)",
            ],
            DbBackend::MySql => &[
                "EXPLAIN",
                "EXPLAIN ANALYZE",
                "EXPLAIN FORMAT=JSON",
                "DESCRIBE",
            ],
            _ => &["EXPLAIN", "EXPLAIN QUERY PLAN"],
        };
        for sql in (0..STATEMENTS).map(|seed| statement(seed, dialect)) {
            for prefix in prefixes {
                let explained = format!("{prefix} {sql}");
                if outcome(&sql, dialect) != outcome(&explained, dialect) {
                    failures.push(format!("{dialect:?}: {explained}"));
                }
            }
        }
    }
    none_failed(&failures);
}

#[test]
fn a_writing_table_expression_makes_a_read_a_write() {
    for sql in reads(DbBackend::Postgres).filter(|sql| !sql.starts_with("WITH")) {
        let writes = format!("WITH w AS (DELETE FROM zz WHERE x = 1 RETURNING *) {sql}");
        assert_eq!(
            access(&writes, DbBackend::Postgres),
            Access::Write,
            "{writes}"
        );
        assert!(
            tables(&writes, DbBackend::Postgres).contains("zz"),
            "{writes}"
        );
    }
}

#[test]
fn a_locking_clause_makes_a_read_a_locking_read() {
    let locks: [(DbBackend, &[&str]); 2] = [
        (
            DbBackend::Postgres,
            &[
                "FOR UPDATE",
                "FOR NO KEY UPDATE",
                "FOR SHARE",
                "FOR KEY SHARE NOWAIT",
            ],
        ),
        (
            DbBackend::MySql,
            &["FOR UPDATE", "FOR SHARE SKIP LOCKED", "LOCK IN SHARE MODE"],
        ),
    ];
    for (dialect, locks) in locks {
        for sql in reads(dialect) {
            for lock in locks {
                let locking = format!("{sql} {lock}");
                assert_eq!(access(&locking, dialect), Access::LockingRead, "{locking}");
                let inside = format!("SELECT * FROM ({locking}) AS s");
                assert_eq!(access(&inside, dialect), Access::LockingRead, "{inside}");
            }
        }
    }
}
