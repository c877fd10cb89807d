//! Binding every registered entity below a module path.

use sea_orm::{DbBackend, EntityTrait};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{customer, order};
use crate::shop::{Result, assert_error, assert_says, three_mocks};

fn database<E: EntityTrait>(db: &RoutingConnection) -> Result<String> {
    Ok(db.explain(&E::find())?.database().to_string())
}

#[test]
fn a_module_binds_all_its_entities_and_no_other() -> Result {
    for path in [
        "crate::entities::warehouse",
        "routing::entities::warehouse",
        "crate::entities::warehouse::*",
    ] {
        let db = three_mocks(DbBackend::Sqlite)
            .bind_module(path, "warehouse")
            .build()?;
        assert_eq!(database::<stock::Entity>(&db)?, "warehouse", "{path}");
        assert_eq!(database::<movement::Entity>(&db)?, "warehouse", "{path}");
        assert_eq!(database::<customer::Entity>(&db)?, "default", "{path}");
        assert_eq!(database::<order::Entity>(&db)?, "default", "{path}");
    }
    Ok(())
}

#[test]
fn a_module_whose_name_only_starts_alike_is_another() {
    let built = three_mocks(DbBackend::Sqlite)
        .bind_module("crate::entities::ware", "warehouse")
        .build();
    let error = built.expect_err("no such module");
    assert!(
        matches!(
            error,
            RoutingError::Binding(BindingError::EmptyModule { .. })
        ),
        "{error}"
    );
    assert_says(&error, &["crate::entities::ware", "entity-registry"]);
}

#[test]
fn the_binding_of_an_entity_wins_over_that_of_its_module() -> Result {
    let db = three_mocks(DbBackend::Sqlite)
        .bind(movement::Entity, "archive")
        .bind_module("crate::entities::warehouse", "warehouse")
        .build()?;
    assert_eq!(database::<stock::Entity>(&db)?, "warehouse");
    assert_eq!(database::<movement::Entity>(&db)?, "archive");
    Ok(())
}

#[test]
fn two_modules_that_disagree_about_an_entity_are_refused() {
    let built = three_mocks(DbBackend::Sqlite)
        .bind_module("crate::entities::warehouse", "warehouse")
        .bind_module("crate::entities::warehouse::stock", "archive")
        .build();
    let error = built.expect_err("stock is in both");
    assert_error!(
        error,
        RoutingError::Binding(BindingError::ConflictingBindings { table, first_database, second_database, .. })
            if table.name() == "stock"
                && &**first_database == "warehouse"
                && &**second_database == "archive"
    );
}
