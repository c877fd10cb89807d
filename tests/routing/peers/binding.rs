//! Bindings: an entity's, a table's, and none.

use sea_orm::sea_query::{Alias, Expr, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, RelationTrait, Statement,
};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError, Unbound};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, product};
use crate::shop::{Result, Shop, add_category, add_stock, are, assert_error, database_of, mock};

/// 1. An entity's binding routes its SELECT, INSERT, UPDATE, DELETE, aliases, subqueries and UNIONs.
#[tokio::test]
async fn an_entity_s_binding_routes_all_its_statements() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let row = add_stock(&shop.db, 1, 12).await?;
    let mut changed = row.clone().into_active_model();
    changed.quantity = sea_orm::Set(13);
    stock::Entity::update(changed).exec(&shop.db).await?;
    stock::Entity::update_many()
        .col_expr(stock::Column::Quantity, Expr::value(14))
        .exec(&shop.db)
        .await?;
    stock::Entity::find_by_id(row.id).one(&shop.db).await?;
    let alias = Alias::new("s");
    movement::Entity::find()
        .join_as(JoinType::LeftJoin, movement::Relation::Stock.def(), alias)
        .all(&shop.db)
        .await?;
    let ids = stock::Entity::find()
        .select_only()
        .column(stock::Column::Id);
    movement::Entity::find()
        .filter(movement::Column::StockId.in_subquery(ids.into_query()))
        .all(&shop.db)
        .await?;
    let mut union = stock::Entity::find();
    QueryTrait::query(&mut union).union(UnionType::All, stock::Entity::find().into_query());
    assert_eq!(union.all(&shop.db).await?.len(), 2);
    stock::Entity::delete_by_id(row.id).exec(&shop.db).await?;
    let routes = routes.routes();
    assert_eq!(routes.len(), 8);
    for route in routes {
        assert_eq!(route.database().as_str(), "warehouse", "{route}");
    }
    Ok(())
}

/// 1. A table's binding does the same for statements without an entity.
#[tokio::test]
async fn a_table_s_binding_routes_statements_without_an_entity() -> Result {
    let shop = Shop::with(|builder| builder.bind_table("note", "warehouse")).await?;
    for sql in [
        "SELECT * FROM note",
        "SELECT n.id FROM note AS n",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM note)",
        "SELECT id FROM note UNION SELECT id FROM note",
        "INSERT INTO note (id) VALUES (1)",
        "UPDATE note SET id = 2",
        "DELETE FROM note",
        "CREATE TABLE note (id INTEGER)",
        "DROP TABLE note",
    ] {
        assert_eq!(database_of(&shop.db, sql)?, "warehouse", "{sql}");
    }
    Ok(())
}

/// 3. A table that appears only in WHERE or in a subquery still counts.
#[tokio::test]
async fn a_table_that_appears_only_in_a_subquery_counts() -> Result {
    let shop = Shop::open().await?;
    let ids = stock::Entity::find()
        .select_only()
        .column(stock::Column::ProductId);
    let query = category::Entity::find().filter(category::Column::Id.in_subquery(ids.into_query()));
    let refused = shop.db.explain(&query).expect_err("two databases");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if are(tables, &[("category", "default"), ("stock", "warehouse")])
    );
    let only = "SELECT 1 WHERE (SELECT MAX(quantity) FROM stock) > 3";
    assert_eq!(database_of(&shop.db, only)?, "warehouse");
    let moved = "DELETE FROM movement WHERE stock_id NOT IN (SELECT id FROM stock)";
    assert_eq!(database_of(&shop.db, moved)?, "warehouse");
    Ok(())
}

/// 4. A statement without a table goes to the default database.
#[tokio::test]
async fn a_statement_without_a_table_goes_to_the_default_database() -> Result {
    let shop = Shop::open().await?;
    assert_eq!(database_of(&shop.db, "SELECT 1")?, "default");
    let answer = Statement::from_string(DbBackend::Sqlite, "SELECT 42 AS answer");
    let row = shop.db.query_one_raw(answer).await?.expect("a row");
    assert_eq!(row.try_get::<i32>("", "answer")?, 42);
    Ok(())
}

/// 7. A binding to something that does not exist fails when built, not at the first query.
#[test]
fn a_binding_to_nothing_fails_when_built() {
    let built = RoutingConnection::builder()
        .database("default", mock(DbBackend::Sqlite))
        .bind(stock::Entity, "warehous")
        .build();
    let error = built.expect_err("no such database");
    assert_error!(
        error,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, known, .. })
            if what.contains("stock")
                && database == "warehous"
                && *known == ["default"]
    );
}

/// 7. An unbound entity, where that is refused, fails with its name.
#[tokio::test]
async fn an_unbound_entity_fails_with_its_name() -> Result {
    let shop = Shop::with(|builder| {
        builder
            .bind(product::Entity, "default")
            .unbound(Unbound::Error)
    })
    .await?;
    for refused in [
        category::Entity::find().all(&shop.db).await.map(drop),
        add_category(&shop.db, "Tea").await.map(drop),
        category::Entity::delete_many()
            .exec(&shop.db)
            .await
            .map(drop),
    ] {
        let refused = refused.expect_err("unbound");
        assert_error!(
            refused,
            RoutingError::Binding(BindingError::Unbound { table, .. })
                if table.name() == "category"
        );
    }
    assert_eq!(product::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}
