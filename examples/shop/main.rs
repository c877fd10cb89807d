//! A shop on real servers: seven entities over a Postgres primary with two streaming replicas, two
//! in a MariaDB warehouse, a few thousand rows, plain SeaORM code.
//!
//! `cargo run --example shop` starts throw-away servers from the installed binaries; without them
//! it says SKIPPED.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

mod entities;

use entities::warehouse::{movement, stock};
use entities::{category, customer, order, order_line, product, product_tag, tag};
use migration::MigratorTrait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, LoaderTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set, TransactionTrait,
};
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection};

const CUSTOMERS: i32 = 500;
const PRODUCTS: i32 = 200;
const ORDERS: i32 = 1500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(postgres) = routing_servers::postgres(2).await else {
        return Ok(());
    };
    let Some(mariadb) = routing_servers::mariadb(1).await else {
        return Ok(());
    };
    postgres.create_database("shop").await?;
    mariadb.create_database("warehouse").await?;
    let db = RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(postgres.primary_url("shop"))
                .replica(postgres.replica_url(0, "shop"))
                .replica(postgres.replica_url(1, "shop")),
        )
        .database(
            "warehouse",
            DatabaseOptions::new(mariadb.primary_url("warehouse"))
                .replica(mariadb.replica_url(0, "warehouse")),
        )
        .bind(stock::Entity, "warehouse")
        .bind(movement::Entity, "warehouse")
        .connect()
        .await?;
    migration::default::Migrator::up(&db.primary("default")?, None).await?;
    migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await?;

    let routes = db.record();
    fill(&db).await?;
    stock_up(&db.for_entity(stock::Entity)?).await?;
    routes.assert_routed(order::Entity, "default", Role::Primary);
    drop(routes);
    // The replicas are asynchronous: the reads below start once they have caught up.
    postgres.wait_caught_up().await?;
    mariadb.wait_caught_up().await?;

    let routes = db.record();
    let replicas = ["default/2", "default/3", "warehouse/2"];
    let served = |node: &str| {
        let routes = routes.routes();
        routes.iter().filter(|route| *route.node() == node).count()
    };
    // Each read takes a replica by chance, so one report may leave one out; twenty do not.
    for _ in 0..20 {
        report(&db).await?;
        if replicas.iter().all(|replica| served(replica) > 0) {
            break;
        }
    }
    for replica in replicas {
        println!("{replica} served {} reads", served(replica));
        assert!(served(replica) > 0, "{}", db.topology());
    }
    let reads = routes.routes();
    drop(routes);
    assert!(reads.iter().all(|route| route.role() == Role::Replica));

    sell(&db).await?;
    println!("\n{}", db.topology());
    Ok(())
}

async fn fill(db: &RoutingConnection) -> Result<(), DbErr> {
    let categories = (1..=10).map(|n| category::ActiveModel {
        name: Set(format!("category {n}")),
        ..Default::default()
    });
    category::Entity::insert_many(categories).exec(db).await?;
    let tags = (1..=5).map(|n| tag::ActiveModel {
        name: Set(format!("tag {n}")),
        ..Default::default()
    });
    tag::Entity::insert_many(tags).exec(db).await?;
    let customers = (1..=CUSTOMERS).map(|n| customer::ActiveModel {
        name: Set(format!("customer {n}")),
        email: Set(format!("{n}@example.org")),
        ..Default::default()
    });
    customer::Entity::insert_many(customers).exec(db).await?;
    let products = (1..=PRODUCTS).map(|n| product::ActiveModel {
        name: Set(format!("product {n}")),
        cents: Set(100 + n),
        category_id: Set(n % 10 + 1),
        ..Default::default()
    });
    product::Entity::insert_many(products).exec(db).await?;
    let product_tags = (1..=PRODUCTS).map(|n| product_tag::ActiveModel {
        product_id: Set(n),
        tag_id: Set(n % 5 + 1),
    });
    product_tag::Entity::insert_many(product_tags)
        .exec(db)
        .await?;
    let orders = (1..=ORDERS).map(|n| order::ActiveModel {
        customer_id: Set(n % CUSTOMERS + 1),
        state: Set("paid".to_owned()),
        ..Default::default()
    });
    order::Entity::insert_many(orders).exec(db).await?;
    let lines = (1..=ORDERS * 2).map(|n| order_line::ActiveModel {
        order_id: Set((n - 1) / 2 + 1),
        product_id: Set(n % PRODUCTS + 1),
        quantity: Set(n % 3 + 1),
        ..Default::default()
    });
    order_line::Entity::insert_many(lines).exec(db).await?;
    Ok(())
}

