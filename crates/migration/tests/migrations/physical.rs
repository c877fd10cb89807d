//! Two names for one physical database.

use sea_orm::ConnectionTrait;
use sea_orm::sqlx::Executor;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{MigrationError, Migrations, Steps};

use crate::support::{
    Engine, Result, Site, Sites, assert_says, creates, error_of, plain, tables_of, value,
};

/// `shop` and `stock` are one physical database.
async fn one_of_two_names(site: &Site) -> Result<RoutingConnection> {
    named(site.url(0), site.url(0)).await
}

async fn named(shop: String, stock: String) -> Result<RoutingConnection> {
    eprintln!("on {shop} and {stock}");
    let builder = RoutingConnection::builder()
        .database("shop", shop)
        .database("stock", stock);
    Ok(builder.default_database("shop").connect().await?)
}

/// Two migrators with migration tables of these names.
fn both(shop: &'static str, stock: &'static str) -> Migrations {
    Migrations::new()
        .database("shop", creates(&["a"]).migration_table(shop))
        .database("stock", creates(&["b"]).migration_table(stock))
}

#[tokio::test]
async fn one_migration_table_for_two_names_is_refused() -> Result {
    for site in Sites::Shared.with("shared_done", 1).await? {
        let db = one_of_two_names(&site).await?;
        let error = both("done", "done")
            .up(&db, Steps::All)
            .await
            .expect_err("shared");
        assert_says(
            &error.to_string(),
            &[
                "shop and stock are one physical database",
                "\"done\"",
                "migration_table_name()",
            ],
        );
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn two_migration_tables_keep_two_names_apart() -> Result {
    for site in Sites::Shared.with("own_done", 1).await? {
        let db = one_of_two_names(&site).await?;
        let migrations = both("shop_done", "stock_done");
        migrations.up(&db, Steps::All).await?;
        let all = ["a", "b", "shop_done", "stock_done"];
        assert_eq!(tables_of(&db, "stock").await?, all);
        let status = migrations.status(&db).await?;
        let applied = status
            .on("stock")
            .expect("it")
            .applied()
            .collect::<Vec<_>>();
        assert_eq!(applied, ["m_b"]);
        migrations.only("stock")?.reset(&db).await?;
        assert_eq!(tables_of(&db, "shop").await?, ["a", "shop_done"]);
    }
    Ok(())
}

#[tokio::test]
async fn fresh_on_a_shared_database_is_refused() -> Result {
    for site in Sites::Shared.with("shared_fresh", 1).await? {
        let db = one_of_two_names(&site).await?;
        let migrations = both("shop_done", "stock_done");
        migrations.up(&db, Steps::All).await?;
        let before = tables_of(&db, "shop").await?;
        let error = migrations
            .only("shop")?
            .fresh(&db)
            .await
            .expect_err("shared");
        assert!(matches!(error, MigrationError::SharedDatabase { .. }));
        assert_says(&error.to_string(), &["shop", "stock", "refresh"]);
        assert_eq!(tables_of(&db, "shop").await?, before);
        migrations.only("shop")?.refresh(&db).await?;
    }
    Ok(())
}

#[tokio::test]
async fn another_host_name_or_a_link_is_still_the_same_database() -> Result {
    for site in Sites::Shared.with("other_host", 1).await? {
        let url = site.url(0);
        let other = match &site.engine {
            Engine::Files(dir) => {
                named(url.clone(), url.clone()).await?;
                let link = dir.path().join("link.db");
                let file = dir.path().join(site.database(0) + ".db");
                std::os::unix::fs::symlink(file, &link)?;
                format!("sqlite:{}", link.display())
            }
            _ => url.replace("127.0.0.1", "localhost"),
        };
        let db = named(url, other).await?;
        let error = both("done", "done").up(&db, Steps::All).await;
        assert_says(&error_of(error), &["one physical database"]);
    }
    Ok(())
}

#[tokio::test]
async fn another_time_zone_is_still_the_same_postgres_database() -> Result {
    let Some(site) = Site::postgres("time_zone", 1).await? else {
        return Ok(());
    };
    let mut elsewhere = site.options(0);
    elsewhere.map_sqlx_postgres_pool_opts(|own| {
        own.after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("SET TIME ZONE 'Asia/Tokyo'").await?;
                Ok(())
            })
        })
    });
    let db = RoutingConnection::builder()
        .database("shop", site.url(0))
        .database("stock", elsewhere)
        .default_database("shop")
        .connect()
        .await?;
    let tokyo: String = value(&plain(&db, "stock"), "SHOW TimeZone").await?;
    assert_eq!(tokyo, "Asia/Tokyo");
    let error = both("done", "done").up(&db, Steps::All).await;
    assert_says(&error_of(error), &["one physical database"]);
    Ok(())
}

#[tokio::test]
async fn two_schemas_of_one_postgres_database_are_two_databases() -> Result {
    let Some(site) = Site::postgres("two_schemas", 1).await? else {
        return Ok(());
    };
    site.client(0, "CREATE SCHEMA reporting AUTHORIZATION app")
        .await?;
    let reporting = format!("{}?options=-c%20search_path%3Dreporting", site.url(0));
    let db = named(site.url(0), reporting).await?;
    let migrations = both("done", "done");
    migrations.up(&db, Steps::All).await?;
    assert_eq!(tables_of(&db, "shop").await?, ["a", "done"]);
    assert_eq!(tables_of(&db, "stock").await?, ["b", "done"]);
    migrations.only("stock")?.fresh(&db).await?;
    assert_eq!(tables_of(&db, "shop").await?, ["a", "done"]);
    Ok(())
}

#[tokio::test]
async fn two_names_of_a_database_in_memory_are_one() -> Result {
    let memory = "sqlite:file:two_names?mode=memory&cache=shared".to_owned();
    let db = named(memory.clone(), memory).await?;
    plain(&db, "shop")
        .execute_unprepared("CREATE TABLE seen (id INTEGER)")
        .await?;
    let is_one = tables_of(&db, "stock").await? == ["seen"];
    let error = both("done", "done").up(&db, Steps::All).await;
    assert_eq!(is_one, error.is_err(), "{error:?}");
    Ok(())
}
