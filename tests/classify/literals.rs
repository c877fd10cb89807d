//! The content of a literal, a quoted alias or a comment never matters.

use proptest::prelude::*;
use sea_orm::DbBackend;

use crate::support::{DIALECTS, outcome};

#[rustfmt::skip]
const NASTY: &[&str] = &[
    "FOR UPDATE", "; DELETE FROM z", "'", "\"", "`", "\\", "--", "-- ", "/*", "*/", "/*!", "$$", "$t$",
    "(", ")", ",", ";", "INTO z", "FROM z", "nextval('s')", "\n", "#", "@x", "]", "[", "E'", "é", "\r",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(NASTY).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// The spellings a dialect has for one string.
fn literals(text: &str, dialect: DbBackend) -> Vec<String> {
    let doubled = text.replace('\'', "''");
    match dialect {
        DbBackend::Postgres => {
            let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
            let mut all = vec![format!("E'{escaped}'")];
            // Without `standard_conforming_strings`, a backslash escapes the quote after it.
            if !text.contains("\\'") && !text.ends_with('\\') {
                all.push(format!("'{doubled}'"));
            }
            if !format!("{text}$").contains("$q$") {
                all.push(format!("$q${text}$q$"));
            }
            all
        }
        DbBackend::MySql => {
            let doubled = doubled.replace('\\', "\\\\");
            let double = text.replace('\\', "\\\\").replace('"', "\"\"");
            vec![format!("'{doubled}'"), format!("\"{double}\"")]
        }
        _ => vec![format!("'{doubled}'")],
    }
}

fn quoted(name: &str, dialect: DbBackend) -> String {
    match dialect {
        DbBackend::MySql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_a_literal(text in text()) {
        for dialect in DIALECTS {
            for literal in literals(&text, dialect) {
                for frame in ["SELECT # FROM a WHERE x = # ORDER BY y", "UPDATE a SET x = # WHERE y = lower(#)"] {
                    let sql = frame.replace('#', &literal);
                    let plain = frame.replace('#', "'x'");
                    prop_assert_eq!(outcome(&sql, dialect), outcome(&plain, dialect), "{}", sql);
                }
            }
        }
    }

    #[test]
    fn in_a_quoted_name(text in text()) {
        for dialect in DIALECTS {
            let alias = quoted(&text, dialect);
            let sql = format!("SELECT x AS {alias} FROM a AS {alias} WHERE {alias}.x = 1");
            prop_assert_eq!(outcome(&sql, dialect), outcome("SELECT x FROM a", dialect), "{}", sql);
        }
    }

    #[test]
    fn in_a_comment(text in text()) {
        let text = text.replace("/*", "").replace("*/", "");
        for dialect in DIALECTS {
            let block = format!("SELECT x /* {text} */ FROM a");
            prop_assert_eq!(outcome(&block, dialect), outcome("SELECT x FROM a", dialect), "{}", block);
            let line = format!("SELECT x -- {}\n FROM a", text.replace(['\n', '\r'], " "));
            prop_assert_eq!(outcome(&line, dialect), outcome("SELECT x FROM a", dialect), "{}", line);
        }
    }
}
