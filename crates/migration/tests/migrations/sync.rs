//! Entity-first sync: each database gets its own entities.

mod entities;

use sea_orm::{ConnectionTrait, EntityTrait};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{MigrationError, RoutingSchema};

use self::entities::{across, shop, stock};
use crate::support::{
    Engine, Result, Site, Sites, assert_says, column, error_of, plain, tables_of,
};

const SHOP: &str = "migrations::sync::entities::shop";
const BOTH: &str = "migrations::sync::entities";
const ACROSS: &str = "migrations::sync::entities::across";

/// `shop`, and `stock` with its bound entities.
async fn bound(site: &Site) -> Result<RoutingConnection> {
    eprintln!("on {}", site.url(0));
    let builder = site.builder(&["shop", "stock"]).default_database("shop");
    let builder = builder
        .bind(stock::shelf::Entity, "stock")
        .bind(stock::piece::Entity, "stock")
        .bind(across::near::Entity, "stock");
    Ok(builder.connect().await?)
}

/// The columns of a table, sorted.
async fn columns(db: &RoutingConnection, database: &str, table: &str) -> Result<Vec<String>> {
    let sql = match plain(db, database).get_database_backend() {
        sea_orm::DbBackend::Sqlite => {
            format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")
        }
        sea_orm::DbBackend::Postgres => format!(
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_name = '{table}' AND table_schema = current_schema() ORDER BY 1"
        ),
        _ => format!(
            "SELECT column_name FROM information_schema.columns \
             WHERE table_name = '{table}' AND table_schema = DATABASE() ORDER BY 1"
        ),
    };
    Ok(column(&plain(db, database), &sql).await?)
}

#[tokio::test]
async fn each_database_gets_its_own_entities_alone() -> Result {
    for site in Sites::All.with("sync_own", 2).await? {
        let db = bound(&site).await?;
        for _ in 0..2 {
            db.sync_schema(SHOP).await?;
            db.sync_schema("migrations::sync::entities::stock").await?;
            assert_eq!(tables_of(&db, "shop").await?, ["product"]);
            assert_eq!(tables_of(&db, "stock").await?, ["piece", "shelf"]);
        }
        assert!(stock::piece::Entity::find().all(&db).await?.is_empty());
        let orphan = "INSERT INTO piece (id, shelf_id, state) VALUES (1, 9, 'new')";
        error_of(db.execute_unprepared(orphan).await);
    }
    Ok(())
}

