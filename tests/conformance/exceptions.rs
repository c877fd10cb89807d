//! Differences that are meant: each is written down on the page "What does not work".

use crate::compare::Difference;
use crate::stage::{Engine, Layout};

/// A difference, and where it is documented.
struct Exception {
    /// What the page says of it, word for word.
    page: &'static str,
    engines: &'static [Engine],
    layouts: &'static [Layout],
    subject: &'static str,
    scenario: &'static str,
    what: &'static str,
    /// A part of what the router says instead.
    routed: &'static str,
}

const EXCEPTIONS: &[Exception] = &[];

impl Exception {
    fn applies(&self, engine: Engine, layout: Layout, subject: &str) -> bool {
        self.subject == subject && self.engines.contains(&engine) && self.layouts.contains(&layout)
    }

    fn explains(&self, difference: &Difference) -> bool {
        let says = |routed: &String| routed.contains(self.routed);
        self.scenario == difference.scenario
            && self.what == difference.what
            && difference.routed.as_ref().is_some_and(says)
    }
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
    for exception in applying() {
        if !differences.iter().any(|it| exception.explains(it)) {
            let (scenario, what) = (exception.scenario, exception.what);
            found.push(format!(
                "{layout:?}: {scenario}: {what}: this exception no longer holds"
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
