//! Replays the case file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::adapter::{Admission, Goes, Outcome, Router};
use super::parse;
use super::setting::Setting;

/// Each file with its name.
const FILES: [(&str, &str); 2] = [
    (
        "decisions.tsv",
        include_str!("../../../tests/cases/decisions.tsv"),
    ),
    (
        "decisions.sessions.tsv",
        include_str!("../../../tests/cases/decisions.sessions.tsv"),
    ),
];

/// One line of a file.
struct Case<'a> {
    /// The file and the line number.
    place: String,
    text: &'a str,
    setting: Setting,
    expected: &'a str,
}

#[test]
fn each_case_is_decided_as_the_file_says() {
    let cases = cases();
    let failures: Vec<String> = cases.iter().filter_map(failure).collect();
    let (failed, all) = (failures.len(), cases.len());
    assert_eq!(failed, 0, "of {all} cases:\n\n{}", failures.join("\n"));
    assert!(all >= 150, "{all} cases");
}

#[test]
fn no_case_stands_there_twice() {
    let mut seen = BTreeSet::new();
    for (place, text) in lines() {
        let columns: Vec<&str> = text.split('|').map(str::trim).take(3).collect();
        assert!(seen.insert(columns), "{place}: {text}");
    }
}

fn cases() -> Vec<Case<'static>> {
    lines().map(|(place, text)| case(place, text)).collect()
}

fn case(place: String, text: &str) -> Case<'_> {
    let columns: Vec<&str> = text.split('|').map(str::trim).collect();
    let ([databases, given, statement, expected] | [databases, given, statement, expected, _]) =
        columns[..]
    else {
        panic!("{place} has {} columns: {text}", columns.len());
    };
    let setting = parse::setting(databases, given, statement);
    Case {
        setting: setting.unwrap_or_else(|error| panic!("{place}: {error}")),
        place,
        text,
        expected,
    }
}

/// The lines that are cases, each with its place.
fn lines() -> impl Iterator<Item = (String, &'static str)> {
    let lines = FILES.iter().flat_map(|(file, text)| {
        let numbered = (1..).zip(text.lines());
        numbered.map(move |(number, line)| (format!("{file}:{number}"), line))
    });
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// What is wrong with a case, and the topology it was decided on.
fn failure(case: &Case<'_>) -> Option<String> {
    let router = Router::new(&case.setting);
    let came = words(&outcomes(&router, &case.setting));
    if came == case.expected {
        return None;
    }
    let mut failure = format!("{}: {}\n", case.place, case.text);
    let topology = router.world.topology.to_string();
    for line in topology.lines() {
        writeln!(failure, "    {line}").expect("a string");
    }
    write!(
        failure,
        "  expected  {}\n  came      {came}\n",
        case.expected
    )
    .expect("a string");
    Some(failure)
}

/// The outcomes of the statement, for every random number that may matter.
fn outcomes(router: &Router<'_>, setting: &Setting) -> Vec<Outcome> {
    match setting.given.random {
        Some(fraction) => vec![router.decide((fraction * u64::MAX as f64) as u64)],
        None => (0..16)
            .map(|part| router.decide(part * (u64::MAX / 15)))
            .collect(),
    }
}

/// The outcomes as the file writes them: nodes with the same reason and treatment stand together.
fn words(outcomes: &[Outcome]) -> String {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for outcome in outcomes {
        let (tail, node) = match outcome {
            Outcome::Goes(goes) => (format!(": {}", treatment(goes)), goes.node.as_str()),
            Outcome::Branch(name, why) => (format!(": {why}"), name.as_str()),
            Outcome::Fails(kind) => (format!(" {kind}"), "error"),
        };
        groups.entry(tail).or_default().insert(node);
    }
    let groups = groups.into_iter().map(|(tail, nodes)| {
        let nodes: Vec<&str> = nodes.into_iter().collect();
        format!("{}{tail}", nodes.join(" "))
    });
    groups.collect::<Vec<_>>().join(" or ")
}

fn treatment(goes: &Goes) -> String {
    let because = goes.because.strip_prefix("bound/").unwrap_or(&goes.because);
    let admission = match goes.admission {
        Admission::Now => "now",
        Admission::HalfOpenTrial => "trial",
        Admission::FallbackPermit => "permit",
        Admission::AwaitCatchUp => "await",
    };
    let retry = match goes.may_retry {
        true => "retry",
        false => "final",
    };
    format!("{because}, {admission}, {retry}")
}
