//! The steps of a nested transaction.

use sea_orm::{ConnectionTrait, DbErr, TransactionSession, TransactionTrait};

use super::plan::Then;
use super::run::{Done, Run};
use super::statements::write_cut_off;
use super::story::Fate;
use super::subject::{Subject, Transaction};
use super::then::go_on;

pub(super) async fn begin_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    let rows = vec![run.row("nested")];
    let insert = run.texts.insert(&rows);
    let begin = async {
        let nested = txn.begin().await?;
        nested.execute_raw(insert).await?;
        Ok::<_, DbErr>(nested)
    };
    let fate = match run.cut(begin).await.transpose()? {
        // The nested transaction is dropped, and its writes with it.
        None => Fate::Undone,
        Some(nested) => {
            nested.commit().await?;
            Fate::Acknowledged
        }
    };
    run.story.wrote(rows, fate);
    go_on(run, txn).await;
    Ok(())
}

pub(super) async fn statement_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    let nested = run.nested(&txn).await?;
    write_cut_off(run, &nested).await?;
    end(run, nested).await;
    go_on(run, txn).await;
    Ok(())
}

/// Ends a nested transaction in which a statement was cancelled.
async fn end<T: Transaction>(run: &mut Run<'_>, nested: T) {
    let committed = match run.case.then {
        Then::WriteAndCommit => nested.commit().await.map(|()| true),
        Then::RollBack => nested.rollback().await.map(|()| false),
        Then::Drop | Then::WriteAndRollBack => {
            drop(nested);
            Ok(false)
        }
    };
    if let Err(error) = &committed {
        run.story.error("the end of a nested transaction", error);
    }
    if committed != Ok(true) {
        run.story.undo(&run.row("nested"));
        run.story.undo(&run.row("cut 1"));
    }
}

pub(super) async fn commit_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    let nested = run.nested(&txn).await?;
    if run.cut(nested.commit()).await.transpose()?.is_none() {
        run.story.perhaps(&run.row("nested"));
    }
    go_on(run, txn).await;
    Ok(())
}

pub(super) async fn rollback_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    let nested = run.nested(&txn).await?;
    run.cut(nested.rollback()).await.transpose()?;
    run.story.undo(&run.row("nested"));
    go_on(run, txn).await;
    Ok(())
}
