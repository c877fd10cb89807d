//! The public API, compared with the copy kept in `snapshot.txt`, so that no change of it goes
//! unnoticed.
//!
//! The sources are read with `syn`, and what the crate root exports is followed: any stable compiler
//! will do. `UPDATE_PUBLIC_API=1 cargo test --test public_api` writes the copy anew; look at its
//! difference before you commit it. Every feature is taken to be on. Items that a macro makes are
//! listed as the call of the macro.

mod exports;
mod print;
mod tree;

use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const UPDATE: &str = "UPDATE_PUBLIC_API";

#[test]
fn the_public_api_is_the_one_in_the_snapshot() {
    let snapshot = Path::new(ROOT).join("tests/public_api/snapshot.txt");
    let found = public_api();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&snapshot, &found).expect("the snapshot is written");
        return;
    }
    let kept = std::fs::read_to_string(&snapshot).expect("the snapshot");
    let (added, gone) = (missing(&found, &kept), missing(&kept, &found));
    assert!(
        found == kept,
        "the public API has changed; if that is meant, run {UPDATE}=1 cargo test --test public_api\n\
         added:\n{added}\nremoved:\n{gone}"
    );
}

#[test]
fn no_type_of_an_unstable_dependency_is_in_a_signature() {
    let found = public_api();
    for name in [
        "sqlx",
        "sea_query_sqlx",
        "sea_schema",
        "smallvec",
        "boxcar",
        "quick_cache",
        "chacha20poly1305",
        "hkdf",
        "postcard",
        "sha2",
        "foldhash",
        "petgraph",
    ] {
        let lines: Vec<_> = found.lines().filter(|line| line.contains(name)).collect();
        assert!(lines.is_empty(), "{name}: {lines:#?}");
    }
}

fn public_api() -> String {
    let tree = tree::read(&Path::new(ROOT).join("src"));
    print::text(&exports::of(&tree), &tree)
}

/// The lines of one text that the other does not have.
fn missing(of: &str, other: &str) -> String {
    let others: std::collections::HashSet<_> = other.lines().collect();
    let lines = of.lines().filter(|line| !others.contains(line));
    lines.collect::<Vec<_>>().join("\n")
}
