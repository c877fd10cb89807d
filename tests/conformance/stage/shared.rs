//! The stages of the servers are built once; each subject finds their tables empty.

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

type Shared = OnceCell<Option<Arc<Mutex<Stages>>>>;

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
        let shared = match engine {
            // Files of its own for each subject cost next to nothing.
            Engine::Sqlite => return Self::built(engine).await?.try_lock_owned().ok(),
            Engine::Postgres => &POSTGRES,
            Engine::MariaDb => &MARIADB,
        };
        let Some(stages) = shared.get_or_init(|| Self::built(engine)).await else {
            // Says once more, in the name of this test, why it is skipped.
            let _ = Server::of(engine).await;
            return None;
        };
        let stages = Arc::clone(stages).lock_owned().await;
        stages.clear().await;
        Some(stages)
    }

    async fn built(engine: Engine) -> Option<Arc<Mutex<Self>>> {
        let server = Server::of(engine).await?;
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
        Some(Arc::new(Mutex::new(stages)))
    }

    async fn clear(&self) {
        let routed = self.routed.iter().map(|(_, stage)| stage);
        for stage in routed.chain([&self.bare]) {
            stage.clear().await;
        }
    }
}
