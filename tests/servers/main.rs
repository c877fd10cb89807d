//! The connection on real servers: Postgres with streaming replicas, MariaDB with GTID replication.
//!
//! Where the servers are not installed, each test says SKIPPED and why; with
//! `ROUTING_REQUIRE_SERVERS=1` it fails instead.

#[path = "../../examples/shop/entities.rs"]
mod entities;

mod support;

mod cancellation;
mod cancelled_transactions;
mod commit_unknown;
mod cut_pings;
mod dialects;
mod ended_inside;
mod failover;
mod follow_up;
mod guard;
mod health;
mod hidden_writes;
mod hot_standby;
mod implicit_commits;
mod independent;
mod inherited;
mod isolation;
mod left_behind;
mod lost_connections;
mod poolers;
mod primary_down;
mod proven_but_writing;
mod read_only_lost;
mod read_only_replica;
mod read_only_transactions;
mod refusals;
mod refused_in_transactions;
mod replica_down;
mod row_level_security;
mod schema_in_transactions;
mod sessions;
mod several_statements;
mod shop;
mod topology_changes;
mod transactions;
mod transactions_mariadb;
mod transactions_postgres;
