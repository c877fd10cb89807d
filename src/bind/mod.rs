//! Where do the tables of a statement live?
//!
//! A *binding* says it: table -> database. Bindings bind table names, since SQL is all a
//! connection sees. Beyond them a [`RoutingPolicy`] may answer for a statement, as SQLAlchemy's
//! `Session.get_bind` and Django's database routers do.
//!
//! # Precedence
//!
//! Of the bindings that fit a table, the most specific wins:
//!
//! 1. the table with its schema: `reporting.orders`;
//! 2. its schema: `reporting`;
//! 3. the table alone: `orders`, which also fits `public.orders` when 1 and 2 say nothing.
//!
//! Of two that bind the same name, the builder (`bind`, `bind_table`) wins over the entity's own
//! declaration ([`DeriveBinding`](crate::DeriveBinding)), and that over `bind_module`. Two of one
//! kind that disagree are refused when the connection is built. A table without a binding lives in
//! the default database.
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
