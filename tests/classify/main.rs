//! probe
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
