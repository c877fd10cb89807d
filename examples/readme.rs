//! The code of the README, so that it compiles; a test holds the two together.

#![allow(dead_code, reason = "it is here to be compiled")]

mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod transaction {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "transaction")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[rustfmt::skip]
#[allow(clippy::print_stdout, reason = "an example speaks to its reader")]
mod front {
    use sea_orm::{ActiveModelTrait, EntityTrait};
    use sea_orm_routing::{DatabaseOptions, RoutingConnection};

    use super::{transaction, user};

    pub(super) async fn run(new_user: user::ActiveModel) -> Result<(), sea_orm::DbErr> {
let db = RoutingConnection::builder()
    .database("default", DatabaseOptions::new("postgres://primary/app")
        .replica("postgres://replica-1/app")
        .replica("postgres://replica-2/app"))
    .database("warehouse", "mysql://warehouse/app")
    .bind(transaction::Entity, "warehouse")
    .connect().await?;

let user = new_user.insert(&db).await?;                    // the primary of "default"
let all  = user::Entity::find().all(&db).await?;           // a random replica of "default"
let last = transaction::Entity::find().one(&db).await?;    // the primary of "warehouse"
println!("{}", db.explain(&user::Entity::find())?);        // where it would go, and why
        drop((user, all, last));
        Ok(())
    }
}

#[rustfmt::skip]
mod sessions {
    use std::time::Duration;

    use sea_orm::{ActiveModelTrait, DbErr, EntityTrait};
    use sea_orm_routing::session::OnTimeout;
    use sea_orm_routing::{Consistency, DatabaseOptions, RoutingConnection};

    use super::user;

    pub(super) async fn run(secret: [u8; 32], new_user: user::ActiveModel) -> Result<(), DbErr> {
let window = Duration::from_secs(5);
let db = RoutingConnection::builder()
    .database("default", DatabaseOptions::new("postgres://primary/app").replica("postgres://replica-1/app"))
    .consistency(Consistency::ReadYourWrites { window })   // for sessions; defaults to causal
    .token_key(secret)                                     // the same in every process
    .connect().await?;

let request = db.session();                                // one per request or job
new_user.insert(&request).await?;
let all = user::Entity::find().all(&request).await?;       // for five seconds: the primary

let causal = db.session_with(Consistency::Causal {         // a replica that caught up, or the primary
    max_wait: Duration::from_millis(50),
    on_timeout: OnTimeout::Primary,
});
let token = causal.session_token().await?;                 // for a cookie or a header
let next = db.resume_session(&token)?;                     // the next request, in any process
        drop((all, next));
        Ok(())
    }
}

#[rustfmt::skip]
#[allow(clippy::print_stdout, reason = "an example speaks to its reader")]
mod health {
    use std::time::Duration;

    use sea_orm::DbErr;
    use sea_orm_routing::options::RoleSource;
    use sea_orm_routing::policy::{PeakEwma, Zones};
    use sea_orm_routing::{DatabaseOptions, ReplicaOptions, RoutingConnection};

    pub(super) async fn run(password: String) -> Result<(), DbErr> {
let database = DatabaseOptions::new("postgres://node-1/app")
    .replica(ReplicaOptions::new("postgres://node-2/app").zone("eu-1a"))
    .replica(ReplicaOptions::new("postgres://node-3/app").zone("eu-1b"))
    .replica_policy(Zones::prefer("eu-1a", PeakEwma))      // same zone first; the faster of two
    .lag_limit(Duration::from_secs(2))                     // skips replicas that are further behind
    .max_fallback_reads(5)                                 // at most 5 fallback reads at a time
    .roles(RoleSource::Observed);                          // after a promotion, writes go to the new primary
let db = RoutingConnection::builder().database("default", database).connect().await?;

println!("{}", db.topology());                             // each node with its role, state and lag
db.wait_for_primary("default", Duration::from_secs(30)).await?;
db.admin().add_replica("default", "postgres://node-4/app").await?;
db.admin().remove_replica("default/2", Duration::from_secs(30)).await?;
db.admin().rotate_credentials("default", "app", &password).await?;
db.admin().add_database("tenant_7", "postgres://tenants/seven").await?;
db.close_with(Duration::from_secs(20)).await?;             // for rolling restarts
        Ok(())
    }
}

#[rustfmt::skip]
mod bindings {
    use sea_orm::DbErr;
    use sea_orm_routing::{Bind, BindRequest, RoutingConnection, RoutingPolicy, Unbound};

