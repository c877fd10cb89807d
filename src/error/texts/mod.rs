//! The text of every error, once. All other tests match on kinds and their data.

use std::sync::Arc;

use sea_orm::DbErr;

use super::*;
use samples::*;

mod samples;

/// One line for each variant: `Kind::Variant`, a tab, its text.
const TEXTS: &str = include_str!("texts.tsv");

const SOURCES: [&str; 7] = [
    include_str!("../config.rs"),
    include_str!("../binding.rs"),
    include_str!("../topology.rs"),
    include_str!("../availability.rs"),
    include_str!("../refused.rs"),
    include_str!("../transaction.rs"),
    include_str!("../session.rs"),
];

/// `Kind::Variant`, a tab, its text.
fn lines<E: fmt::Debug + fmt::Display>(kind: &str, errors: &[E]) -> Vec<String> {
    let line = |error: &E| {
        let debug = format!("{error:?}");
        let variant = debug.split([' ', '(', '{']).next().unwrap_or_default();
        format!("{kind}::{variant}\t{error}")
    };
    errors.iter().map(line).collect()
}

#[test]
fn every_error_has_its_text() {
    let actual = [
        lines("Config", &config()),
        lines("Binding", &binding()),
        lines("Topology", &topology()),
        lines("Availability", &availability()),
        lines("Refused", &refused()),
        lines("Transaction", &transaction()),
        lines("Session", &session()),
        lines("Token", &token()),
    ]
    .concat();
    for (actual, expected) in actual.iter().zip(TEXTS.lines()) {
        assert_eq!(actual, expected);
    }
    assert_eq!(actual.len(), TEXTS.lines().count(), "{}", actual.join("\n"));
    let declared: usize = SOURCES
        .iter()
        .map(|it| it.matches("#[error(").count())
        .sum();
    assert_eq!(actual.len(), declared, "a variant is missing here");
}

#[test]
fn a_commit_that_may_have_happened_says_so() {
    let error = TxnError::PartialCommit {
        failed: database("warehouse"),
        unknown: true,
        committed: Vec::new(),
        rolled_back: vec![database("default")],
        source: cause(),
    };
    assert!(error.to_string().contains("may or may not have happened"));
}

#[test]
fn as_an_error_of_sea_orm_it_names_the_step_that_failed() {
    let texts = [
        (
            RoutingError::Availability(availability().swap_remove(0)),
            "`URL` into `connection`",
        ),
        (
            RoutingError::Availability(AvailabilityError::NoReplica {
                database: database("default"),
                considered: Vec::new(),
            }),
            "`statement` into `route`",
        ),
        (
            RoutingError::Transaction(TxnError::NestedOpen),
            "`statement` into `transaction`",
        ),
        (
            RoutingError::Transaction(TxnError::CommitUnknown {
                database: database("default"),
                source: Arc::new(DbErr::Custom("connection reset".to_owned())),
            }),
            "`transaction` into `commit`",
        ),
        (
            RoutingError::Session(session().swap_remove(0)),
            "`token` into `session`",
        ),
    ];
    for (error, step) in texts {
        let text = error.to_string();
        let error = DbErr::from(error);
        assert_eq!(
            error.to_string(),
            format!("Error converting {step}: {text}")
        );
        let found = RoutingError::of(&error).map(ToString::to_string);
        assert_eq!(found, Some(text));
    }
}

#[test]
fn main_prints_the_text() {
    let error = RoutingError::Topology(TopologyError::Closed);
    assert_eq!(format!("{error:?}"), error.to_string());
    let printed = format!("{:?}", DbErr::from(error));
    assert!(
        printed.contains("the RoutingConnection is closed; "),
        "{printed}"
    );
}

#[test]
fn it_is_small_enough_to_be_returned() {
    assert!(size_of::<RoutingError>() <= 128);
}
