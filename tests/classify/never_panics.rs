//! No text makes the classifier panic, and every text gets an answer.

use proptest::prelude::*;
use sea_orm_routing::sql::Operation;

use crate::support::DIALECTS;

/// The tokens of SQL, and characters that break lexers.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "SELECT", "FROM", "WITH", "RECURSIVE", "AS", "INSERT", "INTO", "UPDATE", "DELETE", "USING",
    "VALUES", "TABLE", "TABLES", "ON", "JOIN", "FOR", "SHARE", "SET", "CREATE", "ALTER", "DROP",
    "INDEX", "TRIGGER", "BEGIN", "END", "EXPLAIN", "ANALYZE", "FORMAT", "QUERY PLAN", "PRAGMA",
    "SHOW", "COLUMNS", "DESCRIBE", "COPY", "LOCK", "IN", "GRANT", "COMMENT", "TO", "RENAME",
    "UNION", "EXCEPT", "GROUP", "BY", "ORDER", "WITHIN", "OVER", "FILTER", "DISTINCT", "IS", "NOT",
    "LIKE", "PARTITION", "OF", "REFERENCES", "MERGE", "REPLACE", "SYSTEM_TIME", "LATERAL", "ONLY",
    "a", "b.c", "count", "nextval", "x1", "1a", "1.5e-3", "0x1F", ".5", "1.", "$1", "?", "?1",
    ":name", "@v", "@@global.x", "@@", ":=", "::", "(", ")", "((", "))", ",", ";", ".", "*", "=",
    "'", "''", "'x'", "\"", "\"\"", "\"q\"", "`", "`q`", "[", "]", "[q]", "\\", "\\'", "E'", "e'\\''",
    "U&\"", "u&'x'", "$$", "$t$", "$t", "$é$", "--", "-- ", "#", "/*", "*/", "/*!", "/*!50000", "/*M!",
    "/*+", "\n", "\r", "\t", "\0", "\u{a0}", "\u{feff}", "é", "漢", "🦀", "ﬀ", "{", "}", "%", "\u{85}",
];

fn settings() -> ProptestConfig {
    ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let glue = prop::sample::select(&[" ", " ", "", "\n"][..]);
    prop::collection::vec((piece, glue), 0..40)
        .prop_map(|words| words.into_iter().map(|(word, glue)| word + glue).collect())
}

fn answers(sql: &str) {
    for dialect in DIALECTS {
        let operation = Operation::of(sql, dialect);
        let names = operation.tables().iter().map(|table| table.name().len());
        assert!(names.sum::<usize>() <= sql.len(), "{dialect:?}: {sql:?}");
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn on_any_text(sql in any::<String>()) {
        answers(&sql);
    }

    #[test]
    fn on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        answers(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn on_words_of_sql_in_any_order(sql in soup()) {
        answers(&sql);
    }

    #[test]
    fn on_a_statement_cut_anywhere(sql in soup(), at in any::<prop::sample::Index>()) {
        let boundaries: Vec<_> = sql.char_indices().map(|(at, _)| at).collect();
        if !boundaries.is_empty() {
            let at = boundaries[at.index(boundaries.len())];
            answers(&sql[..at]);
            answers(&sql[at..]);
        }
    }
}
