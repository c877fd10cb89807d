//! Schema statements go where their table is bound.

use sea_orm::sea_query::{Alias, ColumnDef, Index, Table};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, Schema, Statement,
};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, customer};
use crate::shop::{Files, Result, are, assert_error, assert_says};

/// Two databases without a table.
async fn empty() -> Result<(RoutingConnection, Files)> {
    let files = Files::new()?;
    let db = RoutingConnection::builder()
        .database("default", files.with_two_replicas("shop"))
        .database("warehouse", files.primary("warehouse"))
        .bind(stock::Entity, "warehouse")
        .bind(movement::Entity, "warehouse")
        .connect()
        .await?;
    Ok((db, files))
}

async fn tables(db: &DatabaseConnection) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await?;
    let names = rows.iter().map(|row| row.try_get("", "name"));
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

#[tokio::test]
async fn the_schema_builder_creates_each_table_where_it_is_bound() -> Result {
    let (db, _files) = empty().await?;
    db.get_schema_builder()
        .register(movement::Entity)
        .register(customer::Entity)
        .register(stock::Entity)
        .register(category::Entity)
        .apply(&db)
        .await?;
    assert_eq!(
        tables(&db.primary("default")?).await?,
        ["category", "customer"]
    );
    assert_eq!(
        tables(&db.primary("warehouse")?).await?,
        ["movement", "stock"]
    );
    Ok(())
}

#[tokio::test]
async fn the_schema_registry_creates_the_tables_of_a_module() -> Result {
    let (db, _files) = empty().await?;
    db.get_schema_registry("routing::entities::warehouse")
        .apply(&db)
        .await?;
    assert_eq!(
        tables(&db.primary("warehouse")?).await?,
        ["movement", "stock"]
    );
    assert!(tables(&db.primary("default")?).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn statements_that_change_a_schema_go_to_the_primary() -> Result {
    let (db, _files) = empty().await?;
    let routes = db.record();
    let schema = Schema::new(db.get_database_backend());
    db.execute(&schema.create_table_from_entity(stock::Entity))
        .await?;
    let mut note = ColumnDef::new(Alias::new("note"));
    let alter = Table::alter()
        .table(stock::Entity)
        .add_column(note.text())
        .to_owned();
    db.execute(&alter).await?;
    let index = Index::create()
        .name("by_note")
        .table(stock::Entity)
        .col(Alias::new("note"))
        .to_owned();
    db.execute(&index).await?;
    routes.assert_routed(stock::Entity, "warehouse", Role::Primary);
    Ok(())
}

#[tokio::test]
async fn a_view_is_one_more_table_to_bind() -> Result {
    let (db, _files) = empty().await?;
    db.get_schema_builder()
        .register(stock::Entity)
        .apply(&db)
        .await?;
    let view = "CREATE VIEW low AS SELECT id FROM stock WHERE quantity < 3";
    let refused = db.execute_unprepared(view).await.expect_err("unbound");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if are(tables, &[("low", "default"), ("stock", "warehouse")])
    );

    let bound = db.with_bindings([("low", "warehouse")])?;
    bound.execute_unprepared(view).await?;
    let select = Statement::from_string(db.get_database_backend(), "SELECT id FROM low");
    assert!(bound.query_all_raw(select).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_table_is_dropped_where_it_lives() -> Result {
    let (db, _files) = empty().await?;
    for database in ["default", "warehouse"] {
        db.using(database)?
            .execute_unprepared("CREATE TABLE stock (id INTEGER)")
            .await?;
    }
    db.execute(&Table::drop().table(stock::Entity).to_owned())
        .await?;
    assert_eq!(tables(&db.primary("default")?).await?, ["stock"]);
    assert!(tables(&db.primary("warehouse")?).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_replica_sees_a_new_table() -> Result {
    let (db, _files) = empty().await?;
    assert_says(
        &customer::Entity::find().count(&db).await.expect_err("none"),
        &["no such table"],
    );
    db.get_schema_builder()
        .register(customer::Entity)
        .apply(&db)
        .await?;
    let routes = db.record();
    assert_eq!(customer::Entity::find().count(&db).await?, 0);
    routes.assert_routed(customer::Entity, "default", Role::Replica);
    Ok(())
}
