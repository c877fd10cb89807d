//! What is done with a transaction after a statement in it was cancelled.

use super::plan::Then;
use super::run::Run;
use super::story::Fault;
use super::subject::Transaction;

/// Continues as the case says.
pub(super) async fn go_on<T: Transaction>(run: &mut Run<'_>, txn: T) {
    match run.case.then {
        Then::Drop => drop(txn),
        Then::RollBack => roll_back(run, txn).await,
        Then::WriteAndCommit => {
            write(run, &txn).await;
            let committed = txn.commit().await;
            run.ended(Some(committed));
        }
        Then::WriteAndRollBack => {
            write(run, &txn).await;
            roll_back(run, txn).await;
        }
    }
}

async fn roll_back<T: Transaction>(run: &mut Run<'_>, txn: T) {
    if let Err(error) = txn.rollback().await {
        run.story.error("a rollback", &error);
    }
}

/// Queries, writes, and checks from inside and from outside.
async fn write<T: Transaction>(run: &mut Run<'_>, txn: &T) {
    run.own_answer(txn).await;
    if let Err(error) = run.write(txn, "after").await {
        run.story.error("a write", &error);
    }
    match run.rows(txn).await {
        Ok(rows) => run.story.seen = Some(rows),
        Err(error) => run.story.error("a read", &error),
    }
    if let Some(outside) = run.outside {
        let early = run.rows(outside).await.expect("a connection of its own");
        for row in early {
            run.story.find(Fault::Autocommitted, row);
        }
    }
}
