//! Time grows with the length of the text and no faster, on texts made to hurt.
//!
//! Eight times the text may take 30 times as long: linear work takes 8 times, quadratic 64. A
//! family passes at its first quiet measurement, so that a busy machine only costs time.

use std::time::{Duration, Instant};

use sea_orm_routing::sql::Operation;

use crate::support::DIALECTS;

const SHORT: usize = 6_000;
const TIMES: usize = 8;
const ALLOWED: u32 = 30;
const ATTEMPTS: usize = 40;

/// A text of about so many bytes: a start, a piece over and over, an end per piece.
struct Family(&'static str, &'static str, &'static str);

#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    Family("", "/*", ""),
    Family("", "/*", "*/"),
    Family("SELECT ", "(", ""),
    Family("SELECT ", "(", ")"),
    Family("", ")", ""),
    Family("SELECT * FROM ", "(SELECT * FROM ", ")"),
    Family("", "WITH c# AS (", ""),
    Family("WITH ", "c# AS (SELECT * FROM t#),", ""),
    Family("WITH RECURSIVE ", "c# AS (SELECT * FROM t#, c1),", ""),
    Family("", "WITH RECURSIVE c# AS (SELECT * FROM t#, ", ""),
    Family("SELECT * FROM a", " JOIN t# ON a.id = t#.id", ""),
    Family("SELECT * FROM a", ", t#", ""),
    Family("SELECT * FROM a", ", same", ""),
    Family("SELECT 1", " UNION ALL SELECT x FROM t#", ""),
    Family("SELECT ", "'a' \"b\" ", ""),
    Family("SELECT ", "E'a'\n", ""),
    Family("SELECT ", "E'\\'", ""),
    Family("SELECT E'a'", " \n ", ""),
    Family("SELECT ", "$t#$ ", ""),
    Family("SELECT ", "$t$ $u$ ", ""),
    Family("SELECT $t$", " $t", ""),
    Family("SELECT $", "a", ""),
    Family("SELECT ", "'", ""),
    Family("SELECT ", "`\"[", ""),
    Family("INSERT INTO a (x, y) VALUES ", "($1, 'it''s', now()), ", ""),
    Family("SELECT ", "f#(", ")"),
    Family("SELECT ", "CASE WHEN x THEN ", " END"),
    Family("SELECT ", "1 + ", ""),
    Family("SELECT ", "1a", ""),
    Family("SELECT ", "1e+", ""),
    Family("SELECT a", ".b", ""),
    Family("", "SELECT 1; ", ""),
    Family("", "SET x=1;", ""),
    Family("SET ", "x=1, ", ""),
    Family("SELECT ", "f( ", ""),
    Family("SELECT 1 GROUP BY ", "rollup(a), ", ""),
    Family("SELECT convert(", "a, char, ", ""),
    Family("SELECT '\\'", " '\\' ", ""),
    Family("", "SELECT '\\'; ", ""),
    Family("", "EXPLAIN ", ""),
    Family("EXPLAIN ", "(", ""),
    Family("DELETE FROM a USING ", "t# USING ", ""),
    Family("DROP TABLE a", ", t#", ""),
    Family("CREATE TABLE a (x int", ", y# int REFERENCES t# (id)", ""),
    Family("SELECT 1 ", "/*! x */", ""),
    Family("", "-- x\n", ""),
    Family("GRANT SELECT ON ", "a b ", ""),
];

impl Family {
    fn text(&self, bytes: usize) -> String {
        let Self(start, piece, end) = self;
        let pieces = bytes / (piece.len() + end.len());
        let mut text = (*start).to_owned();
        for number in 0..pieces {
            text += &piece.replace('#', &number.to_string());
        }
        text + &end.repeat(pieces)
    }
}

fn time(sql: &str) -> Duration {
    let start = Instant::now();
    for dialect in DIALECTS {
        std::hint::black_box(Operation::of(sql, dialect));
    }
    start.elapsed()
}

/// Whether the long text takes little enough longer; the ratio otherwise.
fn grows(family: &Family) -> Result<(), f64> {
    let (short, long) = (family.text(SHORT), family.text(SHORT * TIMES));
    let (mut fast, mut slow) = (Duration::MAX, Duration::MAX);
    for _ in 0..ATTEMPTS {
        fast = fast.min(time(&short)).min(time(&short));
        slow = slow.min(time(&long));
        if slow < fast * ALLOWED {
            return Ok(());
        }
    }
    Err(slow.as_secs_f64() / fast.as_secs_f64())
}

#[test]
fn eight_times_the_text_takes_about_eight_times_as_long() {
    let failures: Vec<_> = FAMILIES
        .iter()
        .filter_map(|family| {
            let ratio = grows(family).err()?;
            Some(format!(
                "{ratio:.0} times as long: {}{}...",
                family.0, family.1
            ))
        })
        .collect();
    crate::support::none_failed(&failures);
}

#[test]
fn a_megabyte_in_one_text_is_read_to_its_end() {
    let rows = "(1, 'x'), ".repeat(100_000);
    let sql = format!("INSERT INTO a VALUES {rows}((SELECT max(x) FROM b))");
    for dialect in DIALECTS {
        assert_eq!(
            crate::support::tables(&sql, dialect).len(),
            2,
            "{dialect:?}"
        );
    }
}
