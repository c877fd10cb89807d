//! Functions that only some servers have are reads where the server is known to have them.

use sea_orm::DbBackend;
use sea_orm_routing::sql::{Access, Server};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::shop::{Result, mock};

const NVL: &str = "SELECT nvl(name, '') FROM cake";
const IS_UUID: &str = "SELECT is_uuid(name) FROM cake";
const ANY_VALUE: &str = "SELECT any_value(name) FROM cake";

fn database(dialect: DbBackend, server: Option<Server>) -> DatabaseOptions {
    let options = DatabaseOptions::new(mock(dialect)).replica(mock(dialect));
    match server {
        Some(server) => options.server(server),
        None => options,
    }
}

fn one(server: Server) -> Result<RoutingConnection> {
    let dialect = match server {
        Server::Postgres(_) => DbBackend::Postgres,
        _ => DbBackend::MySql,
    };
    let builder = RoutingConnection::builder().database("default", database(dialect, Some(server)));
    Ok(builder.build()?)
}

fn access(db: &RoutingConnection, sql: &str) -> Result<Access> {
    Ok(db.explain_sql(sql)?.access())
}

#[test]
fn a_function_of_mariadb_is_a_read_on_a_declared_mariadb() -> Result {
    let maria = one(Server::MariaDb)?;
    assert_eq!(access(&maria, NVL)?, Access::Read);
    assert_eq!(access(&maria, IS_UUID)?, Access::Unknown);
    let mysql = one(Server::MySql)?;
    assert_eq!(access(&mysql, NVL)?, Access::Unknown);
    assert_eq!(access(&mysql, IS_UUID)?, Access::Read);
    Ok(())
}

#[test]
fn a_function_of_postgres_16_is_no_read_on_a_declared_15() -> Result {
    assert_eq!(
        access(&one(Server::Postgres(15))?, ANY_VALUE)?,
        Access::Unknown
    );
    assert_eq!(
        access(&one(Server::Postgres(16))?, ANY_VALUE)?,
        Access::Read
    );
    Ok(())
}

#[test]
fn a_server_that_is_not_known_has_what_both_have() -> Result {
    let unknown =
        RoutingConnection::builder().database("default", database(DbBackend::MySql, None));
    let unknown = unknown.build()?;
    for sql in [NVL, IS_UUID] {
        assert_eq!(access(&unknown, sql)?, Access::Unknown, "{sql}");
    }
    assert_eq!(
        access(&unknown, "SELECT ifnull(name, '') FROM cake")?,
        Access::Read
    );
    Ok(())
}

#[tokio::test]
async fn a_second_kind_of_server_leaves_what_both_have_until_it_is_removed() -> Result {
    let db = one(Server::MariaDb)?;
    assert_eq!(access(&db, NVL)?, Access::Read);
    let mysql = database(DbBackend::MySql, Some(Server::MySql));
    db.admin().add_database("orders", mysql).await?;
    assert_eq!(access(&db, NVL)?, Access::Unknown);
    db.admin()
        .remove_database("orders", std::time::Duration::ZERO)
        .await?;
    assert_eq!(access(&db, NVL)?, Access::Read);
    Ok(())
}
