//! Tenants on Postgres, opened when they are first used.

use sea_orm::{ConnectionTrait, EntityTrait};

use super::{LONG, Load};
use crate::support::{eventually, item, options, postgres, soon};

#[tokio::test]
async fn a_tenant_is_opened_when_it_is_first_used_and_closed_when_it_is_removed() {
    let (Some(pg), Some(own)) = (postgres("tenants").await, postgres("tenant_seven").await) else {
        return;
    };
    let db = pg.connect().await;
    let load = Load::start(&db, true);
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'tenant_seven'
        AND pid <> pg_backend_pid()";
    for _ in 0..3 {
        let url = options(own.cluster.primary_url(own.name));
        db.admin().add_database("tenant", url).await.expect("added");
        assert_eq!(pg.sql(connected).await, "0");
        let tenant = db.using("tenant").expect("a database");
        let sql = "CREATE TABLE IF NOT EXISTS item (id SERIAL PRIMARY KEY, name TEXT UNIQUE)";
        tenant.execute_unprepared(sql).await.expect("a table");
        assert_ne!(pg.sql(connected).await, "0");
        item::Entity::delete_many()
            .exec(&tenant)
            .await
            .expect("empty");
        item::insert(&tenant, "theirs").await.expect("a row");
        assert_eq!(
            item::Entity::find().all(&tenant).await.map(|it| it.len()),
            Ok(1)
        );
        let removed = db.admin().remove_database("tenant", LONG);
        soon("removing", removed).await.expect("removed");
        eventually("it is closed", || async { pg.sql(connected).await == "0" }).await;
    }
    load.stop().await;
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_does_not_affect_others() {
    let Some(pg) = postgres("no_tenant").await else {
        return;
    };
    let db = pg.connect().await;
    let missing = options(pg.cluster.primary_url("there_is_no_such_database"));
    db.admin()
        .add_database("tenant", missing)
        .await
        .expect("added");
    let tenant = db.using("tenant").expect("a database");
    let error = soon("a read", item::Entity::find().all(&tenant)).await;
    let error = error.expect_err("no such database").to_string();
    assert!(error.contains("tenant/1"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    item::insert(&db, "one").await.expect("a row");
    db.admin()
        .remove_database("tenant", LONG)
        .await
        .expect("removed");
}
