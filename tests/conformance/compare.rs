//! Two journals side by side.

use std::fmt;

use crate::journal::{ENDED, IN_A_TRANSACTION, Line};

/// Where a routed run saw something other than the bare one.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) scenario: String,
    pub(crate) what: String,
    pub(crate) bare: Option<String>,
    pub(crate) routed: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [bare, routed] = [&self.bare, &self.routed].map(|seen| match seen {
            Some(seen) => seen.as_str(),
            None => "(nothing)",
        });
        let same = bare.chars().zip(routed.chars());
        let same = same.take_while(|(bare, routed)| bare == routed).count();
        writeln!(f, "{}: {}", self.scenario, self.what)?;
        writeln!(f, "    bare:   {}", Excerpt(bare, same))?;
        writeln!(f, "    routed: {}", Excerpt(routed, same))
    }
}

/// A text around its first difference.
struct Excerpt<'t>(&'t str, usize);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.1.saturating_sub(BEFORE);
        if start > 0 {
            f.write_str("[..] ")?;
        }
        let shown: String = self.0.chars().skip(start).take(BEFORE + AFTER).collect();
        f.write_str(&shown)?;
        match self.0.chars().count() > start + BEFORE + AFTER {
            true => f.write_str(" [..]"),
            false => Ok(()),
        }
    }
}

/// How many characters are shown before a difference, and from there on.
const BEFORE: usize = 120;
const AFTER: usize = 400;

/// Every line that differs, scenario by scenario.
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

/// Rejects a scenario that fails on the bare connection, or records nothing: it would prove
/// nothing.
///
/// # Panics
///
/// If there is one. In a Postgres transaction an error ends the rest of a scenario too.
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
