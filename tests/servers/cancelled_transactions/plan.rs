//! Which step is cancelled, how, and what is done afterwards: all of it data.

use crate::support::cut::Dropped;

/// The step of a transaction that is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `begin` and the first statement: a branch begins with its first statement.
    Begin,
    Execute,
    QueryOne,
    QueryAll,
    /// The server refuses the statement, and the refusal is never read.
    FailingStatement,
    /// The stream is the first statement of the transaction.
    StreamOpening,
    /// A poll means a row here.
    StreamBetweenRows,
    StreamInsideARow,
    /// A nested `begin` and its first statement.
    NestedBegin,
    NestedStatement,
    NestedCommit,
    NestedRollback,
    ChildWhileItsParentStreams,
    Commit,
    Rollback,
    /// Without a transaction.
    PoolExecute,
    PoolQueryOne,
    PoolQueryAll,
    PoolStream,
}

/// What is done with the transaction after the cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Drop,
    RollBack,
    WriteAndCommit,
    WriteAndRollBack,
}

/// One future, cancelled in one way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) step: Step,
    pub(super) then: Then,
    pub(super) dropped: Dropped,
    pub(super) polls: usize,
}

impl Case {
    /// The same, cancelled one poll later.
    pub(super) fn later(self) -> Self {
        Self {
            polls: self.polls + 1,
            ..self
        }
    }
}

/// The steps of a transaction.
pub(super) const IN_A_TRANSACTION: &[Step] = &[
    Step::Begin,
    Step::Execute,
    Step::QueryOne,
    Step::QueryAll,
    Step::FailingStatement,
    Step::StreamOpening,
    Step::StreamBetweenRows,
    Step::StreamInsideARow,
    Step::NestedBegin,
    Step::NestedStatement,
    Step::NestedCommit,
    Step::NestedRollback,
    Step::ChildWhileItsParentStreams,
    Step::Commit,
    Step::Rollback,
];

/// The steps that need no transaction.
pub(super) const ON_THE_POOL: &[Step] = &[
    Step::PoolExecute,
    Step::PoolQueryOne,
    Step::PoolQueryAll,
    Step::PoolStream,
];

pub(super) const WAYS: [Dropped; 2] = [Dropped::AtOnce, Dropped::WhenAnswered];

/// Every step in every way, before its first poll.
pub(super) fn cases(steps: &[Step]) -> impl Iterator<Item = Case> {
    let ends = steps
        .iter()
        .flat_map(|step| ends(*step).iter().map(move |then| (*step, *then)));
    ends.flat_map(|(step, then)| {
        WAYS.into_iter().map(move |dropped| Case {
            step,
            then,
            dropped,
            polls: 0,
        })
    })
}

/// Some steps leave no transaction to continue with.
fn ends(step: Step) -> &'static [Then] {
    match step {
        Step::Begin
        | Step::Commit
        | Step::Rollback
        | Step::PoolExecute
        | Step::PoolQueryOne
        | Step::PoolQueryAll
        | Step::PoolStream => &[Then::Drop],
        Step::Execute
        | Step::QueryOne
        | Step::QueryAll
        | Step::FailingStatement
        | Step::StreamOpening
        | Step::StreamBetweenRows
        | Step::StreamInsideARow
        | Step::NestedBegin
        | Step::NestedStatement
        | Step::NestedCommit
        | Step::NestedRollback
        | Step::ChildWhileItsParentStreams => &[
            Then::Drop,
            Then::RollBack,
            Then::WriteAndCommit,
            Then::WriteAndRollBack,
        ],
    }
}
