//! Plays the scenarios of a subject on every layout and compares what they saw.

use sea_orm::DbErr;
use sea_orm_routing::observe::Recording;
use sea_orm_routing::sql::{Access, Evidence};
use sea_orm_routing::{Role, RoutingConnection};

use crate::compare::{self, differences};
use crate::db::Db;
use crate::entities::Part;
use crate::exceptions;
use crate::journal::{Journal, Line};
use crate::seed::seed;
use crate::stage::{Engine, Handle, Layout, Stage, Stages};

/// Scenarios about one thing.
pub(crate) trait Subject {
    /// Plays them on a connection.
    async fn play<C: Db>(db: &C, journal: &mut Journal<'_>);

    /// Plays each in a transaction of its own, which is rolled back.
    async fn play_in_transactions<C: Db>(db: &C, journal: &mut Journal<'_>);
}

/// Makes the named functions of a module the scenarios of its subject; those after `plainly` are
/// not played inside a transaction.
macro_rules! scenarios {
    ($($scenario:ident),* $(,)? $(; plainly: $($plain:ident),+ $(,)?)?) => {
        pub(crate) struct Scenarios;

        impl crate::suite::Subject for Scenarios {
            async fn play<C: crate::db::Db>(db: &C, journal: &mut crate::journal::Journal<'_>) {
                $(
                    journal.begin(stringify!($scenario)).await;
                    let outcome = Box::pin($scenario(db, journal)).await;
                    journal.end(&outcome);
                )*
                $($(
                    journal.begin(stringify!($plain)).await;
                    let outcome = Box::pin($plain(db, journal)).await;
                    journal.end(&outcome);
                )+)?
            }

            async fn play_in_transactions<C: crate::db::Db>(
                db: &C,
                journal: &mut crate::journal::Journal<'_>,
            ) {
                // A subject may have none.
                let _ = (db, &mut *journal);
                $(
                    journal.begin_in_transaction(stringify!($scenario)).await;
                    let txn = db.begun().await.expect("begun");
                    let outcome = Box::pin($scenario(&txn, journal)).await;
                    journal.end(&outcome);
                    let undone = sea_orm::TransactionSession::rollback(txn).await;
                    journal.note("the rollback", &undone);
                )*
            }
        }
    };
}
pub(crate) use scenarios;

/// Compares all layouts with the bare connection.
///
/// # Panics
///
/// If something differs that no documented exception allows, or an exception no longer holds.
pub(crate) async fn conform<S: Subject>(engine: Engine, subject: &str) {
    let Some(stages) = Stages::of(engine).await else {
        return;
    };
    // MariaDB commits before it changes a schema, so that is refused inside a transaction: see the
    // exceptions of the subject `errors`.
    let in_transactions = !(engine == Engine::MariaDb && subject == "schema");
    let reference = run::<S>(&stages.bare, Layout::Bare, in_transactions).await;
    compare::assert_sound(&reference);
    let mut found = Vec::new();
    for (layout, stage) in &stages.routed {
        let lines = run::<S>(stage, *layout, in_transactions).await;
        let differences = differences(&reference, &lines);
        found.extend(exceptions::unexplained(
            engine,
            *layout,
            subject,
            differences,
        ));
    }
    assert!(
        found.is_empty(),
        "{engine:?}, {subject}: {} differences\n\n{}",
        found.len(),
        found.join("\n")
    );
}

async fn run<S: Subject>(stage: &Stage, layout: Layout, in_transactions: bool) -> Vec<Line> {
    let mut journal = Journal::new(&stage.settle, &stage.names);
    match &stage.handle {
        Handle::Bare(db) => performance::<S, _>(db, stage, in_transactions, &mut journal).await,
        Handle::Routed(db) => {
            let routes = db.record();
            performance::<S, _>(db, stage, in_transactions, &mut journal).await;
            if layout == Layout::Replicas {
                assert_reads_went_to_replicas(db, &routes);
            }
        }
    }
    journal.into_lines()
}

async fn performance<S: Subject, C: Db>(
    db: &C,
    stage: &Stage,
    in_transactions: bool,
    journal: &mut Journal<'_>,
) {
    seed(db).await.expect("the rows to begin with");
    if in_transactions {
        Box::pin(S::play_in_transactions(db, journal)).await;
    }
    journal.begin("the tables after all transactions").await;
    tables(stage, journal).await.expect("the tables");
    Box::pin(S::play(db, journal)).await;
    journal.begin("the tables in the end").await;
    tables(stage, journal).await.expect("the tables");
}

/// Records every row of every table, without going through the router.
async fn tables(stage: &Stage, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for part in Part::ALL {
        for (table, rows) in part.rows(stage.home(part)).await? {
            journal.value(table, &rows);
        }
    }
    Ok(())
}

/// Every statement was classified, and every plain read was served by a replica.
fn assert_reads_went_to_replicas(db: &RoutingConnection, routes: &Recording) {
    let routes = routes.routes();
    let reads = || {
        routes
            .iter()
            .filter(|route| route.access() == Access::Read && route.why_role() == "it is a read")
    };
    assert!(reads().count() > 0, "nothing was read outside transactions");
    for route in &routes {
        let understood = route.access() != Access::Unknown;
        let empty = *route.operation().evidence() == Evidence::Empty;
        assert!(understood || empty, "SeaORM's own, but unknown: {route}");
    }
    for read in reads() {
        assert_eq!(read.role(), Role::Replica, "{read}");
    }
    assert_eq!(
        db.reads_refused_by_replicas(),
        0,
        "a replica refused a read"
    );
}
