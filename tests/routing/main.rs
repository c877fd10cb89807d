//! What needs no server: SQLite files, SQLite in memory, and SeaORM's mock.

#[path = "../../examples/shop/entities.rs"]
mod entities;

mod shop;

mod balancing;
mod bindings;
mod bound_statements;
mod branch_spans;
mod cancellation;
mod classic_session;
mod concurrent_transaction;
mod crud;
mod declaration;
mod declared_names;
mod dialects;
mod disconnected;
mod explain;
mod fallback;
mod follow_up;
mod handle;
mod metrics;
mod mock_transactions;
mod module_bindings;
mod nested_transactions;
mod odd_texts;
mod passwords;
mod policies;
mod policy_answers;
mod queries;
mod record;
mod relations;
mod relations_across;
mod replica_refusal;
mod replicas;
mod schema;
mod scope_limits;
mod scopes;
mod streams;
mod tracing_events;
mod transaction_callbacks;
mod transaction_databases;
mod transaction_limits;
mod transactions;
