//! What does a statement do?
//!
//! A connection sees SQL text and nothing else, so the text has to show whether a replica may run it.
//! The two mistakes do not cost the same: a read on the primary is merely slower, a write on a replica
//! fails or, worse, is lost. Hence the rule: **a replica gets a statement only if it is proven to be a
//! read.** In doubt (an unknown function, a procedure call, text that does not parse) the statement
//! goes to the primary.
//!
//! A grammar of the dialect proves reads, statement by statement, in one linear pass without a syntax
//! tree, without recursion, and without an allocation per token. What it does not accept is scanned for what
//! it does and for its tables, and is no read. A text whose tokens depend on a mode of the session is read in
//! each mode. The result is cached by text.
//!
//! The text cannot show a view that calls a writing function, an operator or a cast with side
//! effects, or a user's function that hides a built-in of the same name. For these there is the guard
//! on the replica's pool: the server refuses, and the statement runs on the primary; and on other pools, the
//! `READ ONLY` transaction of `read_only()`.

mod cache;
mod classify;
mod cursor;
mod found;
mod functions;
mod grammar;
mod keyword;
mod lexer;
mod names;
mod operation;
mod per_node;
mod reserved;
mod scan;
mod server;
mod token;

pub(crate) use cache::Cache;
pub(crate) use classify::classify;
pub(crate) use functions::ReadOnlyFunctions;
pub(crate) use operation::ImplicitCommit;
pub use operation::{Access, Evidence, Operation};
pub use server::Server;
pub(crate) use server::{Flavor, KnownServers};

/// The unquoted words of a text, in order.
pub(crate) fn words(sql: &str, dialect: sea_orm::DbBackend) -> Vec<&str> {
    let word = |token| match token {
        token::Token::Word(word) => Some(word),
        _ => None,
    };
    lexer::Lexer::new(sql, dialect).filter_map(word).collect()
}
