//! One case while it runs: what it does, and what it records.

use std::future::Future;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::plan::{Case, Step};
use super::story::{End, Fate, Fault, Found, Story};
use super::subject::{Subject, Transaction};
use super::texts::{Texts, name, names};
use super::{nested, pool, statements, streams};
use crate::support::cut::cut;
use crate::support::slow_link::Pace;

/// The outcome of a step that was not cancelled.
pub(super) type Done = Result<(), Found>;

/// How slow the server is during the step that is cancelled.
#[derive(Clone, Debug)]
pub(super) struct Slowness {
    pub(super) pace: Pace,
    /// Replies arrive in pieces of so many bytes.
    pub(super) bytes: usize,
}

/// One case.
#[derive(Debug)]
pub(super) struct Run<'r> {
    pub(super) case: Case,
    pub(super) label: &'r str,
    pub(super) texts: Texts,
    pub(super) slowness: Option<&'r Slowness>,
    /// A connection that observes from outside, if the place has one.
    pub(super) outside: Option<&'r DatabaseConnection>,
    pub(super) story: Story,
}

impl Run<'_> {
    /// Runs the whole case.
    pub(super) async fn play<C: Subject>(&mut self, db: &C) -> Done {
        match self.case.step {
            Step::Begin => statements::begin_cut_off(self, db).await,
            Step::Execute | Step::QueryOne | Step::QueryAll | Step::FailingStatement => {
                statements::statement_cut_off(self, db).await
            }
            Step::Commit => statements::commit_cut_off(self, db).await,
            Step::Rollback => statements::rollback_cut_off(self, db).await,
            Step::StreamOpening => streams::cut_off_while_opening(self, db).await,
            Step::StreamBetweenRows => streams::dropped_between_rows(self, db).await,
            Step::StreamInsideARow => streams::cut_off_inside_a_row(self, db).await,
            Step::ChildWhileItsParentStreams => {
                streams::child_dropped_while_its_parent_streams(self, db).await
            }
            Step::NestedBegin => nested::begin_cut_off(self, db).await,
            Step::NestedStatement => nested::statement_cut_off(self, db).await,
            Step::NestedCommit => nested::commit_cut_off(self, db).await,
            Step::NestedRollback => nested::rollback_cut_off(self, db).await,
            Step::PoolExecute | Step::PoolQueryOne | Step::PoolQueryAll => {
                pool::statement_cut_off(self, db).await
            }
            Step::PoolStream => pool::stream_cut_off(self, db).await,
        }
    }

    /// Cancels a future as the case says, on a link that is slow meanwhile.
    pub(super) async fn cut<F: Future>(&mut self, future: F) -> Option<F::Output> {
        self.slow();
        let outcome = cut(self.case.polls, self.case.dropped, future).await;
        self.fast();
        self.story.cut_off |= outcome.is_none();
        outcome
    }

    pub(super) fn slow(&self) {
        if let Some(Slowness { pace, bytes }) = self.slowness {
            pace.slow(*bytes);
        }
    }

    pub(super) fn fast(&self) {
        if let Some(Slowness { pace, .. }) = self.slowness {
            pace.fast();
        }
    }

    pub(super) fn row(&self, what: &str) -> String {
        format!("{}/{what}", self.label)
    }

    /// A transaction with one row, `outer`.
    pub(super) async fn begun<C: Subject>(&mut self, db: &C) -> Result<C::Transaction, DbErr> {
        let txn = db.begin().await?;
        self.write(&txn, "outer").await?;
        Ok(txn)
    }

    /// A transaction nested in that, with one row, `nested`.
    pub(super) async fn nested<T: Transaction>(&mut self, txn: &T) -> Result<T, DbErr> {
        let nested = txn.begin().await?;
        self.write(&nested, "nested").await?;
        Ok(nested)
    }

    /// Writes a row, without cancelling.
    pub(super) async fn write(
        &mut self,
        on: &impl ConnectionTrait,
        what: &str,
    ) -> Result<(), DbErr> {
        let rows = vec![self.row(what)];
        let result = on.execute_raw(self.texts.insert(&rows)).await;
        let fate = match &result {
            Ok(_) => Fate::Acknowledged,
            Err(_) => Fate::Undone,
        };
        self.story.wrote(rows, fate);
        let written = result?.rows_affected();
        if written != 1 {
            self.story.find(
                Fault::Crosstalk,
                format!("{written} rows written by one insert"),
            );
        }
        Ok(())
    }

    /// Sends a query whose reply is unique.
    pub(super) async fn own_answer(&mut self, on: &impl ConnectionTrait) {
        let expected = self.row("answer");
        let answer = on.query_one_raw(self.texts.answer(&expected)).await;
        match answer.and_then(|row| row.as_ref().map(name).transpose()) {
            Ok(answer) if answer.as_ref() == Some(&expected) => {}
            Ok(other) => self.story.find(Fault::Crosstalk, format!("{other:?}")),
            Err(error) => self.story.error("an answer", &error),
        }
    }

    /// The rows of the case, as a connection sees them.
    pub(super) async fn rows(&self, on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
        names(on.query_all_raw(self.texts.rows_of(self.label)).await?)
    }

    pub(super) fn ended(&mut self, committed: Option<Result<(), DbErr>>) {
        self.story.end = match committed {
            None => End::InDoubt,
            Some(Ok(())) => End::Committed,
            Some(Err(error)) => {
                self.story.error("a commit", &error);
                End::Undone
            }
        };
    }
}
