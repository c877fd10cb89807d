//! Reads go to replicas, spread as declared; no other statement does.

use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, EntityTrait, PaginatorTrait,
    QueryFilter,
};
use sea_orm_routing::options::ReplicaGuard;
use sea_orm_routing::{DatabaseOptions, Role};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_says};

#[tokio::test]
async fn a_read_sees_the_row_that_was_written_before_it() -> Result {
    let shop = Shop::open().await?;
    for n in 0..20 {
        let name = format!("category {n}");
        let written = add_category(&shop.db, &name).await?;
        let by_name = category::Entity::find().filter(category::Column::Name.eq(&name));
        assert_eq!(shop.db.explain(&by_name)?.role(), Role::Replica);
        assert_eq!(by_name.one(&shop.db).await?, Some(written));
    }
    Ok(())
}

#[tokio::test]
async fn only_proven_reads_go_to_a_replica() -> Result {
    let shop = Shop::open().await?;
    for (sql, role) in [
        ("SELECT * FROM category", Role::Replica),
        ("SELECT upper(name) FROM category", Role::Replica),
        ("SELECT my_own(name) FROM category", Role::Primary),
        ("SELECT last_insert_rowid()", Role::Primary),
        (
            "INSERT INTO category (name) VALUES ('x') RETURNING id",
            Role::Primary,
        ),
        ("WITH c AS (SELECT 1) DELETE FROM category", Role::Primary),
        ("SELECT 1; DELETE FROM category", Role::Primary),
        ("PRAGMA user_version = 3", Role::Primary),
        ("BEGIN", Role::Primary),
        ("CREATE INDEX i ON category (name)", Role::Primary),
    ] {
        assert_eq!(shop.db.explain_sql(sql)?.role(), role, "{sql}");
    }
    let own = Shop::with(|builder| builder.read_only_function("my_own")).await?;
    let declared = own.db.explain_sql("SELECT my_own(name) FROM category")?;
    assert_eq!(declared.role(), Role::Replica);
    Ok(())
}

#[tokio::test]
async fn the_guard_of_a_replica_refuses_what_is_written_past_the_router() -> Result {
    let shop = Shop::open().await?;
    let replica = shop.db.node("default/2")?;
    let refused = add_category(&replica, "Tea").await.expect_err("read-only");
    assert_says(&refused, &["readonly"]);
    assert_eq!(category::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn without_the_guard_the_pool_is_opened_as_it_is() -> Result {
    let off = |files: &Files| {
        files
            .with_two_replicas("shop")
            .replica_guard(ReplicaGuard::Off)
    };
    let shop = Shop::on(off, |builder| builder).await?;
    add_category(&shop.db.node("default/2")?, "Tea").await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_replica_can_be_options_or_an_open_connection() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let url = shop.files.replica("shop");
    let db = sea_orm_routing::RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(shop.db.primary("default")?)
                .replica(ConnectOptions::new(url.clone()))
                .replica(Database::connect(&url).await?),
        )
        .connect()
        .await?;
    for node in ["default/2", "default/3"] {
        let found = category::Entity::find().all(&db.using(node)?).await?;
        assert_eq!(found.len(), 1, "{node}");
    }
    let options = db
        .node("default/2")?
        .execute_unprepared("DELETE FROM category")
        .await;
    assert_says(
        &options.expect_err("the guard holds for options too"),
        &["readonly"],
    );
    Ok(())
}

#[tokio::test]
async fn the_topology_lists_every_node() -> Result {
    let shop = Shop::open().await?;
    let topology = shop.db.topology();
    let names: Vec<_> = topology
        .databases()
        .iter()
        .map(|d| d.name().as_str())
        .collect();
    assert_eq!(names, ["default", "warehouse"]);
    let nodes: Vec<_> = topology.databases()[0].nodes().collect();
    assert_eq!(nodes.len(), 3);
    assert_eq!(nodes[0].role(), Role::Primary);
    assert!(
        nodes[1..]
            .iter()
            .all(|node| node.role() == Role::Replica && node.is_up())
    );
    assert_says(
        &*topology,
        &[
            "default (SQLite)",
            "default/3",
            "warehouse/2",
            "replica  up",
        ],
    );
    Ok(())
}
