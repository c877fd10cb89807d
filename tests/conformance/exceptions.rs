//! Intended differences: each is documented on the page "What does not work".

use crate::compare::Difference;
use crate::journal::IN_A_TRANSACTION;
use crate::stage::{Engine, Layout};

/// What differs, and where it is documented.
struct Exception {
    /// The sentence of the page, word for word.
    page: &'static str,
    engines: &'static [Engine],
    layouts: &'static [Layout],
    subject: &'static str,
    /// The scenarios, and the lines of theirs that differ.
    lines: &'static [(&'static str, &'static str)],
    /// A part of what the router records instead.
    routed: &'static str,
}

const ALL: &[Engine] = &[Engine::Sqlite, Engine::Postgres, Engine::MariaDb];
const POSTGRES: &[Engine] = &[Engine::Postgres];
const SPREAD: &[Layout] = &[Layout::Spread];

const EXCEPTIONS: &[Exception] = &[
    Exception {
        page: "A join, subquery or many-to-many `load_many` over tables of two databases",
        engines: ALL,
        layouts: SPREAD,
        subject: "across",
        lines: &[
            ("joined", "also"),
            ("joined", "with"),
            ("joined", "inner"),
            ("subqueries", "exists"),
            ("raw", "a join"),
            ("raw", "a copy"),
        ],
        routed: "one statement names tables of several databases",
    },
    Exception {
        page: "`find_related` and `find_linked` of a row, and an entity loader's `with` of one row",
        engines: ALL,
        layouts: SPREAD,
        subject: "across",
        lines: &[
            ("related", "belongs to"),
            ("related", "has many"),
            ("linked", "books"),
            ("loaded_with_one", "joined"),
        ],
        routed: "one statement names tables of several databases",
    },
    Exception {
        page: "`delete` of a `ModelEx` whose children live in another database",
        engines: ALL,
        layouts: SPREAD,
        subject: "across",
        lines: &[("deleted_together", "deleted")],
        routed: "one statement names tables of several databases",
    },
    Exception {
        page: "A transaction that writes to two databases",
        engines: ALL,
        layouts: SPREAD,
        subject: "across",
        lines: &[
            ("saved_together", "saved"),
            ("written_in_one_transaction", "the second"),
        ],
        routed: "and cannot write to \"lending\" too",
    },
    Exception {
        page: "`apply` of an entity with a Postgres enum that is bound to another database than the handle's",
        engines: POSTGRES,
        layouts: SPREAD,
        subject: "enum_types",
        lines: &[
            ("by_the_builder", "applied"),
            ("by_the_builder", "inserted"),
            ("by_the_builder", "found"),
        ],
        routed: "does not exist",
    },
    Exception {
        page: "A write in a transaction that was declared read-only",
        engines: ALL,
        layouts: &Layout::ROUTED,
        subject: "transactions",
        lines: &[("read_only", "write")],
        routed: "a read-only transaction allows only reads",
    },
    Exception {
        page: "The commit of a Postgres transaction that an error has aborted",
        engines: POSTGRES,
        layouts: &Layout::ROUTED,
        subject: "transactions",
        lines: &[("committed_after_an_error", "committed")],
        routed: "current transaction is aborted",
    },
    Exception {
        page: "A statement of an outer transaction while one nested in it is open",
        engines: ALL,
        layouts: &Layout::ROUTED,
        subject: "savepoints",
        lines: &[("the_outer_meanwhile", "a statement of the outer")],
        routed: "a nested transaction is still open inside this one",
    },
    Exception {
        page: "a statement inside a transaction that commits it implicitly",
        engines: &[Engine::MariaDb],
        layouts: &Layout::ROUTED,
        subject: "errors",
        lines: &[("missing_tables", "drop")],
        routed: "commit the transaction before it runs",
    },
    Exception {
        page: "An isolation level of its own for a *nested* transaction",
        engines: &[Engine::Postgres, Engine::MariaDb],
        layouts: &Layout::ROUTED,
        subject: "savepoints",
        lines: &[("options", "a nested one with options")],
        routed: "a nested transaction is a savepoint and cannot have the isolation level",
    },
];

impl Exception {
    fn applies(&self, engine: Engine, layout: Layout, subject: &str) -> bool {
        self.subject == subject && self.engines.contains(&engine) && self.layouts.contains(&layout)
    }

    fn explains(&self, difference: &Difference) -> bool {
        let says = |routed: &String| routed.contains(self.routed);
        self.lines.iter().any(|line| is_about(difference, line))
            && difference.routed.as_ref().is_some_and(says)
    }
}

fn is_about(difference: &Difference, (scenario, what): &(&str, &str)) -> bool {
    let played = difference.scenario.as_str();
    let played = played.strip_suffix(IN_A_TRANSACTION).unwrap_or(played);
    played == *scenario && difference.what == *what
}

/// The differences that no exception explains, and the exceptions that no longer differ.
pub(crate) fn unexplained(
    engine: Engine,
    layout: Layout,
    subject: &str,
    differences: Vec<Difference>,
) -> Vec<String> {
    let mut found = Vec::new();
    let applying = || {
        EXCEPTIONS
            .iter()
            .filter(|it| it.applies(engine, layout, subject))
    };
    for line in applying().flat_map(|exception| exception.lines) {
        if !differences.iter().any(|it| is_about(it, line)) {
            found.push(format!(
                "{layout:?}: {}: {}: this exception no longer holds",
                line.0, line.1
            ));
        }
    }
    for difference in differences {
        if !applying().any(|it| it.explains(&difference)) {
            found.push(format!("{layout:?}: {difference}"));
        }
    }
    found
}

#[test]
fn every_exception_is_on_the_page() {
    let page = include_str!("../../docs/what-does-not-work.md");
    for exception in EXCEPTIONS {
        assert!(
            page.contains(exception.page),
            "{:?} is not on the page",
            exception.page
        );
    }
}
