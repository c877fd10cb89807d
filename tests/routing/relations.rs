//! Related rows of one database: joined, or loaded one side after the other.

use sea_orm::{
    ActiveModelTrait, EntityTrait, LoaderTrait, ModelTrait, PaginatorTrait, QueryOrder, Set,
};
use sea_orm_routing::{Role, RoutingConnection};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, customer, order, order_line, product, product_tag, tag};
use crate::shop::{Result, Shop, add_category, add_product, add_stock};

struct Goods {
    tea: category::Model,
    assam: product::Model,
    sencha: product::Model,
}

/// Two teas, of which Assam is tagged black; and an empty category.
async fn goods(db: &RoutingConnection) -> Result<Goods> {
    let tea = add_category(db, "Tea").await?;
    add_category(db, "Coffee").await?;
    let assam = add_product(db, "Assam", &tea).await?;
    let sencha = add_product(db, "Sencha", &tea).await?;
    let black = tag::ActiveModel {
        name: Set("black".to_owned()),
        ..Default::default()
    };
    let black = black.insert(db).await?;
    let tagged = product_tag::ActiveModel {
        product_id: Set(assam.id),
        tag_id: Set(black.id),
    };
    tagged.insert(db).await?;
    Ok(Goods { tea, assam, sencha })
}

#[tokio::test]
async fn find_related() -> Result {
    let shop = Shop::open().await?;
    let goods = goods(&shop.db).await?;
    let routes = shop.db.record();
    let category = goods
        .assam
        .find_related(category::Entity)
        .one(&shop.db)
        .await?;
    assert_eq!(category.as_ref(), Some(&goods.tea));
    assert_eq!(
        goods
            .tea
            .find_related(product::Entity)
            .count(&shop.db)
            .await?,
        2
    );
    let tags = goods.assam.find_related(tag::Entity).all(&shop.db).await?;
    assert_eq!(tags.len(), 1);
    routes.assert_routed(product::Entity, "default", Role::Replica);
    Ok(())
}

#[tokio::test]
async fn find_also_and_find_with_related() -> Result {
    let shop = Shop::open().await?;
    let goods = goods(&shop.db).await?;
    let rows = product::Entity::find()
        .find_also_related(category::Entity)
        .all(&shop.db)
        .await?;
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .all(|(_, category)| category.as_ref() == Some(&goods.tea))
    );
    let grouped = category::Entity::find()
        .order_by_asc(category::Column::Id)
        .find_with_related(product::Entity)
        .all(&shop.db)
        .await?;
    let sizes: Vec<_> = grouped.iter().map(|(_, products)| products.len()).collect();
    assert_eq!(sizes, [2, 0]);
    Ok(())
}

#[tokio::test]
async fn load_one_and_load_many() -> Result {
    let shop = Shop::open().await?;
    let goods = goods(&shop.db).await?;
    let routes = shop.db.record();
    let products = vec![goods.assam.clone(), goods.sencha.clone()];
    let categories = products.load_one(category::Entity, &shop.db).await?;
    assert_eq!(
        categories,
        [Some(goods.tea.clone()), Some(goods.tea.clone())]
    );
    let of_tea = vec![goods.tea].load_many(product::Entity, &shop.db).await?;
    assert_eq!(of_tea[0], products);
    let tags = products.load_many(tag::Entity, &shop.db).await?;
    assert_eq!(tags.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert!(
        routes
            .routes()
            .iter()
            .all(|route| route.role() == Role::Replica)
    );
    Ok(())
}

#[tokio::test]
async fn the_entity_loader() -> Result {
    let shop = Shop::open().await?;
    let goods = goods(&shop.db).await?;
    let products = product::Entity::load()
        .with(category::Entity)
        .with(tag::Entity)
        .order_by_asc(product::Column::Id)
        .all(&shop.db)
        .await?;
    assert_eq!(products.len(), 2);
    let category = products[0].category.as_ref().expect("loaded");
    assert_eq!(category.name, goods.tea.name);
    assert_eq!(products[0].tags.len(), 1);
    assert_eq!(products[1].tags.len(), 0);
    Ok(())
}

#[tokio::test]
async fn the_entity_loader_in_another_database() -> Result {
    let shop = Shop::open().await?;
    let row = add_stock(&shop.db, 1, 12).await?;
    let arrived = movement::ActiveModel {
        stock_id: Set(row.id),
        change: Set(12),
        reason: Set("arrived".to_owned()),
        ..Default::default()
    };
    arrived.insert(&shop.db).await?;
    let loaded = stock::Entity::load()
        .with(movement::Entity)
        .one(&shop.db)
        .await?;
    let loaded = loaded.expect("a row");
    assert_eq!(loaded.movements.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_tree_of_new_rows_is_saved_in_one_transaction() -> Result {
    let shop = Shop::open().await?;
    let goods = goods(&shop.db).await?;
    let routes = shop.db.record();
    let line = order_line::ActiveModel::builder()
        .set_product_id(goods.assam.id)
        .set_quantity(2);
    let new = order::ActiveModel::builder()
        .set_state("new")
        .add_line(line);
    customer::ActiveModel::builder()
        .set_name("Ann")
        .set_email("ann@example.org")
        .add_order(new)
        .save(&shop.db)
        .await?;
    assert!(
        routes
            .routes()
            .iter()
            .all(|route| route.why_role() == "it is in a transaction")
    );

    let ann = customer::Entity::load()
        .with(order::Entity)
        .one(&shop.db)
        .await?
        .expect("Ann");
    assert_eq!(ann.orders.len(), 1);
    assert_eq!(order_line::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}
