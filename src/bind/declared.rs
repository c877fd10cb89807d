//! Bindings declared beside the entity, and those of whole modules.

use crate::error::{BindingError, RoutingError};
use crate::name::TableName;

/// An entity that names its own database, as [`register_binding!`](crate::register_binding) submits
/// it.
#[derive(Debug)]
pub struct EntityBinding {
    database: &'static str,
    module: &'static str,
    entity: &'static str,
    table: fn() -> TableName,
}

inventory::collect!(EntityBinding);

impl EntityBinding {
    /// What [`register_binding!`](crate::register_binding) submits.
    pub const fn new(
        database: &'static str,
        module: &'static str,
        entity: &'static str,
        table: fn() -> TableName,
    ) -> Self {
        Self {
            database,
            module,
            entity,
            table,
        }
    }

    /// The database the entity names.
    pub fn database(&self) -> &'static str {
        self.database
    }

    /// The table of the entity.
    pub fn table(&self) -> TableName {
        (self.table)()
    }

    pub(crate) fn what(&self) -> String {
        format!("entity \"{}::{}\"", self.module, self.entity)
    }
}

/// Registers that an entity lives in a database, as [`DeriveBinding`](crate::DeriveBinding) does,
/// for entities whose `Model` cannot carry a derive.
///
/// ```standalone_crate
/// mod cake {
///     use sea_orm::entity::prelude::*;
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
///     #[sea_orm(table_name = "cake")]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///     }
///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
///     pub enum Relation {}
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// sea_orm_routing::register_binding!(cake::Entity, "bakery");
/// ```
#[macro_export]
macro_rules! register_binding {
    ($entity:path, $database:expr) => {
        $crate::__private::inventory::submit! {
            $crate::__private::EntityBinding::new(
                $database,
                ::core::module_path!(),
                ::core::stringify!($entity),
                || $crate::TableName::of($entity),
            )
        }
    };
}

/// Every entity of the program that names its own database.
pub(crate) fn declared() -> impl Iterator<Item = &'static EntityBinding> {
    inventory::iter::<EntityBinding>()
}

/// The tables of the registered entities below a module path, each with its module.
///
/// `crate::warehouse` means that module of the one crate that has it; if several have it, the crate
/// must be named.
#[cfg(feature = "entity-registry")]
pub(crate) fn in_module(path: &str) -> Result<Vec<(TableName, &'static str)>, RoutingError> {
    use sea_orm::{DbBackend, EntityRegistry, Schema};

    let wanted = path.trim_end_matches('*').trim_end_matches("::");
    let schema = Schema::new(DbBackend::Sqlite);
    let entities: Vec<_> = inventory::iter::<EntityRegistry>()
        .filter(|entity| is_below(entity.module_path, wanted))
        .collect();
    let mut crates: Vec<_> = entities
        .iter()
        .map(|entity| crate_of(entity.module_path))
        .collect();
    crates.sort_unstable();
    crates.dedup();
    if entities.is_empty() || crates.len() > 1 {
        return Err(RoutingError::Binding(BindingError::EmptyModule {
            module: path.to_owned(),
            hint: match crates.len() {
                0 => String::new(),
                _ => format!(
                    "; several crates have that module ({}): name one",
                    crates.join(", ")
                ),
            },
        }));
    }
    let table = |entity: &&EntityRegistry| {
        let info = format!("{:?}", (entity.schema_info)(&schema));
        Some((created_table(&info)?, entity.module_path))
    };
    Ok(entities.iter().filter_map(table).collect())
}

/// Without the feature `entity-registry`, no entity is registered.
#[cfg(not(feature = "entity-registry"))]
pub(crate) fn in_module(path: &str) -> Result<Vec<(TableName, &'static str)>, RoutingError> {
    Err(RoutingError::Binding(BindingError::EmptyModule {
        module: path.to_owned(),
        hint: "; the feature of that name is off in sea-orm-routing too".to_owned(),
    }))
}

#[cfg(feature = "entity-registry")]
fn crate_of(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

#[cfg(feature = "entity-registry")]
fn is_below(module: &str, wanted: &str) -> bool {
    let wanted = wanted.replace('-', "_");
    let (module, wanted) = match wanted.strip_prefix("crate::") {
        Some(inside) => (
            module.split_once("::").map_or("", |(_, inside)| inside),
            inside,
        ),
        None => (module, wanted.as_str()),
    };
    module
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The table of a registered entity is private in SeaORM, but its debug output has the statement
/// that creates it: `EntitySchemaInfo { table: "CREATE TABLE \"cake\" ..." ...`.
#[cfg(feature = "entity-registry")]
fn created_table(info: &str) -> Option<TableName> {
    use sea_orm::DbBackend;

    let sql = info.split_once("CREATE TABLE ")?.1.replace("\\\"", "\"");
    let sql = format!("CREATE TABLE {sql}");
    let operation = crate::sql::Operation::of(&sql, DbBackend::Sqlite);
    operation.tables().first().cloned()
}
