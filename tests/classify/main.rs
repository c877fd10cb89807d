//! The classifier against what it cannot have been written for: random text, random SQL judged by
//! another parser, and every statement sea-query builds.

mod support;

mod generate;
mod oracle;

mod built_queries;
mod built_schema;
mod differential;
mod invariants;
mod linear;
mod literals;
mod never_panics;
mod statements;
#[test]
fn probe() {
    use sea_orm::DbBackend as D;
    use std::io::Write;
    let Ok(text) = std::fs::read_to_string("/tmp/probe.tsv") else {
        return;
    };
    let mut out = std::fs::File::create("/tmp/probe.out").unwrap();
    for line in text.lines() {
        let Some((d, sql)) = line.split_once('|') else {
            continue;
        };
        let d = match d {
            "p" => D::Postgres,
            "m" => D::MySql,
            _ => D::Sqlite,
        };
        let o = sea_orm_routing::Operation::of(sql, d);
        let t: Vec<_> = o.tables().iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "{:?}\t{}\t{}\t{}\t{:?}",
            d,
            o.access(),
            t.join(","),
            sql,
            o.evidence()
        )
        .unwrap();
    }
}
