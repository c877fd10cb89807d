//! The steps of a transaction that is not nested.

use sea_orm::{ConnectionTrait, DbErr, TransactionSession};

use super::plan::Step;
use super::run::{Done, Run};
use super::story::{End, Fate, Fault};
use super::subject::Subject;
use super::texts::names;
use super::then::go_on;

pub(super) async fn begin_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let rows = vec![run.row("outer")];
    let insert = run.texts.insert(&rows);
    let begin = async {
        let txn = db.begin().await?;
        txn.execute_raw(insert).await?;
        Ok::<_, DbErr>(txn)
    };
    if let Some(begun) = run.cut(begin).await {
        let committed = begun?.commit().await;
        run.story.wrote(rows, Fate::Acknowledged);
        run.ended(Some(committed));
    }
    Ok(())
}

pub(super) async fn statement_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    write_cut_off(run, &txn).await?;
    go_on(run, txn).await;
    Ok(())
}

/// Two rows by one statement, in the way of the step.
pub(super) async fn write_cut_off(run: &mut Run<'_>, on: &impl ConnectionTrait) -> Done {
    let rows = vec![run.row("cut 1"), run.row("cut 2")];
    let returning = run.texts.insert_returning(&rows);
    let outcome = match run.case.step {
        Step::FailingStatement => return failing_statement_cut_off(run, on).await,
        Step::QueryOne | Step::PoolQueryOne => {
            let row = run.cut(on.query_one_raw(returning)).await;
            row.map(|row| names(row?.into_iter().collect()).map(|names| names == rows[..1]))
        }
        Step::QueryAll | Step::PoolQueryAll => {
            let all = run.cut(on.query_all_raw(returning)).await;
            all.map(|all| names(all?).map(|names| names == rows))
        }
        _ => {
            let done = run.cut(on.execute_raw(run.texts.insert(&rows))).await;
            done.map(|done| Ok(done?.rows_affected() == 2))
        }
    };
    let fate = match outcome.transpose()? {
        None => Fate::Perhaps,
        Some(right) => {
            if !right {
                run.story.find(Fault::Crosstalk, "the answer of a write");
            }
            Fate::Acknowledged
        }
    };
    run.story.wrote(rows, fate);
    Ok(())
}

/// The name exists already, so the insert is refused.
async fn failing_statement_cut_off(run: &mut Run<'_>, on: &impl ConnectionTrait) -> Done {
    let insert = run.texts.insert(&[run.row("outer")]);
    if let Some(Ok(_)) = run.cut(on.execute_raw(insert)).await {
        run.story.find(Fault::Crosstalk, "a name was taken twice");
    }
    run.story.failed = true;
    Ok(())
}

pub(super) async fn commit_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    run.nested(&txn).await?.commit().await?;
    let committed = run.cut(txn.commit()).await;
    run.ended(committed);
    Ok(())
}

pub(super) async fn rollback_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    run.story.end = End::Undone;
    run.cut(txn.rollback()).await.transpose()?;
    Ok(())
}
