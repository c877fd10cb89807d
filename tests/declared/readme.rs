//! The README's code is the code of `examples/readme.rs` and of the file beside this one, which
//! compile.

const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../../examples/readme.rs");
const DERIVE: &str = include_str!("readme_derive.rs");

#[test]
fn every_block_of_the_readme_is_compiled() {
    let blocks: Vec<_> = README
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 8);
    for block in blocks {
        assert!(
            EXAMPLE.contains(block) || DERIVE.contains(block),
            "not in examples/readme.rs:\n{block}"
        );
    }
}
