//! Where do the tables of a statement live?
//!
//! An application with several databases has to say which table is in which. Saying it at every call
//! is what people forget, and a statement that goes to the wrong database either fails or, worse,
//! finds a table of the same name. So it is said once, per table: a *binding*, table -> database.
//! Bindings bind table names and not entities, since SQL is all a connection sees. For rules that need
//! more than the table there is the [`RoutingPolicy`], as SQLAlchemy's `Session.get_bind` and Django's
//! database routers.
//!
//! # Precedence
//!
//! Of the bindings that match a table, the most specific wins:
//!
//! 1. the table with its schema: `reporting.orders`;
//! 2. its schema: `reporting`;
//! 3. the table alone: `orders`, which also matches `public.orders` if 1 and 2 have no match.
//!
//! Of two that bind the same name, the builder (`bind`, `bind_table`) wins over the entity's own
//! declaration (`DeriveBinding`), and that over `bind_module`. Two of one kind that disagree are
//! refused when the connection is built. A table without a binding lives in the default database.
//!
//! Names are compared as the server does: exactly in Postgres, where unquoted names are lower case,
//! and without case in MySQL and SQLite. A MySQL `db.table` and a Postgres `catalog.schema.table`
//! are a schema and a table; SQLite's `main.` is dropped. The servers' own catalogs
//! (`information_schema`, `pg_catalog`, `mysql`, `sqlite_schema`, ...) are in every database and
//! bind a statement to none.

mod bindings;
mod declared;
mod forbidden;
mod policy;

pub use bindings::Unbound;
pub(crate) use bindings::{BindingOrigin, Bindings, BindingsBuilder, Bound};
pub use declared::EntityBinding;
pub(crate) use declared::{declared, in_module};
pub(crate) use forbidden::Forbidden;
pub use policy::{Bind, BindRequest, RoutingPolicy, TableRules};
