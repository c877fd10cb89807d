//! A lane plays cases one after the other on a pool of its own.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::next::{label_after, next_users_are_fine, rows_left};
use super::place::Place;
use super::plan::{Case, Step, cases};
use super::report::Report;
use super::run::{Done, Run};
use super::story::{Fault, Found, Story};
use super::subject::Subject;
use super::texts::{Texts, create_rows, names};
use crate::support::item;

/// Upper bound: no step takes as many polls.
const MOST_POLLS: usize = 300;

/// A pool, and what happened on it.
pub(super) struct Lane<C> {
    place: Place,
    db: C,
    number: usize,
    /// The cases that were played on the pool without a fault.
    played: Vec<(String, Case, Story)>,
    pub(super) report: Report,
}

impl<C: Subject> Lane<C> {
    pub(super) async fn open(place: Place) -> Self {
        let db = connect(&place).await;
        Self {
            place,
            db,
            number: 0,
            played: Vec::new(),
            report: Report::default(),
        }
    }

    /// Cancels every step after no poll, one, two, ... until the step finishes.
    pub(super) async fn play_all(&mut self, steps: &[Step]) {
        let own = |case: &Case| self.place.way.is_none_or(|way| way == case.dropped);
        for first in cases(steps).filter(own).collect::<Vec<_>>() {
            let mut case = first;
            while self.play(case).await {
                case = case.later();
                assert!(case.polls < MOST_POLLS, "{case:?} is never done");
            }
        }
    }

    /// Whether the step was cancelled.
    async fn play(&mut self, case: Case) -> bool {
        self.number += 1;
        let label = format!("{}-{:05}", self.place.name, self.number);
        let mut story = self.story(&label, case).await;
        let cut_off = story.cut_off;
        if cut_off {
            self.report.cut_off(case.step);
        }
        let found = std::mem::take(&mut story.found);
        let in_order = found.is_empty();
        for found in found {
            self.report.found(&label, case, found);
        }
        if in_order {
            self.played.push((label, case, story));
        } else {
            self.start_anew().await;
        }
        cut_off
    }

    /// Plays one case and checks its outcome.
    async fn story(&self, label: &str, case: Case) -> Story {
        let mut run = Run {
            case,
            label,
            texts: Texts::new(
                self.db.pool().get_database_backend(),
                self.place.fresh.then_some(label),
            ),
            slowness: self.place.slowness.as_ref(),
            outside: self.place.outside.as_ref(),
            story: Story::default(),
        };
        let played = AssertUnwindSafe(run.play(&self.db)).catch_unwind();
        let played = self.in_time(played).await;
        run.story.found.extend(played.err());
        let next = next_users_are_fine(&self.db, &run.texts, label, &self.place);
        let next = self.in_time(AssertUnwindSafe(next).catch_unwind()).await;
        run.story.found.extend(next.err());
        match self.rows(&run).await {
            Ok(kept) => run.story.found.extend(run.story.judge(&kept)),
            Err(error) => run.story.find(Fault::Refused, error),
        }
        run.story
    }

    async fn in_time(&self, work: impl Future<Output = std::thread::Result<Done>>) -> Done {
        match tokio::time::timeout(self.place.patience, work).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(Found::new(Fault::Panicked, "a panic")),
            Err(_) => Err(Found::new(Fault::Hangs, "a statement")),
        }
    }

    async fn rows(&self, run: &Run<'_>) -> Result<Vec<String>, DbErr> {
        match &self.place.outside {
            Some(outside) => run.rows(outside).await,
            None => run.rows(&self.db).await,
        }
    }

    /// Continues with a new pool, so that one fault is not reported twice.
    async fn start_anew(&mut self) {
        self.db = connect(&self.place).await;
        self.played.clear();
    }

    /// Checks at the end that the cases without a fault are still without one.
    pub(super) async fn check_again(&mut self) {
        let texts = Texts::new(self.db.pool().get_database_backend(), None);
        for (label, case, story) in std::mem::take(&mut self.played) {
            let kept = self.names(&texts, &label).await;
            for found in story.judge(&kept) {
                self.report.found(&label, case, found);
            }
            let left = self.names(&texts, &label_after(&label)).await.len();
            if left != rows_left(&self.place) {
                let seen = format!("{left} rows of the next users");
                self.report
                    .found(&label, case, Found::new(Fault::Lost, seen));
            }
        }
    }

    async fn names(&self, texts: &Texts, label: &str) -> Vec<String> {
        let rows = match &self.place.outside {
            Some(outside) => outside.query_all_raw(texts.rows_of(label)).await,
            None => self.db.query_all_raw(texts.rows_of(label)).await,
        };
        rows.and_then(names).expect("the rows of a case")
    }

    /// Closes the connection that observes from outside.
    pub(super) async fn close(&self) {
        if let Some(outside) = &self.place.outside {
            outside.close_by_ref().await.expect("closed");
        }
    }
}

/// A database in memory is created with its pool.
async fn connect<C: Subject>(place: &Place) -> C {
    let db = C::connect(place.options.clone()).await;
    if place.outside.is_none() {
        create(&db.pool()).await;
    }
    db
}

/// Creates the tables.
pub(super) async fn create(db: &DatabaseConnection) {
    item::create_on(db).await;
    create_rows(db).await;
}
