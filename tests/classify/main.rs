//! The classifier on input it was not written for: random text, random SQL judged by another
//! parser, and every statement sea-query builds.

mod built;
mod support;

mod generate;
mod judge;
mod oracle;

mod built_queries;
mod built_schema;
mod built_writes;
mod differential;
mod invariants;
mod linear;
mod literals;
mod never_panics;
mod statements;
