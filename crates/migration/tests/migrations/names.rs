//! The names of constraints, in a migration that a later one reverts by those names.

use sea_orm::sea_query::{ColumnDef, ForeignKey, Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::SchemaManager;
use sea_orm_routing_migration::{Migrations, Steps, naming};

use crate::support::{Engine, Result, Set, Sites, Step, column, error_of, plain};

/// A table name that makes every name of its constraints too long.
const LONG: &str = "a_table_whose_name_is_as_long_as_names_of_tables_can_sensibly_be";

async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let customer = Table::create()
        .table("customer")
        .col(ColumnDef::new("id").integer().not_null())
        .primary_key(
            Index::create()
                .name(naming::primary_key("customer"))
                .col("id"),
        )
        .to_owned();
    manager.create_table(customer).await?;
    let order = Table::create()
        .table("order")
        .col(ColumnDef::new("id").integer().not_null().primary_key())
        .col(ColumnDef::new("customer_id").integer().not_null())
        .col(ColumnDef::new("number").string_len(20).not_null())
        .foreign_key(
            ForeignKey::create()
                .name(naming::foreign_key("order", ["customer_id"], "customer"))
                .from("order", "customer_id")
                .to("customer", "id"),
        )
        .to_owned();
    manager.create_table(order).await?;
    let unique = Index::create()
        .name(naming::unique("order", ["number"]))
        .table("order")
        .col("number")
        .unique()
        .to_owned();
    manager.create_index(unique).await?;
    let index = Index::create()
        .name(naming::index("order", ["customer_id", "number"]))
        .table("order")
        .col("customer_id")
        .col("number")
        .to_owned();
    manager.create_index(index).await
}

/// Drops what `create` made, by its names.
async fn take_apart(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() != sea_orm::DbBackend::Sqlite {
        let key = naming::foreign_key("order", ["customer_id"], "customer");
        let drop = ForeignKey::drop().table("order").name(key).to_owned();
        manager.drop_foreign_key(drop).await?;
    }
    for name in [
        naming::unique("order", ["number"]),
        naming::index("order", ["customer_id", "number"]),
    ] {
        manager
            .drop_index(Index::drop().table("order").name(name).to_owned())
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_later_migration_finds_what_an_earlier_one_named() -> Result {
    for site in Sites::All.with("names", 1).await? {
        let db = site.connect(&["default"]).await?;
        let set = Set::new()
            .with(Step::new("m_create", |manager| Box::pin(create(manager))))
            .with(Step::new("m_take_apart", |manager| {
                Box::pin(take_apart(manager))
            }));
        let migrations = Migrations::new().database("default", set);
        migrations.up(&db, Steps::Only(1)).await?;
        let twice = match &site.engine {
            Engine::MariaDb(_) => "INSERT INTO `order` VALUES (1, 1, 'n')",
            _ => "INSERT INTO \"order\" VALUES (1, 1, 'n')",
        };
        error_of(plain(&db, "default").execute_unprepared(twice).await);
        assert_eq!(migrations.up(&db, Steps::All).await?.migrations(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_long_name_is_kept_whole_by_every_server() -> Result {
    for site in Sites::All.with("long_names", 1).await? {
        let db = site.connect(&["default"]).await?;
        let own = plain(&db, "default");
        let (one, other) = (
            naming::index("t", [LONG, "one"]),
            naming::index("t", [LONG, "other"]),
        );
        let create = "CREATE TABLE t (one INTEGER, other INTEGER, CONSTRAINT ck CHECK (one > 0))";
        let create = create.replace(" ck ", &format!(" {} ", naming::check("t", LONG)));
        own.execute_unprepared(&create).await?;
        for (name, of) in [(&one, "one"), (&other, "other")] {
            own.execute_unprepared(&format!("CREATE INDEX {name} ON t ({of})"))
                .await?;
        }
        let sql = match &site.engine {
            Engine::Postgres(_) => "SELECT indexname::text FROM pg_indexes WHERE tablename = 't'",
            Engine::MariaDb(_) => {
                "SELECT index_name FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND table_name = 't'"
            }
            _ => "SELECT name FROM pragma_index_list('t')",
        };
        let mut found: Vec<String> = column(&own, sql).await?;
        found.sort();
        let mut named = vec![one, other];
        named.sort();
        assert_eq!(found, named);
    }
    Ok(())
}
