//! Load that runs while a node fails.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, Statement};
use sea_orm_routing::RoutingConnection;
use tokio::task::JoinSet;

use super::{eventually, item, soon};

/// Tasks that read or write until they are stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: JoinSet<Report>,
}

/// The outcomes of their statements.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The names that were written and acknowledged.
    pub(crate) written: Vec<String>,
    pub(crate) failed: Vec<DbErr>,
    pub(crate) slowest: Duration,
    /// When each success was sent, and when it came.
    sent: Vec<Instant>,
    succeeded: Vec<Instant>,
}

#[derive(Clone, Copy)]
enum Work {
    Read,
    Write,
}

impl Load {
    /// Tasks that read a row.
    pub(crate) fn reading(db: &RoutingConnection, tasks: usize) -> Self {
        Self::start(db, tasks, Work::Read)
    }

    /// Tasks that insert rows, each of a name of its own.
    pub(crate) fn writing(db: &RoutingConnection, tasks: usize) -> Self {
        Self::start(db, tasks, Work::Write)
    }

    fn start(db: &RoutingConnection, tasks: usize, work: Work) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::default());
        static LOADS: AtomicUsize = AtomicUsize::new(0);
        let load = LOADS.fetch_add(1, Ordering::SeqCst);
        let run = |task| {
            let (db, stop) = (db.clone(), Arc::clone(&stop));
            go_on(db, work, (load, task), stop, Arc::clone(&done))
        };
        let tasks = (0..tasks).map(run).collect();
        Self { stop, done, tasks }
    }

    /// Waits until so many more statements have succeeded.
    pub(crate) async fn more(&self, more: usize) {
        let goal = self.done.load(Ordering::SeqCst) + more;
        eventually("work is done", || async {
            self.done.load(Ordering::SeqCst) >= goal
        })
        .await;
    }

    /// Waits until everything in flight has finished.
    pub(crate) async fn end(self) -> Report {
        self.stop.store(true, Ordering::SeqCst);
        let reports = soon("the load", self.tasks.join_all()).await;
        reports.into_iter().fold(Report::default(), Report::and)
    }
}

impl Report {
    fn and(mut self, other: Self) -> Self {
        self.written.extend(other.written);
        self.failed.extend(other.failed);
        self.slowest = self.slowest.max(other.slowest);
        self.sent.extend(other.sent);
        self.succeeded.extend(other.succeeded);
        self
    }

    /// What was written and acknowledged, and when it was sent.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = (&str, Instant)> {
        let names = self.written.iter().map(String::as_str);
        names.zip(self.sent.iter().copied())
    }

    /// How long no statement succeeded, at most.
    fn longest_pause(&self) -> Duration {
        let mut times = self.succeeded.clone();
        times.sort_unstable();
        let pauses = times.windows(2).map(|two| two[1] - two[0]);
        pauses.max().unwrap_or_default()
    }

    /// Prints what a failover cost, also if the test passes: a row of a table.
    pub(crate) fn print_failover(&self, kind: &str, case: &str, lost: usize) {
        let (written, failed) = (self.written.len(), self.failed.len());
        let pause = self.longest_pause().as_secs_f64();
        let row = format!(
            "FAILOVER | {kind} | {case} | {written} acknowledged | {lost} lost | {failed} failed | \
             paused for {pause:.1} s"
        );
        // A stderr that cannot be written to is no reason to fail.
        let _ = writeln!(std::io::stderr(), "{row}");
    }

    /// Asserts that no statement failed, and that none took longer.
    #[track_caller]
    pub(crate) fn assert_well(&self, limit: Duration) {
        assert!(self.failed.is_empty(), "{:?}", self.failed);
        assert!(self.slowest <= limit, "{:?} > {limit:?}", self.slowest);
    }
}

async fn go_on(
    db: RoutingConnection,
    work: Work,
    (load, task): (usize, usize),
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) -> Report {
    let mut report = Report::default();
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let (name, start) = (
            format!("load {load} task {task} row {number}"),
            Instant::now(),
        );
        let outcome = match work {
            Work::Read => read(&db).await,
            Work::Write => write(&db, &name).await,
        };
        report.slowest = report.slowest.max(start.elapsed());
        match outcome {
            Ok(()) => {
                done.fetch_add(1, Ordering::SeqCst);
                report.sent.push(start);
                report.succeeded.push(Instant::now());
                if let Work::Write = work {
                    report.written.push(name);
                }
            }
            Err(error) => report.failed.push(error),
        }
        // Allowance for other tests on the same machine.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    report
}

/// Reads only the row that every node has: the table may be long.
pub(crate) async fn read(db: &RoutingConnection) -> Result<(), DbErr> {
    let first = item::Entity::find().order_by_asc(item::Column::Id);
    let first = first.one(db).await?;
    assert!(first.is_some(), "the first row is everywhere");
    Ok(())
}

/// Inserts a row, in one statement.
pub(crate) async fn write(db: &RoutingConnection, name: &str) -> Result<(), DbErr> {
    let sql = format!("INSERT INTO item (name) VALUES ('{name}')");
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.execute_raw(statement).await.map(drop)
}