    pub(super) async fn run() -> Result<(), DbErr> {
let db = RoutingConnection::builder()
    .database("default", "sqlite::memory:")
    .database("reports", "sqlite::memory:")
    .bind_table("invoice", "reports")          // a table; .bind(E, ..) takes an entity
    .bind_schema("reporting", "reports")       // every other table of a schema
    .policy(Audit)                             // called before the bindings apply
    .read_only_function("app.total")           // this function does not write: replicas may run it
    .unbound(Unbound::Default)                 // or Unbound::Error
    .connect().await?;

#[derive(Debug)]
struct Audit;

impl RoutingPolicy for Audit {
    fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        let audit = request.tables().iter().any(|table| table.name().starts_with("audit_"));
        Ok(audit.then(|| Bind::database("reports")))
    }
}
        let route = db.explain_sql("SELECT * FROM audit_log")?;
        assert_eq!(*route.database(), "reports");
        Ok(())
    }
}

#[rustfmt::skip]
mod handles {
    use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};
    use sea_orm_routing::RoutingConnection;

    pub(super) async fn run(db: &RoutingConnection) -> Result<(), DbErr> {
let archive = db.using("archive")?;          // a database, or one node: using("archive/1")
let primary = db.on_primary();               // or on_replica()
let reports = db.read_only();                // only reads; the server refuses hidden writes too
let rebound = db.with_bindings([("orders", "archive")])?;

let plain: sea_orm::DatabaseConnection = db.primary("default")?; // migrators, LISTEN, locks

let txn = db.begin().await?;                 // a database joins with its first statement there
txn.execute_unprepared("CREATE TABLE cake (id INTEGER)").await?;
txn.commit().await?;
        drop((archive, primary, reports, rebound, plain));
        Ok(())
    }
}

#[rustfmt::skip]
#[allow(clippy::print_stdout, reason = "an example speaks to its reader")]
mod transactions {
    use sea_orm::{ActiveModelTrait, DbBackend, DbErr, Statement, TransactionTrait};
    use sea_orm_routing::{RoutingConnection, RoutingError, TransactionMode};
    use sea_orm_routing::error::TxnError;

    use super::{transaction, user};

    pub(super) async fn run(
        db: &RoutingConnection,
        order: user::ActiveModel,
        stock: transaction::ActiveModel,
    ) -> Result<(), DbErr> {
let tenant = Statement::from_sql_and_values(
    DbBackend::Postgres,
    "SELECT set_config('app.tenant', $1, true)",
    ["acme".into()],
);
let db = db.on_branch_begin("default", tenant)?;   // runs first on each branch: row-level security

let txn = db.transaction_mode(TransactionMode::Independent).begin().await?;
order.insert(&txn).await?;                   // default
stock.update(&txn.using("warehouse")?).await?;
txn.on_commit(|| println!("send the mails"));
txn.on_rollback(|| println!("nothing was committed"));
if let Err(error) = txn.commit().await {
    match RoutingError::of(&error) {
        Some(RoutingError::Transaction(TxnError::PartialCommit { committed, failed, .. })) => {
            println!("committed on {committed:?}, not on {failed}");
        }
        Some(RoutingError::Transaction(TxnError::CommitUnknown { database, .. })) => {
            println!("check {database}: the answer to its commit was lost");
        }
        _ => return Err(error),              // nothing was committed
    }
}
        Ok(())
    }
}

#[rustfmt::skip]
#[allow(clippy::print_stdout, reason = "an example speaks to its reader")]
#[allow(clippy::needless_borrow, reason = "a reader may have either")]
mod migrations {
    use sea_orm_routing::RoutingConnection;
    use sea_orm_routing_migration::{EntitySet, Migrations, RoutingSchema, Steps};

    use super::user;

    pub(super) async fn run(db: &RoutingConnection) -> Result<(), Box<dyn std::error::Error>> {
let migrations = Migrations::new()
    .database("default", migration::default::Migrator)
    .database("warehouse", migration::warehouse::Migrator);
migrations.up(&db, Steps::All).await?;
println!("{}", migrations.status(&db).await?);         // prints a table; writes nothing
migrations.only("warehouse")?.down(&db, Steps::Only(1)).await?;

let tables = EntitySet::new().entity(user::Entity);    // tables without migrations
db.using("archive")?.create_all(&tables).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    bindings::run().await?;
    let db = sea_orm_routing::RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("archive", "sqlite::memory:")
        .connect()
        .await?;
    handles::run(&db).await?;
    let db = sea_orm_routing::RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("warehouse", "sqlite::memory:")
        .database("archive", "sqlite::memory:")
        .connect()
        .await?;
    migrations::run(&db).await
}
