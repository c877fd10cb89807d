//! Progress on standard error: a progress line on a terminal, a line for each event elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::{Direction, MigrationEvent, Migrations};
use super::print_line;

/// How often the spinner turns while a migration runs.
const TICK: Duration = Duration::from_millis(120);

/// Prints progress.
#[derive(Clone)]
pub(super) struct ProgressPrinter {
    /// `None` if it is quiet.
    bar: Option<ProgressBar>,
}

impl ProgressPrinter {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet {
            return Self { bar: None };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} ({elapsed})");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar: Some(bar) }
    }

    /// The same migrations, with their progress printed.
    pub(super) fn listen(&self, migrations: Migrations) -> Migrations {
        match self.bar.clone() {
            Some(bar) => migrations.on_progress(move |event| show(&bar, event)),
            None => migrations,
        }
    }

    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &ProgressBar, event: &MigrationEvent<'_>) {
    match event {
        MigrationEvent::Waiting { database } => {
            line(
                bar,
                &format!("{database}: another migrator is at work, waiting"),
            );
        }
        MigrationEvent::Dropping { database } => {
            line(bar, &format!("{database}: dropping every table"));
        }
        MigrationEvent::Started {
            database,
            migration,
            direction,
            number,
            of,
        } => {
            bar.reset_elapsed();
            bar.set_length(u64::try_from(*of).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(*number).unwrap_or(u64::MAX));
            bar.set_message(format!("{database}: {} {migration}", present(*direction)));
            bar.enable_steady_tick(TICK);
        }
        MigrationEvent::Finished {
            database,
            migration,
            direction,
            elapsed,
        } => {
            bar.disable_steady_tick();
            let seconds = elapsed.as_secs_f64();
            let done = past(*direction);
            line(
                bar,
                &format!("{database}: {done} {migration} in {seconds:.2} s"),
            );
        }
        MigrationEvent::Done {
            database,
            migrations: 0,
        } => line(bar, &format!("{database}: nothing to do")),
        MigrationEvent::Done { .. } => {}
    }
}

/// Prints a line that stays, above the progress line.
fn line(bar: &ProgressBar, line: &str) {
    match bar.is_hidden() {
        true => print_line(line),
        false => bar.println(line),
    }
}

fn present(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applying",
        Direction::Down => "reverting",
    }
}

fn past(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applied",
        Direction::Down => "reverted",
    }
}
