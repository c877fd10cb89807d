//! `rollback_on(..)` that is cancelled, on a branch with a statement of `on_branch_begin`.

use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use sea_orm_routing::TransactionMode;

use crate::cancellation::poll_times;
use crate::notes::{Notes, add_note, texts};
use crate::shop::Result;

/// `rollback_on` is cancelled at any poll: the next statement runs in a transaction, after the
/// `on_branch_begin` statement, or is refused.
#[tokio::test]
async fn rollback_on_is_cut_off_and_nothing_goes_without_it() -> Result {
    let notes = Notes::open().await?;
    let sql = "PRAGMA defer_foreign_keys";
    let on = Statement::from_string(DbBackend::Sqlite, format!("{sql} = ON"));
    let db = notes.db.transaction_mode(TransactionMode::Independent);
    let db = db.on_branch_begin("default", on)?;
    // SQLite may reply before the second poll, so not every poll is cancelled.
    let mut cuts = 0;
    for times in (0..200).map(|round| round % 10 + 1) {
        let txn = db.begin().await?;
        let there = txn.using("default")?;
        add_note(&there, "undone").await?;
        let done = poll_times(txn.rollback_on("default"), times).await;
        if add_note(&there, "anew").await.is_ok() {
            let setting = Statement::from_string(DbBackend::Sqlite, sql);
            let row = there.query_one_raw(setting).await?.expect("a row");
            assert_eq!(row.try_get_by_index::<i32>(0)?, 1, "after {times} polls");
        }
        drop(there);
        drop(txn);
        let left = texts(&notes.db.using("default")?).await?;
        assert_eq!(left, [""; 0], "after {times} polls");
        match done {
            Some(done) => done?,
            None => cuts += 1,
        }
    }
    assert!(cuts > 0, "it was never cut off");
    Ok(())
}
