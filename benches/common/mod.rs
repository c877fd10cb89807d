//! What the benches share: interleaved timing, and whether this is only a smoke test.

#![allow(dead_code, reason = "each bench uses some of it")]
#![allow(clippy::print_stdout, reason = "a bench prints its report")]

use std::time::{Duration, Instant};

/// Whether the bench only has to show that it runs: `cargo bench -- --smoke`, or `cargo test`.
pub(crate) fn is_smoke() -> bool {
    std::env::args().any(|argument| argument == "--smoke" || argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench")
}

/// Times two things in turn, and returns the least time of each: whatever else the machine does only makes a
/// pass longer.
pub(crate) fn interleave(
    rounds: usize,
    mut a: impl FnMut() -> Duration,
    mut b: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let (mut times_a, mut times_b) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            times_a.push(a());
            times_b.push(b());
        } else {
            times_b.push(b());
            times_a.push(a());
        }
    }
    (least(times_a), least(times_b))
}

/// Times two things in turn, and returns the median ratio of the first to the second: interference
/// slows down both runs of a pair.
pub(crate) fn paired(
    rounds: usize,
    mut a: impl FnMut() -> Duration,
    mut b: impl FnMut() -> Duration,
) -> f64 {
    let mut ratios: Vec<_> = (0..rounds)
        .map(|round| {
            let (first, second);
            if round % 2 == 0 {
                (first, second) = (a(), b());
            } else {
                let late = b();
                (first, second) = (a(), late);
            }
            ratio(first, second)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// How long `times` calls take.
pub(crate) fn time(times: usize, mut call: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        call();
    }
    start.elapsed()
}

pub(crate) fn least(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}

/// One line of a report, with the goal it is held against.
///
/// A smoke test only reports that it ran: an unoptimised figure would mean nothing.
pub(crate) fn report(what: &str, value: f64, unit: &str, goal: &str) {
    if is_smoke() {
        return println!("{what:<64} taken");
    }
    println!("{what:<64} {value:>10.3} {unit:<14} goal {goal}");
}

pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Runs this bench again under callgrind for two amounts of work, and returns the instructions of
/// one piece of work: the cost of start-up cancels out.
pub(crate) fn instructions(
    work: &str,
    few: usize,
    many: usize,
    environment: &[(&str, &str)],
) -> Option<f64> {
    let count = |amount: usize| -> Option<u64> {
        let out = tempfile::NamedTempFile::new().ok()?;
        let output = std::process::Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", out.path().display()))
            .arg(std::env::current_exe().ok()?)
            .args(["--work", work, &amount.to_string()])
            .envs(environment.iter().copied())
            .output()
            .ok()?;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = log.lines().find(|line| line.contains("Collected :"))?;
        collected.rsplit(' ').next()?.parse().ok()
    };
    let (few_count, many_count) = (count(few)?, count(many)?);
    Some((many_count - few_count) as f64 / (many - few) as f64)
}

/// The work that [`instructions`] started this process for.
pub(crate) fn work() -> Option<(String, usize)> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == "--work")?;
    Some((
        arguments.get(place + 1)?.clone(),
        arguments.get(place + 2)?.parse().ok()?,
    ))
}

pub(crate) mod cake {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cake")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
