//! A policy that keeps tables off a database.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_routing::policy::TableRules;
use sea_orm_routing::{Bind, BindRequest, DatabaseName, RoutingPolicy, TableName};
use sea_orm_routing_migration::{Migrations, Steps};

use crate::support::{Result, Set, Sites, Step, assert_says, creates, error_of, tables_of};

const MIGRATION_TABLE: &str = "seaql_migrations";

/// Tables that begin with `audit_` are only allowed in `shop`.
#[derive(Debug)]
struct AuditAtHome;

impl RoutingPolicy for AuditAtHome {
    fn get_bind(&self, _: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        Ok(None)
    }

    fn table_rules(&self) -> Option<&dyn TableRules> {
        Some(self)
    }
}

impl TableRules for AuditAtHome {
    fn allows(&self, table: &TableName, database: &DatabaseName) -> bool {
        !table.name().starts_with("audit_") || *database == *"shop"
    }
}

#[tokio::test]
async fn a_policy_can_keep_a_table_off_a_database() -> Result {
    for site in Sites::All.with("policy", 2).await? {
        let builder = site.builder(&["shop", "stock"]).default_database("shop");
        let db = builder.policy(AuditAtHome).connect().await?;
        for text in [
            "CREATE TABLE audit_log (id INTEGER)",
            "CREATE TABLE IF NOT EXISTS audit_log (id INTEGER)",
            "CREATE TABLE a (id INTEGER); CREATE TABLE audit_log (id INTEGER)",
            "INSERT INTO seen VALUES (1); CREATE TABLE audit_log (id INTEGER)",
            "CREATE TABLE audit_log AS SELECT 1 AS id",
            "ALTER TABLE seen RENAME TO audit_log",
        ] {
            let set = creates(&["seen"]).sql("m_audit", text);
            let migrations = Migrations::new().database("stock", set);
            let outcome = migrations.up(&db, Steps::All).await;
            assert!(outcome.is_err(), "{text}: {outcome:?}");
            assert_says(
                &error_of(outcome),
                &["m_audit", "is forbidden on database \"stock\""],
            );
            assert_eq!(
                tables_of(&db, "stock").await?,
                [MIGRATION_TABLE, "seen"],
                "{text}"
            );
        }
        let stock = db.using("stock")?;
        let create = "CREATE TABLE audit_log (id INTEGER)";
        assert_says(
            &error_of(stock.execute_unprepared(create).await),
            &["is forbidden on database \"stock\""],
        );
        let shop = Migrations::new().database("shop", creates(&["audit_log"]));
        shop.up(&db, Steps::All).await?;
    }
    Ok(())
}

/// A policy that lists what a database may hold.
#[derive(Debug)]
struct OnlyListed;

impl RoutingPolicy for OnlyListed {
    fn get_bind(&self, _: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        Ok(None)
    }

    fn table_rules(&self) -> Option<&dyn TableRules> {
        Some(self)
    }
}

impl TableRules for OnlyListed {
    fn allows(&self, table: &TableName, _: &DatabaseName) -> bool {
        ["a", "b"].contains(&table.name())
    }
}

#[tokio::test]
async fn a_policy_that_lists_tables_need_not_list_the_migration_table() -> Result {
    for site in Sites::All.with("listed", 1).await? {
        let db = site
            .builder(&["default"])
            .policy(OnlyListed)
            .connect()
            .await?;
        let migrations = Migrations::new().database("default", creates(&["a", "b"]));
        migrations.up(&db, Steps::All).await?;
        migrations.refresh(&db).await?;
        migrations.fresh(&db).await?;
        assert_eq!(
            tables_of(&db, "default").await?,
            ["a", "b", MIGRATION_TABLE]
        );
    }
    Ok(())
}

/// A policy without table rules.
#[derive(Debug)]
struct NoRules;

impl RoutingPolicy for NoRules {
    fn get_bind(&self, _: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        Ok(None)
    }
}

/// The thread on which a migration runs shows whether its statements are intercepted.
#[tokio::test]
async fn a_policy_without_table_rules_does_not_change_how_migrations_run() -> Result {
    for site in Sites::All.with("no_rules", 1).await? {
        let db = site.builder(&["default"]).policy(NoRules).connect().await?;
        let test = std::thread::current().id();
        let step = Step::new("m_thread", move |_| {
            Box::pin(async move {
                assert_eq!(std::thread::current().id(), test);
                Ok(())
            })
        });
        let migrations = Migrations::new().database("default", Set::new().with(step));
        migrations.up(&db, Steps::All).await?;
    }
    Ok(())
}
