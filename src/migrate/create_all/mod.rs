//! The tables of some entities, on any database, in the order of their foreign keys.

mod exists;
mod plan;

use sea_orm::sea_query::{IndexCreateStatement, TableCreateStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Schema, Statement};

use self::exists::Thing;
#[cfg(all(
    feature = "schema-sync",
    feature = "entity-registry",
    feature = "sqlx-dep"
))]
pub(super) use self::exists::created_type;
use self::plan::plan;
use crate::connection::RoutingConnection;
use crate::error::RoutingError;
use crate::name::{DatabaseName, TableName};
use crate::scope::Place;

/// Creates the tables of some entities where they do not exist yet, with their enums, indexes and
/// foreign keys.
///
/// On a handle that has fixed a database, all of them are created there: one set of entities can
/// live in any number of databases. On one that has not, each is created where its binding says.
///
/// Tables come in the order of their foreign keys. Where those run in a circle, the last of the
/// circle are added when all tables are there. A foreign key that leads to another database is left
/// out: no server could keep it.
///
/// The idea is SQLAlchemy's `MetaData.create_all`.
///
/// ```
/// # mod cake {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "cake")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # use sea_orm::EntityTrait;
/// use sea_orm_routing::RoutingConnection;
/// use sea_orm_routing::migrate::CreateAll;
///
/// # async fn run() -> Result<(), sea_orm::DbErr> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .database("archive", "sqlite::memory:")
///     .connect()
///     .await?;
/// let tables = CreateAll::new().entity(cake::Entity);
/// for database in ["default", "archive"] {
///     tables.on(&db.using(database)?).await?;
/// }
/// assert!(cake::Entity::find().all(&db.using("archive")?).await?.is_empty());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct CreateAll {
    entities: Vec<Entity>,
}

/// An entity, as statements that depend on the dialect.
#[derive(Debug, Clone)]
struct Entity {
    table: TableName,
    create: fn(DbBackend) -> Creation,
}

/// What creates the table of an entity in one dialect.
struct Creation {
    table: TableCreateStatement,
    enums: Vec<Statement>,
    /// By their names.
    indexes: Vec<(Option<String>, Statement)>,
}

/// A table on its way into a database.
struct Planned {
    table: TableName,
    creation: Creation,
    /// Foreign keys that are added when all tables are there, by their names.
    later: Vec<(Option<String>, Statement)>,
}

impl CreateAll {
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

    /// Creates the tables that are not there yet, and returns them in the order they were created.
    ///
    /// # Errors
    ///
    /// [`BindingError::Unbound`](crate::error::BindingError::Unbound) for an entity without a
    /// binding where that is refused,
    /// [`BindingError::Forbidden`](crate::error::BindingError::Forbidden), before anything is
    /// created; then
    /// the server's error.
    pub async fn on(&self, db: &RoutingConnection) -> Result<Vec<TableName>, DbErr> {
        let mut databases = Vec::<(DatabaseName, Vec<&Entity>)>::new();
        for entity in &self.entities {
            let database = database_of(db, &entity.table)?;
            let id = db.core.cluster.topology().find_database(database.as_str());
            if let Some(id) = id {
                let tables = std::slice::from_ref(&entity.table);
                db.core.check_tables(tables, id, true)?;
            }
            match databases.iter_mut().find(|(name, _)| *name == database) {
                Some((_, entities)) => entities.push(entity),
                None => databases.push((database, vec![entity])),
            }
        }
        let mut created = Vec::new();
        for (database, entities) in databases {
            let on = db.using(database.as_str())?.on_primary();
            let planned = plan(db, &database, on.get_database_backend(), &entities);
            create(&on, planned, &mut created).await?;
        }
        Ok(created)
    }
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

/// The database a handle has fixed, or the one of the entity's binding.
fn database_of(db: &RoutingConnection, table: &TableName) -> Result<DatabaseName, RoutingError> {
    let topology = db.core.cluster.topology();
    let database = match db.scope.place {
        Place::Database(database, _) => database,
        Place::Node(node) => topology.node(node).database,
        Place::Anywhere => db.database_of(table)?,
    };
    Ok(topology.database_by_id(database).name().clone())
}

async fn create(
    on: &RoutingConnection,
    planned: Vec<Planned>,
    created: &mut Vec<TableName>,
) -> Result<(), DbErr> {
    let mut later = Vec::new();
    for Planned {
        table,
        creation,
        later: keys,
    } in planned
    {
        for (name, key) in keys {
            later.push((table.clone(), name, key));
        }
        if !Thing::Table(&table).exists(on).await? {
            for statement in creation.enums {
                let name = statement.sql.clone();
                create_once(on, statement, Thing::Enum(&name)).await?;
            }
            let statement = on.get_database_backend().build(&creation.table);
            if create_once(on, statement, Thing::Table(&table)).await? {
                created.push(table.clone());
            }
        }
        for (name, index) in creation.indexes {
            let name = name.unwrap_or_default();
            create_once(on, index, Thing::Index(&table, &name)).await?;
        }
    }
    for (table, name, key) in later {
        let name = name.unwrap_or_default();
        create_once(on, key, Thing::Key(&table, &name)).await?;
    }
    Ok(())
}

/// Creates what does not exist; whether it did. Somebody else may create it at the same time.
async fn create_once(
    on: &RoutingConnection,
    statement: Statement,
    thing: Thing<'_>,
) -> Result<bool, DbErr> {
    if thing.exists(on).await? {
        return Ok(false);
    }
    match on.execute_raw(statement).await {
        Ok(_) => Ok(true),
        Err(error) => match thing.exists(on).await {
            Ok(true) => Ok(false),
            Ok(false) | Err(_) => Err(error),
        },
    }
}
