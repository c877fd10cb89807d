//! Without RETURNING, SeaORM reads a row right after it wrote it: from the primary, since a replica
//! that lags does not have the row yet.

use sea_orm::{
    ActiveModelTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    MockDatabase, MockExecResult, Set,
};
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Bind, BindRequest, DatabaseOptions, RoutingConnection, RoutingPolicy};

use crate::entities::{category, customer};
use crate::shop::{Result, add_category, mock, nodes};

fn tea() -> category::Model {
    category::Model {
        id: 7,
        name: "Tea".to_owned(),
    }
}

fn ann() -> customer::Model {
    customer::Model {
        id: 1,
        name: "Ann".to_owned(),
        email: "ann@example.org".to_owned(),
    }
}

/// A primary that has the row and accepts writes.
fn primary() -> DatabaseConnection {
    let result = MockExecResult {
        last_insert_id: 7,
        rows_affected: 1,
    };
    MockDatabase::new(DbBackend::MySql)
        .append_exec_results([result.clone(), result.clone(), result])
        .append_query_results([[tea()], [tea()], [tea()]])
        .into_connection()
}

fn mysql(replica: DatabaseConnection) -> Result<RoutingConnection> {
    let options = DatabaseOptions::new(primary()).replica(replica);
    Ok(RoutingConnection::builder()
        .database("default", options)
        .build()?)
}

#[tokio::test]
async fn the_row_that_was_inserted_is_read_from_the_primary() -> Result {
    // This replica has no rows, so a read sent to it fails.
    let db = mysql(mock(DbBackend::MySql))?;
    let routes = db.record();
    assert_eq!(add_category(&db, "Tea").await?, tea());
    assert_eq!(nodes(&routes), ["default/1", "default/1"]);
    assert_eq!(
        routes.routes()[1].why_role(),
        "it reads the row that was just written"
    );
    Ok(())
}

#[tokio::test]
async fn the_row_that_was_updated_or_saved_is_read_from_the_primary() -> Result {
    let db = mysql(mock(DbBackend::MySql))?;
    let mut changed = tea().into_active_model();
    changed.name = Set("Tea".to_owned());
    assert_eq!(changed.clone().update(&db).await?, tea());
    assert_eq!(changed.save(&db).await?, tea().into_active_model());
    Ok(())
}

#[tokio::test]
async fn the_read_after_that_goes_to_a_replica() -> Result {
    let replica = MockDatabase::new(DbBackend::MySql).append_query_results([[tea()]]);
    let db = mysql(replica.into_connection())?;
    add_category(&db, "Tea").await?;
    let routes = db.record();
    category::Entity::find().all(&db).await?;
    assert_eq!(nodes(&routes), ["default/2"]);
    Ok(())
}

#[tokio::test]
async fn a_read_of_another_table_goes_to_a_replica() -> Result {
    let replica = MockDatabase::new(DbBackend::MySql).append_query_results([[ann()]]);
    let db = mysql(replica.into_connection())?;
    category::Entity::delete_by_id(7).exec(&db).await?;
    let routes = db.record();
    assert_eq!(customer::Entity::find().all(&db).await?, [ann()]);
    assert_eq!(nodes(&routes), ["default/2"]);
    Ok(())
}

#[tokio::test]
async fn what_another_connection_wrote_does_not_matter() -> Result {
    let one = mysql(mock(DbBackend::MySql))?;
    let replica = MockDatabase::new(DbBackend::MySql).append_query_results([[tea()]]);
    let two = mysql(replica.into_connection())?;
    category::Entity::delete_by_id(7).exec(&one).await?;
    let routes = two.record();
    category::Entity::find().all(&two).await?;
    assert_eq!(nodes(&routes), ["default/2"]);
    Ok(())
}

/// The classic hand-written `get_bind`, which does not know about the write.
#[derive(Debug)]
struct ReadsFrom(Bind);

impl RoutingPolicy for ReadsFrom {
    fn get_bind(&self, request: &BindRequest<'_>) -> std::result::Result<Option<Bind>, DbErr> {
        Ok((request.access() == Access::Read).then(|| self.0.clone()))
    }
}

#[tokio::test]
async fn the_row_is_read_from_the_primary_though_a_policy_names_a_replica() -> Result {
    for bind in [Bind::node("default/2"), Bind::replica("default")] {
        let options = DatabaseOptions::new(primary()).replica(mock(DbBackend::MySql));
        let db = RoutingConnection::builder()
            .database("default", options)
            .policy(ReadsFrom(bind))
            .build()?;
        let routes = db.record();
        assert_eq!(add_category(&db, "Tea").await?, tea());
        assert_eq!(nodes(&routes), ["default/1", "default/1"]);
    }
    Ok(())
}
