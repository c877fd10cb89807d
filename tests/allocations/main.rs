//! What routing allocates: a decision on a known text allocates nothing, and running a statement
//! allocates no more than the bare connection does. This is a binary of its own, with a counting
//! allocator and one test, because the counter is global.

use sea_orm::{ConnectionTrait, Database, DbBackend, EntityTrait, QueryTrait};
use sea_orm_routing::{__private::decide, DatabaseOptions, RoutingConnection};

#[path = "../../examples/shop/entities.rs"]
mod entities;

use entities::category;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_known_text_is_decided_and_sent_without_an_allocation_of_ours() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (bare, replicated) = runtime.block_on(async {
        let bare = Database::connect("sqlite::memory:").await.expect("SQLite");
        let builder = bare.get_schema_builder().register(category::Entity);
        builder.apply(&bare).await.expect("a table");
        let options = DatabaseOptions::new(bare.clone())
            .replica(bare.clone())
            .replica(bare.clone());
        let replicated = RoutingConnection::builder()
            .database("default", options)
            .build()
            .expect("a connection");
        (bare, replicated)
    });
    let routed = RoutingConnection::from(bare.clone());

    let statement = category::Entity::find_by_id(1).build(DbBackend::Sqlite);
    for db in [&routed, &replicated] {
        let decided = || {
            decide(db, &statement).expect("a decision");
        };
        decided();
        assert_eq!(blocks(|| (0..100).for_each(|_| decided())), 0);
    }

    // The SQLite thread replies at varying times, which costs the runtime a block now and then, on a
    // busy machine almost always. The least is what counts.
    let mut least = [u64::MAX; 3];
    for round in 1..=10_000 {
        let now = [
            blocks(|| find_one(&runtime, &bare)),
            blocks(|| find_one(&runtime, &routed)),
            blocks(|| find_one(&runtime, &replicated)),
        ];
        for (least, now) in least.iter_mut().zip(now) {
            *least = now.min(*least);
        }
        let [bare, routed, replicated] = least;
        if round >= 1000 && routed.max(replicated) <= bare {
            return;
        }
    }
    panic!("bare, routed, replicated: {least:?}");
}

fn find_one<C: ConnectionTrait>(runtime: &tokio::runtime::Runtime, db: &C) {
    let found = runtime.block_on(category::Entity::find_by_id(1).one(db));
    assert!(found.expect("a result").is_none());
}

/// How many blocks of memory `work` allocates.
fn blocks(work: impl FnOnce()) -> u64 {
    let before = dhat::HeapStats::get().total_blocks;
    work();
    dhat::HeapStats::get().total_blocks - before
}
