//! The names of tables, databases and nodes.

use std::fmt;
use std::sync::Arc;

use sea_orm::{DbBackend, EntityTrait};

/// The name of a database, as declared with
/// [`database`](crate::RoutingBuilder::database): `default`, `warehouse`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatabaseName(Arc<str>);

/// The name of a node: given by the user, or `warehouse/1`, `warehouse/2`, ... It never changes
/// with the role of the node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeName(Arc<str>);

macro_rules! text_name {
    ($name:ident) => {
        impl $name {
            /// A name, for unit tests and comparisons: it declares nothing.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}

text_name!(DatabaseName);
text_name!(NodeName);

/// The name of a table: `orders`, or with its schema `reporting.orders`. In MySQL the schema is
/// what MySQL calls a database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    schema: Option<Box<str>>,
    name: Box<str>,
}

impl TableName {
    /// A table of the default schema.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }

    /// A table of a schema.
    pub fn with_schema(schema: impl Into<Box<str>>, name: impl Into<Box<str>>) -> Self {
        Self {
            schema: Some(schema.into()),
            name: name.into(),
        }
    }

    /// The table of an entity, with its schema if the entity names one.
    ///
    /// ```
    /// use sea_orm::entity::prelude::*;
    /// use sea_orm_routing::TableName;
    ///
    /// mod order {
    ///     use sea_orm::entity::prelude::*;
    ///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    ///     #[sea_orm(schema_name = "reporting", table_name = "order")]
    ///     pub struct Model {
    ///         #[sea_orm(primary_key)]
    ///         pub id: i32,
    ///     }
    ///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    ///     pub enum Relation {}
    ///     impl ActiveModelBehavior for ActiveModel {}
    /// }
    /// assert_eq!(TableName::of(order::Entity).to_string(), "reporting.order");
    /// ```
    pub fn of<E: EntityTrait>(entity: E) -> Self {
        Self {
            schema: entity.schema_name().map(Into::into),
            name: entity.table_name().into(),
        }
    }

    /// `name` or `schema.name`, as [`bind_table`](crate::RoutingBuilder::bind_table) takes it.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) => Self::with_schema(schema, name),
            None => Self::new(text),
        }
    }

    /// The schema. Returns `None` if the name has none.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table without its schema.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both names mean one table to a server of this dialect. Postgres compares exactly (its
    /// unquoted names are lower case already), MySQL and SQLite ignore case.
    pub(crate) fn is(&self, other: &Self, dialect: DbBackend) -> bool {
        let same = |a: &str, b: &str| match dialect {
            DbBackend::Postgres => a == b,
            _ => a.eq_ignore_ascii_case(b),
        };
        same(&self.name, &other.name)
            && match (&self.schema, &other.schema) {
                (Some(a), Some(b)) => same(a, b),
                _ => true,
            }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl From<&str> for TableName {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

/// Tables as a text, for the log.
pub(crate) struct TableList<'a>(pub(crate) &'a [TableName]);

impl fmt::Display for TableList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, table) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{table}")?;
        }
        Ok(())
    }
}