#[tokio::test]
async fn a_column_that_is_missing_is_added_where_the_table_lives() -> Result {
    for site in Sites::All.with("sync_column", 2).await? {
        let db = bound(&site).await?;
        let old = "CREATE TABLE shelf (id INTEGER NOT NULL PRIMARY KEY)";
        plain(&db, "stock").execute_unprepared(old).await?;
        db.sync_schema("migrations::sync::entities::stock").await?;
        assert_eq!(columns(&db, "stock", "shelf").await?, ["id", "label"]);
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn an_enum_is_created_on_postgres_where_it_is_needed() -> Result {
    let Some(site) = Site::postgres("sync_enum", 2).await? else {
        return Ok(());
    };
    let db = bound(&site).await?;
    for _ in 0..2 {
        db.sync_schema(SHOP).await?;
        db.sync_schema("migrations::sync::entities::stock").await?;
        let types = "SELECT typname::text FROM pg_type WHERE typtype = 'e'";
        let in_stock: Vec<String> = column(&plain(&db, "stock"), types).await?;
        assert_eq!(in_stock, ["piece_state"]);
        let in_shop: Vec<String> = column(&plain(&db, "shop"), types).await?;
        assert!(in_shop.is_empty(), "{in_shop:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_builder_is_not_synced_over_several_databases() -> Result {
    for site in Sites::All.with("sync_plain", 2).await? {
        let db = bound(&site).await?;
        let refused = db.sync_with(db.get_schema_registry(SHOP)).await;
        assert!(matches!(refused, Err(MigrationError::WhichDatabase)));
        assert!(tables_of(&db, "shop").await?.is_empty());
        assert!(tables_of(&db, "stock").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_builder_is_synced_with_one_database() -> Result {
    for site in Sites::All.with("sync_one", 2).await? {
        let db = site.connect(&["shop"]).await?;
        for _ in 0..2 {
            let schema = db.get_schema_builder().register(shop::product::Entity);
            db.sync_with(schema).await?;
            assert_eq!(tables_of(&db, "shop").await?, ["product"]);
        }
        let both = bound(&site).await?;
        let stock = both.using("stock")?;
        for _ in 0..2 {
            let schema = stock.get_schema_builder().register(shop::product::Entity);
            stock.sync_with(schema).await?;
            assert_eq!(tables_of(&both, "stock").await?, ["product"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_binding_of_the_handle_is_obeyed() -> Result {
    for site in Sites::All.with("sync_rebound", 2).await? {
        let db = bound(&site).await?;
        let rebound = db.with_bindings([("product", "stock")])?;
        rebound.sync_schema(SHOP).await?;
        assert_eq!(tables_of(&db, "stock").await?, ["product"]);
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_handle_that_has_fixed_a_database_syncs_that_one() -> Result {
    for site in Sites::All.with("sync_fixed", 2).await? {
        let db = bound(&site).await?;
        db.using("shop")?.sync_schema(BOTH).await.ok();
        assert!(tables_of(&db, "stock").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_key_across_databases_is_a_clear_error() -> Result {
    for site in Sites::All.with("sync_across", 2).await? {
        let db = bound(&site).await?;
        let error = db
            .sync_schema(ACROSS)
            .await
            .expect_err("near refers to far");
        assert!(
            matches!(&error, MigrationError::Sync { database, .. } if database == "stock"),
            "{error:?}"
        );
        assert_says(&error.to_string(), &["the schema of stock", "far", "near"]);
        assert!(tables_of(&db, "stock").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_forbidden_entity_is_not_synced() -> Result {
    for site in Sites::All.with("sync_forbidden", 1).await? {
        let builder = site.builder(&["default"]);
        let db = builder
            .forbid(shop::product::Entity, "default")
            .connect()
            .await?;
        let text = error_of(db.sync_schema(SHOP).await);
        assert_says(
            &text,
            &["the schema of default", "product", "is forbidden on"],
        );
        assert!(tables_of(&db, "default").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn databases_of_two_dialects_are_synced_each_in_its_own() -> Result {
    let mut sites = Sites::Servers.with("sync_dialects", 1).await?;
    let (Some(maria), Some(postgres)) = (sites.pop(), sites.pop()) else {
        return Ok(());
    };
    assert!(matches!(&maria.engine, Engine::MariaDb(_)));
    let db = RoutingConnection::builder()
        .database("shop", postgres.options(0))
        .database("stock", maria.options(0))
        .default_database("shop")
        .bind(stock::shelf::Entity, "stock")
        .bind(stock::piece::Entity, "stock")
        .connect()
        .await?;
    for prefix in [SHOP, "migrations::sync::entities::stock"] {
        db.sync_schema(prefix).await?;
        db.sync_schema(prefix).await?;
    }
    assert_eq!(tables_of(&db, "shop").await?, ["product"]);
    assert_eq!(tables_of(&db, "stock").await?, ["piece", "shelf"]);
    Ok(())
}

#[tokio::test]
async fn the_last_database_left_is_not_the_first_declared() -> Result {
    for site in Sites::All.with("sync_last", 2).await? {
        let builder = site.builder(&["shop", "stock"]).default_database("stock");
        let db = builder.connect().await?;
        let patience = std::time::Duration::from_secs(5);
        db.admin().remove_database("shop", patience).await?;
        db.sync_schema(SHOP).await?;
        assert_eq!(tables_of(&db, "stock").await?, ["product"]);
        let backend = plain(&db, "stock").get_database_backend();
        let builder = sea_orm::Schema::new(backend)
            .builder()
            .register(stock::shelf::Entity);
        db.sync_with(builder).await?;
        assert_eq!(tables_of(&db, "stock").await?, ["product", "shelf"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_handle_whose_bindings_name_a_database_that_was_removed() -> Result {
    for site in Sites::All.with("sync_removed", 2).await? {
        let builder = site.builder(&["shop", "stock"]).default_database("shop");
        let db = builder.connect().await?;
        let rebound = db.with_bindings([("product", "stock")])?;
        let patience = std::time::Duration::from_secs(5);
        db.admin().remove_database("stock", patience).await?;
        let text = error_of(rebound.sync_schema(SHOP).await);
        assert_says(&text, &["\"stock\" was removed"]);
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}
