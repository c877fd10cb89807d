//! The scenarios, by subject. Each is a small program; what it writes into its journal is what is
//! compared.

pub(crate) mod delete;
pub(crate) mod entity_loader;
pub(crate) mod insert;
pub(crate) mod loaders;
pub(crate) mod relations;
pub(crate) mod select;
pub(crate) mod update;
