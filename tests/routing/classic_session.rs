//! The routing session of SQLAlchemy's documentation: writes to `master`, one class to `other`,
//! reads to `slave1` or `slave2`, all by the name of the node.

use std::collections::BTreeSet;

use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Bind, BindRequest, DatabaseOptions, ReplicaOptions, RoutingPolicy};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Files, Result, Shop, add_category, add_stock, nodes};

#[derive(Debug)]
struct Classic;

impl RoutingPolicy for Classic {
    fn get_bind(
        &self,
        request: &BindRequest<'_>,
    ) -> std::result::Result<Option<Bind>, sea_orm::DbErr> {
        let node = if request.names(stock::Entity) {
            "warehouse/1"
        } else if request.access() == Access::Read {
            ["slave1", "slave2"][(request.random % 2) as usize]
        } else {
            "master"
        };
        Ok(Some(Bind::node(node)))
    }
}

fn master_and_slaves(files: &Files) -> DatabaseOptions {
    let slave = |name: &str| ReplicaOptions::new(files.replica("shop")).name(name);
    DatabaseOptions::new(files.primary("shop"))
        .name("master")
        .replica(slave("slave1"))
        .replica(slave("slave2"))
}

#[tokio::test]
async fn the_classic_session_routes_by_node() -> Result {
    let shop = Shop::on(master_and_slaves, |builder| builder.policy(Classic)).await?;
    let routes = shop.db.record();
    add_category(&shop.db, "Tea").await?;
    add_stock(&shop.db, 1, 1).await?;
    assert_eq!(stock::Entity::find().count(&shop.db).await?, 1);
    assert_eq!(nodes(&routes), ["master", "warehouse/1", "warehouse/1"]);

    let reads = shop.db.record();
    for _ in 0..40 {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    }
    let used: BTreeSet<_> = nodes(&reads).into_iter().collect();
    assert_eq!(used, ["slave1".to_owned(), "slave2".to_owned()].into());
    Ok(())
}
