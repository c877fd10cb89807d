//! A shop whose tables live in Postgres with two replicas, and its warehouse in MariaDB.

mod reads;
mod roles;
mod writes;

use entities::warehouse::{movement, stock};
use entities::{category, customer, order, order_line, product, product_tag, tag};
use migration::MigratorTrait;
use routing_servers::{MariaDbCluster, PostgresCluster};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Related, RelationDef, Set};
use sea_orm_routing::RoutingConnection;

use crate::entities;
use crate::support::{Servers, mariadb, options, postgres};

const CUSTOMERS: i32 = 300;
const CATEGORIES: i32 = 12;
const PRODUCTS: i32 = 240;
const TAGS: i32 = 20;
const TAGS_OF_A_PRODUCT: i32 = 3;
const ORDERS: i32 = 900;
const LINES_OF_AN_ORDER: i32 = 3;
const MOVEMENTS_OF_A_STOCK: i32 = 4;

/// Rows that one statement inserts.
const CHUNK: usize = 500;

/// What no server knows: the stock of a product is in another database.
impl Related<stock::Entity> for product::Entity {
    fn to() -> RelationDef {
        Self::belongs_to(stock::Entity)
            .from(product::Column::Id)
            .to(stock::Column::ProductId)
            .into()
    }
}

struct Shop {
    db: RoutingConnection,
    postgres: Servers<PostgresCluster>,
    mariadb: Servers<MariaDbCluster>,
}

impl Shop {
    /// An open shop whose rows are on all servers; or skips the test.
    async fn open(name: &'static str) -> Option<Self> {
        let (postgres, mariadb) = (postgres(name).await?, mariadb(name).await?);
        let db = RoutingConnection::builder()
            .database("default", postgres.options())
            .database("warehouse", options(mariadb.cluster.primary_url(name)))
            .bind(stock::Entity, "warehouse")
            .bind(movement::Entity, "warehouse")
            .connect()
            .await
            .expect("connected");
        migrate(&db).await.expect("migrated");
        fill(&db).await.expect("filled");
        postgres.caught_up().await;
        Some(Self {
            db,
            postgres,
            mariadb,
        })
    }

    /// A number as `psql` sees it on the primary.
    async fn in_postgres(&self, sql: &str) -> i64 {
        self.postgres.sql(sql).await.parse().expect("a number")
    }

    /// A number as the client sees it on the primary.
    async fn in_mariadb(&self, sql: &str) -> i64 {
        self.mariadb.sql(sql).await.parse().expect("a number")
    }
}

async fn migrate(db: &RoutingConnection) -> Result<(), DbErr> {
    migration::default::Migrator::up(&db.primary("default")?, None).await?;
    migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await
}

async fn fill(db: &RoutingConnection) -> Result<(), DbErr> {
    let customers = (1..=CUSTOMERS).map(|id| customer::ActiveModel {
        name: Set(format!("Customer {id}")),
        email: Set(format!("{id}@example.com")),
        ..Default::default()
    });
    insert(db, customers).await?;
    let categories = (1..=CATEGORIES).map(|id| category::ActiveModel {
        name: Set(format!("Category {id}")),
        ..Default::default()
    });
    insert(db, categories).await?;
    let products = (1..=PRODUCTS).map(|id| product::ActiveModel {
        name: Set(format!("Product {id}")),
        cents: Set(100 + id % 37),
        category_id: Set(1 + id % CATEGORIES),
        ..Default::default()
    });
    insert(db, products).await?;
    let tags = (1..=TAGS).map(|id| tag::ActiveModel {
        name: Set(format!("Tag {id}")),
        ..Default::default()
    });
    insert(db, tags).await?;
    let tagged = (0..PRODUCTS * TAGS_OF_A_PRODUCT).map(|n| product_tag::ActiveModel {
        product_id: Set(1 + n / TAGS_OF_A_PRODUCT),
        tag_id: Set(1 + (n * 7) % TAGS),
    });
    insert(db, tagged).await?;
    fill_orders(db).await?;
    // Writes in MariaDB's dialect need a handle that speaks it.
    fill_warehouse(&db.for_entity(stock::Entity)?).await
}

async fn fill_orders(db: &RoutingConnection) -> Result<(), DbErr> {
    let orders = (1..=ORDERS).map(|id| order::ActiveModel {
        customer_id: Set(1 + id % CUSTOMERS),
        state: Set(["open", "paid", "sent"][id as usize % 3].to_owned()),
        ..Default::default()
    });
    insert(db, orders).await?;
    let lines = (0..ORDERS * LINES_OF_AN_ORDER).map(|n| order_line::ActiveModel {
        order_id: Set(1 + n / LINES_OF_AN_ORDER),
        product_id: Set(1 + (n * 11) % PRODUCTS),
        quantity: Set(1 + n % 5),
        ..Default::default()
    });
    insert(db, lines).await
}

async fn fill_warehouse(db: &RoutingConnection) -> Result<(), DbErr> {
    let stocks = (1..=PRODUCTS).map(|id| stock::ActiveModel {
        product_id: Set(id),
        quantity: Set(10 * id),
        ..Default::default()
    });
    insert(db, stocks).await?;
    let movements = (0..PRODUCTS * MOVEMENTS_OF_A_STOCK).map(|n| movement::ActiveModel {
        stock_id: Set(1 + n / MOVEMENTS_OF_A_STOCK),
        change: Set(n % 9 - 4),
        reason: Set("counted".to_owned()),
        ..Default::default()
    });
    insert(db, movements).await
}

async fn insert<A>(db: &impl ConnectionTrait, rows: impl Iterator<Item = A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
{
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(CHUNK) {
        let inserted = A::Entity::insert_many(chunk.iter().cloned())
            .exec_without_returning(db)
            .await?;
        assert_eq!(inserted, chunk.len() as u64);
    }
    Ok(())
}
