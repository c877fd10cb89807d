//! Streams of a transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::{Stream, StreamExt};
use sea_orm::{DbErr, QueryResult, StreamTrait};

use super::run::{Done, Run};
use super::story::{Fault, Found};
use super::subject::Subject;
use super::texts::{ROWS, name, row};
use super::then::go_on;

type Row = Result<QueryResult, DbErr>;

pub(super) async fn cut_off_while_opening<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = db.begin().await?;
    let texts = run.texts.clone();
    let open = async {
        let mut rows = Box::pin(txn.stream_raw(texts.stream()).await?);
        Ok::<_, DbErr>(right(0, rows.next().await))
    };
    if let Some(first) = run.cut(open).await.transpose()? {
        first?;
    }
    go_on(run, txn).await;
    Ok(())
}

/// Takes as many rows as the case has polls.
pub(super) async fn dropped_between_rows<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    run.slow();
    let mut rows = Box::pin(txn.stream_raw(run.texts.stream()).await?);
    let taken = run.case.polls.min(ROWS);
    for n in 0..taken {
        right(n, rows.next().await)?;
    }
    run.story.cut_off = taken < ROWS;
    drop(rows);
    run.fast();
    go_on(run, txn).await;
    Ok(())
}

pub(super) async fn cut_off_inside_a_row<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let txn = run.begun(db).await?;
    let rows = txn.stream_raw(run.texts.stream()).await?;
    run.cut(all_right(rows)).await.transpose()?;
    go_on(run, txn).await;
    Ok(())
}

pub(super) async fn all_right(rows: impl Stream<Item = Row>) -> Done {
    let mut rows = std::pin::pin!(rows);
    for n in 0..ROWS {
        right(n, rows.next().await)?;
    }
    match rows.next().await {
        None => Ok(()),
        Some(more) => Err(Found::new(Fault::Crosstalk, format!("one more: {more:?}"))),
    }
}

fn right(n: usize, found: Option<Row>) -> Done {
    let found = found.transpose()?.as_ref().map(name).transpose()?;
    match found {
        Some(text) if text == row(n) => Ok(()),
        other => Err(Found::new(
            Fault::Crosstalk,
            format!("{other:?} for row {n}"),
        )),
    }
}

/// A transaction may refuse to stream while one nested in it is alive.
pub(super) async fn child_dropped_while_its_parent_streams<C: Subject>(
    run: &mut Run<'_>,
    db: &C,
) -> Done {
    let txn = run.begun(db).await?;
    let nested = run.nested(&txn).await?;
    if let Ok(rows) = txn.stream_raw(run.texts.stream()).await {
        let mut rows = Box::pin(rows);
        run.cut(rows.next()).await;
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(nested)));
        drop(rows);
        dropped.map_err(|_| Found::new(Fault::Panicked, "the drop of a nested transaction"))?;
    } else {
        drop(nested);
    }
    run.story.undo(&run.row("nested"));
    go_on(run, txn).await;
    Ok(())
}
