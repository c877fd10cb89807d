//! What the compiler says about a wrong `DeriveBinding`.
//!
//! `TRYBUILD=overwrite cargo test -p sea-orm-routing-macros` writes the expected texts anew.

#[test]
fn a_wrong_derive_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
