//! Inspecting a connection: its topology, and where statements would go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::{DbErr, QueryTrait, Statement};

use super::{RoutingBuilder, RoutingConnection};
use crate::dispatch::{Explained, Raw, Rendered, Retried, Source};
use crate::observe::Recording;
use crate::route::Route;
use crate::topology::{Role, Topology};

/// Inspecting a connection: its topology, and where statements would go.
impl RoutingConnection {
    /// Starts the declaration of databases and bindings.
    pub fn builder() -> RoutingBuilder {
        RoutingBuilder::default()
    }

    /// The databases and nodes as they are now; prints as a table.
    pub fn topology(&self) -> Arc<Topology> {
        self.core.cluster.snapshot()
    }

    /// Where a query would go on this handle as its nodes are now, and why. Nothing is sent, and nothing waited
    /// for: a causal read that would wait for a replica is explained as if none caught up.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    pub fn explain<Q: QueryTrait + Sync>(&self, query: &Q) -> Result<Route, DbErr> {
        self.explain_source(Explained(query))
    }

    /// Where a text would go on this handle, and why.
    ///
    /// # Errors
    ///
    /// The error that running it would give before anything is sent.
    pub fn explain_sql(&self, sql: &str) -> Result<Route, DbErr> {
        let statement = Statement::from_string(self.scope.dialect, sql);
        self.explain_source(Raw(Some(statement)))
    }

    pub(crate) fn decide_only(&self, statement: &Statement) -> Result<bool, DbErr> {
        let dialect = statement.db_backend;
        let analysis = self.core.analyze(&statement.sql, dialect);
        let mark = self.core.take_mark();
        if let Some(decision) = self.core.precomputed(&self.scope, &analysis, dialect) {
            return Ok(decision.role == Role::Replica);
        }
        let topology = self.core.cluster.topology();
        self.core
            .decide(&topology, &self.scope, &analysis, dialect, mark)
            .map(|decision| decision.role == Role::Replica)
    }

    fn explain_source<S: Source>(&self, mut source: S) -> Result<Route, DbErr> {
        let (core, scope) = (&self.core, &self.scope);
        let rendered = Rendered::new(core, scope, &mut source);
        let topology = core.cluster.topology();
        let dialect = rendered.statement.db_backend;
        let decision = core.decide(&topology, scope, &rendered.analysis, dialect, None)?;
        let retried = Retried::new(scope, &rendered.analysis, decision);
        let decision = core.foreseen(&topology, retried)?;
        let planned = rendered.for_node(core, &topology, scope, &mut source, decision)?;
        Ok(core.route(&planned.analysis, planned.decision))
    }

    /// Records the route of every statement sent from now on, on every handle of this connection,
    /// until the recording is dropped.
    pub fn record(&self) -> Recording {
        Recording::start(&self.core.observers)
    }

    /// How often a replica refused a statement as a write, which then ran on the primary. Each such
    /// text looks like a read and is not one; the log has a warning for it.
    pub fn reads_refused_by_replicas(&self) -> u64 {
        self.core
            .shared
            .reads_refused_by_replicas
            .load(Ordering::Relaxed)
    }
}
