//! Texts that are not statements: the server answers, and nothing panics.

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement};
use sea_orm_routing::error::RefusedError;
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Role, RoutingError};

use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says};

#[tokio::test]
async fn an_empty_text_goes_to_the_primary() -> Result {
    let shop = Shop::open().await?;
    for sql in ["", "  ", ";", "-- nothing", "/* nothing */"] {
        let route = shop.db.explain_sql(sql)?;
        assert_eq!(
            (route.node().as_str(), route.role()),
            ("default/1", Role::Primary),
            "{sql:?}"
        );
        let rows = shop
            .db
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await?;
        assert!(rows.is_empty());
        shop.db.execute_unprepared(sql).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_quote_that_never_ends_goes_to_the_primary_and_is_the_servers_error() -> Result {
    let shop = Shop::open().await?;
    for sql in [
        "SELECT 'x",
        "SELECT \"x",
        "SELECT `x",
        "SELECT [x",
        "SELECT 1 FROM category WHERE 'x",
    ] {
        let route = shop.db.explain_sql(sql)?;
        assert_eq!(
            (route.access(), route.role()),
            (Access::Unknown, Role::Primary),
            "{sql}"
        );
        assert_says(&route, &["never ends"]);
        let failed = shop
            .db
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await;
        assert_says(&failed.expect_err(sql), &["unrecognized token"]);
        assert!(shop.db.execute_unprepared(sql).await.is_err());
    }
    Ok(())
}

#[tokio::test]
async fn nonsense_goes_to_the_primary_and_is_the_servers_error() -> Result {
    let shop = Shop::open().await?;
    for sql in [")", "((((", "ünïcödé", "FROM category SELECT"] {
        assert_eq!(shop.db.explain_sql(sql)?.role(), Role::Primary, "{sql:?}");
        assert!(shop.db.execute_unprepared(sql).await.is_err(), "{sql:?}");
    }
    Ok(())
}

/// sqlx itself never returns from a text with a NUL byte.
#[tokio::test]
async fn a_zero_byte_is_refused_before_it_is_sent() -> Result {
    let shop = Shop::open().await?;
    for sql in ["\0", "SELECT 1\0; DELETE FROM category", "SELECT 'a\0b'"] {
        let refused = shop.db.execute_unprepared(sql).await.expect_err(sql);
        assert_error!(refused, RoutingError::Refused(RefusedError::NulByte { .. }));
    }
    Ok(())
}

#[tokio::test]
async fn a_long_text_is_routed_like_a_short_one() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let ids: Vec<_> = (0..20_000).map(|id| id.to_string()).collect();
    let sql = format!("SELECT id FROM category WHERE id IN ({})", ids.join(", "));
    assert_eq!(shop.db.explain_sql(&sql)?.role(), Role::Replica);
    let rows = shop
        .db
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    assert_eq!(rows.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_cache_of_no_bytes_changes_nothing() -> Result {
    let shop = Shop::with(|builder| builder.statement_cache_bytes(0)).await?;
    add_category(&shop.db, "Tea").await?;
    for _ in 0..3 {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    }
    Ok(())
}
