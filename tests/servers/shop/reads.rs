//! What SeaORM reads through the router is what the servers have.

use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, EntityTrait, LoaderTrait, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entities::warehouse::{movement, stock};
use super::entities::{category, customer, order, order_line, product, tag};
use super::{LINES_OF_AN_ORDER, MOVEMENTS_OF_A_STOCK, ORDERS, PRODUCTS, Shop, TAGS_OF_A_PRODUCT};

#[tokio::test]
async fn counts_and_sums_are_those_of_the_servers() {
    let Some(shop) = Shop::open("shop_sums").await else {
        return;
    };
    let db = &shop.db;
    let orders = order::Entity::find().count(db).await.expect("a count");
    assert_eq!(orders, ORDERS as u64);
    assert_eq!(
        orders as i64,
        shop.in_postgres("SELECT count(*) FROM \"order\"").await
    );
    let movements = movement::Entity::find().count(db).await.expect("a count");
    assert_eq!(
        movements as i64,
        shop.in_mariadb("SELECT count(*) FROM movement").await
    );

    let sold: Option<i64> = order_line::Entity::find()
        .select_only()
        .column_as(order_line::Column::Quantity.sum(), "sold")
        .into_tuple()
        .one(db)
        .await
        .expect("a sum")
        .expect("a row");
    let expected = shop
        .in_postgres("SELECT sum(quantity) FROM order_line")
        .await;
    assert_eq!(sold, Some(expected));

    let stocked: Option<sea_orm::prelude::Decimal> = stock::Entity::find()
        .select_only()
        .column_as(stock::Column::Quantity.sum(), "stocked")
        .into_tuple()
        .one(db)
        .await
        .expect("a sum")
        .expect("a row");
    let expected = shop.in_mariadb("SELECT sum(quantity) FROM stock").await;
    assert_eq!(stocked, Some(expected.into()));

    let by_state: Vec<(String, i64)> = order::Entity::find()
        .select_only()
        .column(order::Column::State)
        .column_as(order::Column::Id.count(), "orders")
        .group_by(order::Column::State)
        .order_by_asc(order::Column::State)
        .into_tuple()
        .all(db)
        .await
        .expect("groups");
    let third = i64::from(ORDERS / 3);
    assert_eq!(by_state.len(), 3);
    assert!(
        by_state.iter().all(|(_, orders)| *orders == third),
        "{by_state:?}"
    );
}

#[tokio::test]
async fn relations_are_followed_within_a_database() {
    let Some(shop) = Shop::open("shop_relations").await else {
        return;
    };
    let db = &shop.db;
    let products = product::Entity::find()
        .find_also_related(category::Entity)
        .all(db)
        .await
        .expect("products");
    assert_eq!(products.len(), PRODUCTS as usize);
    let fits = |(product, category): &(product::Model, Option<category::Model>)| {
        category.as_ref().map(|category| category.id) == Some(product.category_id)
    };
    assert!(products.iter().all(fits));

    let orders = order::Entity::find()
        .find_with_related(order_line::Entity)
        .all(db)
        .await
        .expect("orders");
    assert_eq!(orders.len(), ORDERS as usize);
    let full = |lines: &[order_line::Model]| lines.len() == LINES_OF_AN_ORDER as usize;
    assert!(orders.iter().all(|(_, lines)| full(lines)));

    // In the warehouse too, though this handle speaks Postgres.
    let stocks = stock::Entity::find()
        .find_with_related(movement::Entity)
        .all(db)
        .await
        .expect("stocks");
    assert_eq!(stocks.len(), PRODUCTS as usize);
    let moved = |movements: &[movement::Model]| movements.len() == MOVEMENTS_OF_A_STOCK as usize;
    assert!(stocks.iter().all(|(_, movements)| moved(movements)));

    let customer = customer::Entity::find_by_id(7)
        .one(db)
        .await
        .expect("a read");
    let customer = customer.expect("customer 7");
    let orders = customer
        .find_related(order::Entity)
        .all(db)
        .await
        .expect("orders");
    assert_eq!(orders.len(), (ORDERS / super::CUSTOMERS) as usize);
}

#[tokio::test]
async fn rows_of_two_databases_are_joined_by_the_loader() {
    let Some(shop) = Shop::open("shop_loader").await else {
        return;
    };
    let db = &shop.db;
    let products = product::Entity::find()
        .order_by_asc(product::Column::Id)
        .all(db)
        .await
        .expect("products");
    let stocks = products.load_one(stock::Entity, db).await.expect("stocks");
    assert_eq!(stocks.len(), products.len());
    for (product, stock) in products.iter().zip(&stocks) {
        let stock = stock.as_ref().expect("each product has a stock");
        assert_eq!(
            (stock.product_id, stock.quantity),
            (product.id, 10 * product.id)
        );
    }
    let stocks: Vec<_> = stocks.into_iter().flatten().collect();
    let movements = stocks
        .load_many(movement::Entity, db)
        .await
        .expect("movements");
    let loaded: usize = movements.iter().map(Vec::len).sum();
    assert_eq!(
        loaded as i64,
        shop.in_mariadb("SELECT count(*) FROM movement").await
    );

    // Many to many: a join with the junction table, inside one database.
    let tags = products.load_many(tag::Entity, db).await.expect("tags");
    assert!(
        tags.iter()
            .all(|tags| tags.len() == TAGS_OF_A_PRODUCT as usize)
    );

    // In one statement no server can do it.
    let joined = product::Entity::find()
        .find_also_related(stock::Entity)
        .all(db)
        .await;
    let error = joined.expect_err("tables of two databases").to_string();
    assert!(
        error.contains("several databases") && error.contains("load_one"),
        "{error}"
    );
}

#[tokio::test]
async fn pages_cursors_and_streams_see_every_row_once() {
    let Some(shop) = Shop::open("shop_pages").await else {
        return;
    };
    let db = &shop.db;
    let lines = (ORDERS * LINES_OF_AN_ORDER) as usize;

    let sorted = order_line::Entity::find().order_by_asc(order_line::Column::Id);
    let mut pages = sorted.paginate(db, 400);
    assert_eq!(pages.num_items().await.expect("a count"), lines as u64);
    let mut paged = Vec::new();
    while let Some(page) = pages.fetch_and_next().await.expect("a page") {
        paged.extend(page.into_iter().map(|line| line.id));
    }
    assert_eq!(paged, (1..=lines as i32).collect::<Vec<_>>());

    let mut cursor = movement::Entity::find().cursor_by(movement::Column::Id);
    let page = cursor.after(100).first(50).all(db).await.expect("a page");
    let ids: Vec<_> = page.iter().map(|movement| movement.id).collect();
    assert_eq!(ids, (101..=150).collect::<Vec<_>>());

    let rows = order_line::Entity::find()
        .stream(db)
        .await
        .expect("a stream");
    let streamed: Vec<_> = rows.try_collect().await.expect("rows");
    assert_eq!(streamed.len(), lines);

    // A stream from the warehouse, on a handle that speaks Postgres.
    let rows = stock::Entity::find()
        .filter(stock::Column::Quantity.gt(1_000))
        .stream(db)
        .await
        .expect("a stream");
    let streamed: Vec<_> = rows.try_collect().await.expect("rows");
    let expected = shop
        .in_mariadb("SELECT count(*) FROM stock WHERE quantity > 1000")
        .await;
    assert_eq!(streamed.len() as i64, expected);
}
