//! Steps that run without a transaction.

use super::run::{Done, Run};
use super::statements::write_cut_off;
use super::story::End;
use super::streams::all_right;
use super::subject::Subject;

pub(super) async fn statement_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    run.story.end = End::Committed;
    write_cut_off(run, db).await
}

pub(super) async fn stream_cut_off<C: Subject>(run: &mut Run<'_>, db: &C) -> Done {
    let stream = run.texts.stream();
    let read = async { all_right(db.stream_raw(stream).await?).await };
    run.cut(read).await.transpose()?;
    Ok(())
}
