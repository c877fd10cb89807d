//! How many cancellations there were, and which faults were found.

use std::collections::BTreeMap;
use std::fmt;

use super::plan::{Case, Step};
use super::story::{Fault, Found};

/// The outcome of many cases.
#[derive(Debug, Default)]
pub(super) struct Report {
    cuts: BTreeMap<Step, usize>,
    found: Vec<(String, Case, Found)>,
}

impl Report {
    pub(super) fn cut_off(&mut self, step: Step) {
        *self.cuts.entry(step).or_default() += 1;
    }

    pub(super) fn found(&mut self, label: &str, case: Case, found: Found) {
        self.found.push((label.to_owned(), case, found));
    }

    pub(super) fn add(mut self, other: Self) -> Self {
        for (step, cuts) in other.cuts {
            *self.cuts.entry(step).or_default() += cuts;
        }
        self.found.extend(other.found);
        self
    }

    pub(super) fn cuts(&self) -> usize {
        self.cuts.values().sum()
    }

    /// How many cases had a fault of each kind.
    pub(super) fn counts(&self) -> BTreeMap<Fault, usize> {
        let mut cases: Vec<_> = self
            .found
            .iter()
            .map(|(label, _, found)| (found.fault, label))
            .collect();
        cases.sort();
        cases.dedup();
        let mut counts = BTreeMap::new();
        for (fault, _) in cases {
            *counts.entry(fault).or_default() += 1;
        }
        counts
    }

    /// Every step was cancelled, thousands of times in all, and no fault was found.
    #[track_caller]
    pub(super) fn is_clean(&self, least: usize) {
        assert!(self.found.is_empty(), "{self}");
        assert!(self.cuts() >= least, "only {} cuts: {self}", self.cuts());
    }

    /// The fault still occurs.
    #[track_caller]
    pub(super) fn has(&self, fault: Fault) {
        assert!(
            self.counts().contains_key(&fault),
            "no case had the fault {fault:?}: SeaORM has mended this; the README's claim can go. {self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cuts: {:?}", self.cuts(), self.cuts)?;
        write!(f, "cases with faults: {:?}", self.counts())?;
        let mut shown = BTreeMap::new();
        for (label, case, found) in &self.found {
            let times: &mut usize = shown.entry((found.fault, case.step)).or_default();
            *times += 1;
            if *times <= 2 {
                write!(
                    f,
                    "\n  {label}, {case:?}: {:?}, {}",
                    found.fault, found.seen
                )?;
            }
        }
        for ((fault, step), times) in shown {
            write!(f, "\n  {times} times {fault:?} after {step:?}")?;
        }
        Ok(())
    }
}
