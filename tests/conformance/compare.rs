//! Two journals side by side.

use std::fmt;

use crate::journal::{ENDED, IN_A_TRANSACTION, Line};

/// Where a routed run saw something else than the bare one.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) scenario: String,
    pub(crate) what: String,
    pub(crate) bare: Option<String>,
    pub(crate) routed: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = |seen: &Option<String>| seen.clone().unwrap_or("(nothing)".to_owned());
        writeln!(f, "{}: {}", self.scenario, self.what)?;
        writeln!(f, "    bare:   {}", seen(&self.bare))?;
        writeln!(f, "    routed: {}", seen(&self.routed))
    }
}

/// Every line that is not the same in both, scenario by scenario.
pub(crate) fn differences(bare: &[Line], routed: &[Line]) -> Vec<Difference> {
    let mut found = Vec::new();
    for scenario in scenarios(bare, routed) {
        let of = |lines: &[Line]| -> Vec<Line> {
            let of = lines.iter().filter(|line| line.scenario == scenario);
            of.cloned().collect()
        };
        let (bare, routed) = (of(bare), of(routed));
        for index in 0..bare.len().max(routed.len()) {
            let (bare, routed) = (bare.get(index), routed.get(index));
            if bare != routed {
                found.push(difference(bare, routed));
            }
        }
    }
    found
}

fn difference(bare: Option<&Line>, routed: Option<&Line>) -> Difference {
    let named = bare.or(routed).expect("one of them is longer");
    let seen = |line: &Line| match line.what == named.what {
        true => line.seen.clone(),
        false => format!("{}: {}", line.what, line.seen),
    };
    Difference {
        scenario: named.scenario.clone(),
        what: named.what.clone(),
        bare: bare.map(seen),
        routed: routed.map(seen),
    }
}

fn scenarios<'l>(bare: &'l [Line], routed: &'l [Line]) -> Vec<&'l str> {
    let mut names: Vec<&str> = Vec::new();
    for line in bare.iter().chain(routed) {
        if !names.contains(&line.scenario.as_str()) {
            names.push(&line.scenario);
        }
    }
    names
}

/// A scenario that fails on the bare connection, or sees nothing, would prove nothing.
///
/// # Panics
///
/// When there is one. In a transaction of Postgres an error ends the rest of a scenario too.
pub(crate) fn assert_sound(bare: &[Line]) {
    for (index, line) in bare.iter().enumerate() {
        if line.what != ENDED {
            continue;
        }
        let aborted = line.scenario.ends_with(IN_A_TRANSACTION)
            && line.seen.contains("current transaction is aborted");
        assert!(
            line.seen == "()" || aborted,
            "{} fails on the bare connection: {}",
            line.scenario,
            line.seen
        );
        let before = index.checked_sub(1).map(|before| &bare[before]);
        assert!(
            before.is_some_and(|before| before.scenario == line.scenario) || aborted,
            "{} notes nothing",
            line.scenario
        );
    }
}
