//! What the compiler says about a wrong `DeriveBinding`, and about a feature that is off.
//!
//! `TRYBUILD=overwrite cargo test -p sea-orm-routing-macros` writes the expected texts anew.

#[test]
fn wrong_code_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
