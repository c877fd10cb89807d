//! Where does a read or a write go when something is wrong? One line each, in a file a person reads.
//!
//! `tests/cases/decisions.tsv` lists topologies, options, scopes and session histories with the
//! decision each leads to. The tests here replay it, and check rules over generated topologies.
//!
//! | file | what it does |
//! |---|---|
//! | [`setting`] | the facts a decision depends on, as a case states them |
//! | [`parse`] | reads them from a line |
//! | [`world`] | builds the topology |
//! | [`adapter`] | asks the router; the only file that names its types |
//! | [`cases`] | replays the file |
//! | [`rules`] | checks rules over generated settings |

mod adapter;
mod cases;
mod generated;
mod parse;
mod rules;
mod setting;
mod world;
