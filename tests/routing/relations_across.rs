//! Related rows in two databases: loaded one side after the other, never joined.

use sea_orm::{ConnectionTrait, EntityTrait, LoaderTrait, QueryOrder};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::entities::{category, product};
use crate::shop::{Files, Result, add_category, add_product, are, assert_error};

/// `category` and `product` in two databases, without the foreign key between them.
async fn split() -> Result<(RoutingConnection, Files)> {
    let files = Files::new()?;
    let db = RoutingConnection::builder()
        .database("default", files.primary("products"))
        .database("taxonomy", files.primary("taxonomy"))
        .bind(category::Entity, "taxonomy")
        .connect()
        .await?;
    let category = "CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    db.execute_unprepared(category).await?;
    let product = "CREATE TABLE product \
                   (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER, category_id INTEGER)";
    db.execute_unprepared(product).await?;
    Ok((db, files))
}

#[tokio::test]
async fn load_one_and_load_many_across_two_databases() -> Result {
    let (db, _files) = split().await?;
    let tea = add_category(&db, "Tea").await?;
    let coffee = add_category(&db, "Coffee").await?;
    let assam = add_product(&db, "Assam", &tea).await?;
    let mocha = add_product(&db, "Mocha", &coffee).await?;

    let routes = db.record();
    let products = product::Entity::find()
        .order_by_asc(product::Column::Id)
        .all(&db)
        .await?;
    let categories = products.load_one(category::Entity, &db).await?;
    assert_eq!(categories, [Some(tea.clone()), Some(coffee.clone())]);
    let of_each = vec![tea, coffee].load_many(product::Entity, &db).await?;
    assert_eq!(of_each, [vec![assam], vec![mocha]]);
    routes.assert_routed(category::Entity, "taxonomy", Role::Primary);
    routes.assert_routed(product::Entity, "default", Role::Primary);
    Ok(())
}

#[tokio::test]
async fn a_join_across_two_databases_is_refused_with_the_way_out() -> Result {
    let (db, _files) = split().await?;
    let joined = product::Entity::find()
        .find_also_related(category::Entity)
        .all(&db)
        .await;
    let refused = joined.expect_err("two databases");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if are(tables, &[("product", "default"), ("category", "taxonomy")])
    );
    Ok(())
}
