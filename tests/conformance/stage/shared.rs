//! The stages of the servers are built once; each subject starts with empty tables.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use tokio::runtime::Runtime;
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use super::{Engine, Layout, Server, Stage};

/// A stage for each layout.
pub(crate) struct Stages {
    pub(crate) bare: Stage,
    pub(crate) routed: Vec<(Layout, Stage)>,
    _server: Server,
}

type Shared = OnceCell<Arc<Mutex<Stages>>>;

/// Runs a test on the runtime that the connections of all tests live on.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"));
    runtime.block_on(test)
}

impl Stages {
    /// The stages of an engine, for one subject at a time; or skips the test.
    pub(crate) async fn of(engine: Engine) -> Option<OwnedMutexGuard<Self>> {
        static POSTGRES: Shared = OnceCell::const_new();
        static MARIADB: Shared = OnceCell::const_new();
        let server = Server::of(engine).await?;
        let shared = match engine {
            // Separate files for each subject cost next to nothing.
            Engine::Sqlite => return Some(Self::built(server).await.lock_owned().await),
            Engine::Postgres => &POSTGRES,
            Engine::MariaDb => &MARIADB,
        };
        let stages = shared.get_or_init(|| Self::built(server)).await;
        let stages = Arc::clone(stages).lock_owned().await;
        stages.clear().await;
        Some(stages)
    }

    async fn built(server: Server) -> Arc<Mutex<Self>> {
        let bare = Stage::open(&server, Layout::Bare).await;
        let mut routed = Vec::new();
        for layout in Layout::ROUTED {
            routed.push((layout, Stage::open(&server, layout).await));
        }
        let stages = Self {
            bare,
            routed,
            _server: server,
        };
        Arc::new(Mutex::new(stages))
    }

    async fn clear(&self) {
        let routed = self.routed.iter().map(|(_, stage)| stage);
        for stage in routed.chain([&self.bare]) {
            stage.clear().await;
        }
    }
}