async fn stock_up(warehouse: &RoutingConnection) -> Result<(), DbErr> {
    let stocks = (1..=PRODUCTS).map(|n| stock::ActiveModel {
        product_id: Set(n),
        quantity: Set(100),
        ..Default::default()
    });
    stock::Entity::insert_many(stocks).exec(warehouse).await?;
    Ok(())
}

/// Ordinary reads, all served by replicas.
async fn report(db: &RoutingConnection) -> Result<(), DbErr> {
    assert_eq!(order::Entity::find().count(db).await?, ORDERS as u64);
    let bought: Option<i64> = order_line::Entity::find()
        .select_only()
        .column_as(order_line::Column::Quantity.sum(), "bought")
        .into_tuple()
        .one(db)
        .await?
        .unwrap_or_default();
    assert_eq!(bought, Some(i64::from(ORDERS) * 4));

    let customers = customer::Entity::find()
        .order_by_asc(customer::Column::Id)
        .limit(20)
        .all(db)
        .await?;
    let orders = customers.load_many(order::Entity, db).await?;
    assert!(orders.iter().all(|orders| orders.len() == 3));
    let tagged = product::Entity::find()
        .find_with_related(tag::Entity)
        .all(db)
        .await?;
    assert_eq!(tagged.len(), PRODUCTS as usize);

    let mut pages = product::Entity::find()
        .order_by_asc(product::Column::Id)
        .paginate(db, 50);
    let mut seen = 0;
    while let Some(page) = pages.fetch_and_next().await? {
        seen += page.len();
    }
    assert_eq!(seen, PRODUCTS as usize);
    assert_eq!(stock::Entity::find().count(db).await?, PRODUCTS as u64);
    Ok(())
}

/// A sale: one transaction in the shop, one in the warehouse.
async fn sell(db: &RoutingConnection) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let order = order::ActiveModel {
        customer_id: Set(1),
        state: Set("new".to_owned()),
        ..Default::default()
    };
    let order = order.insert(&txn).await?;
    let line = order_line::ActiveModel {
        order_id: Set(order.id),
        product_id: Set(7),
        quantity: Set(2),
        ..Default::default()
    };
    line.insert(&txn).await?;
    txn.commit().await?;

    let warehouse = db.for_entity(stock::Entity)?;
    let txn = warehouse.begin().await?;
    let stocked = stock::Entity::find()
        .filter(stock::Column::ProductId.eq(7))
        .lock_exclusive()
        .one(&txn)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("stock of product 7".to_owned()))?;
    let left = stocked.quantity - 2;
    let mut stocked = stocked.into_active_model();
    stocked.quantity = Set(left);
    let stocked = stocked.update(&txn).await?;
    let moved = movement::ActiveModel {
        stock_id: Set(stocked.id),
        change: Set(-2),
        reason: Set(format!("order {}", order.id)),
        ..Default::default()
    };
    moved.insert(&txn).await?;
    txn.commit().await?;

    let on_primary = stock::Entity::find_by_id(stocked.id)
        .one(&db.on_primary())
        .await?;
    assert_eq!(on_primary.map(|stock| stock.quantity), Some(98));
    // MySQL returns no row from an UPDATE, so SeaORM reads it back; that read finds the row even
    // though the replica may not have it yet.
    let mut sold = stocked.into_active_model();
    sold.quantity = Set(97);
    assert_eq!(sold.update(&warehouse).await?.quantity, 97);
    Ok(())
}
