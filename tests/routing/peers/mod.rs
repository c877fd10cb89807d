//! What the test suites of SQLAlchemy and Django assert, asserted here: one test for each behaviour
//! that a user who comes from there expects, with its number in the list of `cases`.
//!
//! Missing are those of two-phase commit (16, 18) and of sharding (23 to 27), which do not exist yet.

mod binding;
mod choosing;
mod migrating;
mod relating;
mod transacting;
