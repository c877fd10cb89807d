//! Tables and keys that are left out, refused, or only partly created.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::policy::TableRules;
use sea_orm_routing::{
    Bind, BindRequest, DatabaseName, RoutingError, RoutingPolicy, TableName, Unbound,
};
use sea_orm_routing_migration::{EntitySet, RoutingSchema};

use super::entities::{author, book, left, right, tree};
use super::library;
use crate::support::{Result, Site, Sites, error_of, plain, tables_of};

#[tokio::test]
async fn a_foreign_key_into_another_database_is_left_out() -> Result {
    for site in Sites::All.with("ca_across", 2).await? {
        let builder = site.builder(&["shop", "people"]).default_database("shop");
        let db = builder.bind(author::Entity, "people").connect().await?;
        db.create_all(&library()).await?;
        assert_eq!(tables_of(&db, "shop").await?, ["book", "tree"]);
        assert_eq!(tables_of(&db, "people").await?, ["author"]);
        let book = book::ActiveModel::of("Far", 9, book::Mood::Glad);
        book::Entity::insert(book).exec(&db).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_key_that_is_left_out_leaves_the_rest_of_its_table() -> Result {
    for site in Sites::All.with("ca_rest", 2).await? {
        let builder = site.builder(&["shop", "people"]).default_database("shop");
        let db = builder.bind(author::Entity, "people").connect().await?;
        db.create_all(&EntitySet::new().entity(book::Entity))
            .await?;
        let again = "INSERT INTO book (title, isbn, author_id, mood) VALUES ('a', 'b', 1, 'sad')";
        db.execute_unprepared(again).await?;
        error_of(db.execute_unprepared(again).await);
    }
    Ok(())
}

#[tokio::test]
async fn forbidden_entities_are_refused_before_anything_is_created() -> Result {
    for site in Sites::All.with("ca_forbidden", 2).await? {
        let builder = site.builder(&["shop", "archive"]).default_database("shop");
        let db = builder.forbid(tree::Entity, "archive").connect().await?;
        let error = db
            .using("archive")?
            .create_all(&library())
            .await
            .expect_err("forbidden");
        assert!(matches!(
            RoutingError::of(&error),
            Some(RoutingError::Binding(BindingError::Forbidden { .. }))
        ));
        assert!(tables_of(&db, "archive").await?.is_empty());
        assert_eq!(db.create_all(&library()).await?.len(), 3);
    }
    Ok(())
}

#[derive(Debug)]
struct NoTrees;

impl RoutingPolicy for NoTrees {
    fn get_bind(&self, _: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        Ok(None)
    }

    fn table_rules(&self) -> Option<&dyn TableRules> {
        Some(self)
    }
}

impl TableRules for NoTrees {
    fn allows(&self, table: &TableName, _: &DatabaseName) -> bool {
        table.name() != "tree"
    }
}

#[tokio::test]
async fn what_a_policy_does_not_allow_is_refused_before_anything_is_created() -> Result {
    for site in Sites::All.with("ca_policy", 1).await? {
        let db = site.builder(&["default"]).policy(NoTrees).connect().await?;
        assert!(error_of(db.create_all(&library()).await).contains("tree"));
        assert!(tables_of(&db, "default").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn an_unbound_entity_is_refused_where_that_is_said() -> Result {
    for site in Sites::All.with("ca_unbound", 1).await? {
        let builder = site.builder(&["default"]).bind(author::Entity, "default");
        let db = builder.unbound(Unbound::Error).connect().await?;
        let error = db
            .create_all(&library())
            .await
            .expect_err("book has no binding");
        assert!(matches!(
            RoutingError::of(&error),
            Some(RoutingError::Binding(BindingError::Unbound { .. }))
        ));
        assert!(tables_of(&db, "default").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_binding_of_the_handle_is_obeyed() -> Result {
    for site in Sites::All.with("ca_rebound", 2).await? {
        let db = site.connect(&["shop", "forest"]).await?;
        let rebound = db.with_bindings([("tree", "forest")])?;
        rebound.create_all(&library()).await?;
        assert_eq!(tables_of(&db, "forest").await?, ["tree"]);
        assert_eq!(tables_of(&db, "shop").await?, ["author", "book"]);
    }
    Ok(())
}

/// The first run ended after the tables, and before the foreign keys that close their circle.
#[tokio::test]
async fn a_circle_whose_last_keys_are_missing_is_closed_by_the_next_run() -> Result {
    for site in Sites::Servers.with("ca_half", 1).await? {
        let db = site.connect(&["default"]).await?;
        let circle = EntitySet::new().entity(left::Entity).entity(right::Entity);
        db.create_all(&circle).await?;
        let drop = match site.is_mariadb() {
            true => "ALTER TABLE circle_left DROP FOREIGN KEY `fk-circle_left-other_id`",
            false => "ALTER TABLE circle_left DROP CONSTRAINT \"fk-circle_left-other_id\"",
        };
        plain(&db, "default").execute_unprepared(drop).await?;
        db.create_all(&circle).await?;
        let orphan = "INSERT INTO circle_left (id, other_id) VALUES (1, 9)";
        error_of(db.execute_unprepared(orphan).await);
    }
    Ok(())
}

#[tokio::test]
async fn an_entity_of_a_schema_is_created_there() -> Result {
    let Some(site) = Site::postgres("ca_schema", 1).await? else {
        return Ok(());
    };
    site.client(0, "CREATE SCHEMA reporting AUTHORIZATION app")
        .await?;
    let db = site.connect(&["default"]).await?;
    let set = EntitySet::new().entity(sale::Entity).entity(tree::Entity);
    assert_eq!(db.create_all(&set).await?.len(), 2);
    assert!(db.create_all(&set).await?.is_empty());
    let schemas = "SELECT schemaname FROM pg_tables WHERE tablename = 'sale'";
    assert_eq!(site.client(0, schemas).await?.trim(), "reporting");
    Ok(())
}

mod sale {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(schema_name = "reporting", table_name = "sale")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        #[sea_orm(indexed)]
        pub(super) day: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
