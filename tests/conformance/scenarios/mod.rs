//! The scenarios, by subject. Each is a small program; what it writes to its journal is compared.

pub(crate) mod across;
pub(crate) mod arrays;
pub(crate) mod callbacks;
pub(crate) mod cursors;
pub(crate) mod delete;
pub(crate) mod entity_loader;
pub(crate) mod enum_types;
pub(crate) mod errors;
pub(crate) mod hooks;
pub(crate) mod insert;
pub(crate) mod linked;
pub(crate) mod loaders;
pub(crate) mod nested_saves;
pub(crate) mod paginators;
pub(crate) mod partial_models;
pub(crate) mod raw_sql;
pub(crate) mod relations;
pub(crate) mod savepoints;
pub(crate) mod schema;
pub(crate) mod select;
pub(crate) mod self_reference;
pub(crate) mod streams;
pub(crate) mod transactions;
pub(crate) mod update;
pub(crate) mod upserts;
pub(crate) mod values;
