//! Connections to compare: SeaORM's own, and the router in three layouts, each on databases of
//! its own.

mod server;
mod settle;
mod shared;

use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, DatabaseOptions, RoutingConnection};

use crate::entities::Part;
pub(crate) use server::Server;
pub(crate) use settle::{Servers, Settle};
pub(crate) use shared::{Stages, block_on};

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    MariaDb,
}

/// The layer between a scenario and the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `DatabaseConnection`: the reference for the others.
    Bare,
    /// The router over one database, adopted in one line.
    One,
    /// The router over a primary with two replicas of the same data.
    Replicas,
    /// The same in a causal session, without waiting for the replicas to catch up.
    Session,
    /// The router over two databases, each with a part of the tables.
    Spread,
}

impl Layout {
    pub(crate) const ROUTED: [Self; 4] = [Self::One, Self::Replicas, Self::Session, Self::Spread];
}

/// Fresh databases, and a handle on them.
pub(crate) struct Stage {
    pub(crate) handle: Handle,
    pub(crate) settle: Settle,
    /// The names of its databases.
    pub(crate) names: Vec<String>,
    library: DatabaseConnection,
    lending: DatabaseConnection,
}

pub(crate) enum Handle {
    Bare(DatabaseConnection),
    Routed(RoutingConnection),
}

impl Stage {
    /// Creates the databases of a layout, with empty tables.
    async fn open(server: &Server, layout: Layout) -> Self {
        let name = format!("conformance_{layout:?}").to_lowercase();
        let stage = match layout {
            Layout::Bare => Self::bare(server, name).await,
            Layout::One => Self::one(server, name).await,
            Layout::Replicas => Self::replicas(server, name).await,
            Layout::Session => Self::session(server, name).await,
            Layout::Spread => Self::spread(server, name).await,
        };
        for part in Part::ALL {
            let home = stage.home(part);
            part.create(home).await.expect("tables");
        }
        stage.settle.wait().await.expect("settled");
        stage
    }

    /// Empties the tables and resets their counters.
    async fn clear(&self) {
        for part in Part::ALL {
            let cleared = part.clear(self.home(part)).await;
            cleared.expect("empty tables");
        }
        self.settle.wait().await.expect("settled");
    }

    /// The database that holds the tables of a part.
    pub(crate) fn home(&self, part: Part) -> &DatabaseConnection {
        match part {
            Part::Library => &self.library,
            Part::Lending => &self.lending,
        }
    }

    async fn bare(server: &Server, name: String) -> Self {
        let db = connected(server, &name).await;
        Self {
            handle: Handle::Bare(db.clone()),
            settle: Settle::AtOnce,
            names: vec![name],
            library: db.clone(),
            lending: db,
        }
    }

    async fn one(server: &Server, name: String) -> Self {
        let db = connected(server, &name).await;
        Self {
            handle: Handle::Routed(RoutingConnection::from(db.clone())),
            settle: Settle::AtOnce,
            names: vec![name],
            library: db.clone(),
            lending: db,
        }
    }

    async fn replicas(server: &Server, name: String) -> Self {
        server.create(&name).await;
        server.caught_up().await;
        let mut options = DatabaseOptions::new(server.primary(&name));
        for replica in server.replicas(&name) {
            options = options.replica(replica);
        }
        let builder = RoutingConnection::builder().database("default", options);
        let db = builder.connect().await.expect("connected");
        let primary = db.primary("default").expect("declared");
        prepare(&primary).await.expect("a database");
        Self {
            settle: server.settle(&db),
            handle: Handle::Routed(db),
            names: vec![name],
            library: primary.clone(),
            lending: primary,
        }
    }

    async fn session(server: &Server, name: String) -> Self {
        let mut stage = Self::replicas(server, name).await;
        if let Handle::Routed(db) = &stage.handle {
            let session = db.session_with(Consistency::Causal {
                max_wait: Duration::from_millis(50),
                on_timeout: OnTimeout::Primary,
            });
            stage.handle = Handle::Routed(session);
        }
        stage.settle = Settle::AtOnce;
        stage
    }

    async fn spread(server: &Server, name: String) -> Self {
        let names = vec![format!("{name}_library"), format!("{name}_lending")];
        let mut builder = RoutingConnection::builder();
        for (database, name) in ["default", "lending"].into_iter().zip(&names) {
            builder = builder.database(database, connected(server, name).await);
        }
        let dialect = server.dialect();
        for table in Part::Lending.tables(dialect).into_iter().chain(["badge"]) {
            builder = builder.bind_table(table, "lending");
        }
        let db = builder.connect().await.expect("connected");
        Self {
            library: db.primary("default").expect("declared"),
            lending: db.primary("lending").expect("declared"),
            handle: Handle::Routed(db),
            settle: Settle::AtOnce,
            names,
        }
    }
}

/// A plain connection to a new database.
async fn connected(server: &Server, name: &str) -> DatabaseConnection {
    server.create(name).await;
    let db = Database::connect(server.primary(name)).await;
    let db = db.expect("connected");
    prepare(&db).await.expect("a database");
    db
}

async fn prepare(db: &DatabaseConnection) -> Result<(), DbErr> {
    if db.get_database_backend() == sea_orm::DbBackend::Sqlite {
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF";
        db.execute_unprepared(pragmas).await?;
    }
    Ok(())
}
