//! What needs no server: SQLite files, SQLite in memory, and SeaORM's mock.

#[path = "../../examples/shop/entities.rs"]
mod entities;

mod notes;
mod shop;

mod balancing;
mod bindings;
mod bound_statements;
mod cancellation;
mod classic_session;
mod concurrent_transaction;
mod crud;
mod declaration;
mod declared_names;
mod dialects;
mod disconnected;
mod driver_depth;
mod ended_by_sqlite;
mod explain;
mod fallback;
mod follow_up;
mod handle;
mod implicit_commit;
mod independent;
mod metrics;
mod mock_transactions;
mod module_bindings;
mod nested_options;
mod nested_transactions;
mod odd_texts;
mod on_enlist;
mod on_enlist_refused;
mod passwords;
mod peers;
mod policies;
mod policy_answers;
mod queries;
mod read_only_transactions;
mod record;
mod relations;
mod relations_across;
mod replica_refusal;
mod replicas;
mod rollback_on;
mod schema;
mod scope_limits;
mod scopes;
mod streams;
mod tracing_events;
mod transaction_callbacks;
mod transaction_databases;
mod transaction_ends;
mod transaction_limits;
mod transaction_scopes;
mod transactions;
