//! The tables of a set of entities, on any database, in the order of their foreign keys.

mod exists;
mod plan;

use sea_orm::sea_query::{IndexCreateStatement, TableCreateStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Schema, Statement};
use sea_orm_routing::schema::SchemaTarget;
use sea_orm_routing::{RoutingConnection, TableName};

use self::exists::SchemaObject;
#[cfg(all(feature = "schema-sync", feature = "sqlx-dep"))]
pub(crate) use self::exists::created_type;
use self::plan::plan;

/// Entities whose tables [`create_all`](crate::RoutingSchema::create_all) creates.
#[derive(Debug, Clone, Default)]
pub struct EntitySet {
    entities: Vec<Entity>,
}

/// An entity, as a function that makes its statements in a dialect.
#[derive(Debug, Clone)]
struct Entity {
    table: TableName,
    create: fn(DbBackend) -> Creation,
}

/// The statements that create the table of an entity in one dialect.
struct Creation {
    table: TableCreateStatement,
    enums: Vec<Statement>,
    /// With their names.
    indexes: Vec<(Option<String>, Statement)>,
}

/// A table to create.
struct PlannedTable {
    table: TableName,
    creation: Creation,
    /// Foreign keys that are added when all tables exist, with their names.
    later: Vec<(Option<String>, Statement)>,
}

impl EntitySet {
    /// No entities yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entity; the order does not matter.
    #[must_use]
    pub fn entity<E: EntityTrait>(mut self, entity: E) -> Self {
        let table = TableName::of(entity);
        if !self.entities.iter().any(|entity| entity.table == table) {
            let create = creation::<E>;
            self.entities.push(Entity { table, create });
        }
        self
    }
}

/// Creates the tables that do not exist yet, and returns them in the order of their creation.
pub(crate) async fn create_all(
    db: &RoutingConnection,
    set: &EntitySet,
) -> Result<Vec<TableName>, DbErr> {
    let mut targets = Vec::<(SchemaTarget, Vec<&Entity>)>::new();
    for entity in &set.entities {
        let target = SchemaTarget::of_table(db, &entity.table)?;
        target.check_table(&entity.table)?;
        match targets
            .iter_mut()
            .find(|(it, _)| it.name() == target.name())
        {
            Some((_, entities)) => entities.push(entity),
            None => targets.push((target, vec![entity])),
        }
    }
    let mut created = Vec::new();
    for (target, entities) in targets {
        let on = target.handle()?;
        let planned = plan(db, target.name(), on.get_database_backend(), &entities);
        create(&on, planned, &mut created).await?;
    }
    Ok(created)
}

fn creation<E: EntityTrait>(dialect: DbBackend) -> Creation {
    let schema = Schema::new(dialect);
    let entity = E::default();
    Creation {
        table: schema.create_table_from_entity(entity),
        enums: match dialect {
            DbBackend::Postgres => {
                let enums = schema.create_enum_from_entity(entity);
                enums
                    .iter()
                    .map(|statement| dialect.build(statement))
                    .collect()
            }
            _ => Vec::new(),
        },
        indexes: {
            let indexes = schema.create_index_from_entity(entity);
            let named = |index: &IndexCreateStatement| {
                let name = index.get_index_spec().get_name().map(str::to_owned);
                (name, dialect.build(index))
            };
            indexes.iter().map(named).collect()
        },
    }
}

async fn create(
    on: &RoutingConnection,
    planned: Vec<PlannedTable>,
    created: &mut Vec<TableName>,
) -> Result<(), DbErr> {
    let mut later = Vec::new();
    for PlannedTable {
        table,
        creation,
        later: keys,
    } in planned
    {
        for (name, key) in keys {
            later.push((table.clone(), name, key));
        }
        if !SchemaObject::Table(&table).exists(on).await? {
            for statement in creation.enums {
                let name = statement.sql.clone();
                create_once(on, statement, SchemaObject::Enum(&name)).await?;
            }
            let statement = on.get_database_backend().build(&creation.table);
            if create_once(on, statement, SchemaObject::Table(&table)).await? {
                created.push(table.clone());
            }
        }
        for (name, index) in creation.indexes {
            let name = name.unwrap_or_default();
            create_once(on, index, SchemaObject::Index(&table, &name)).await?;
        }
    }
    for (table, name, key) in later {
        let name = name.unwrap_or_default();
        create_once(on, key, SchemaObject::ForeignKey(&table, &name)).await?;
    }
    Ok(())
}

/// Creates an object that does not exist, and returns whether it did. Another process may create it
/// at the same time.
async fn create_once(
    on: &RoutingConnection,
    statement: Statement,
    object: SchemaObject<'_>,
) -> Result<bool, DbErr> {
    if object.exists(on).await? {
        return Ok(false);
    }
    match on.execute_raw(statement).await {
        Ok(_) => Ok(true),
        Err(error) => match object.exists(on).await {
            Ok(true) => Ok(false),
            Ok(false) | Err(_) => Err(error),
        },
    }
}
