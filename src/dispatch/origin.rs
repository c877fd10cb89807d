//! Where an answer came from, for the texts of errors.

use std::sync::Arc;

use sea_orm::DbErr;

use super::analysis::Analysis;
use super::core::{Core, Shared};
use crate::cluster::Fault;
use crate::error::{Quoted, at_node, is_unknown_table};
use crate::route::{Decision, WhyDatabase};
use crate::topology::{NodeId, Topology};

const SHARED_CONNECTIONS: &str = "a pooler that shares its connections among clients must know prepared \
    statements: PgBouncer does from 1.21 on, with max_prepared_statements above 0; else let it pool sessions";

/// Where the answer to a statement came from.
#[derive(Debug)]
pub(crate) struct Origin {
    topology: Arc<Topology>,
    shared: Arc<Shared>,
    analysis: Arc<Analysis>,
    node: NodeId,
    why: WhyDatabase,
}

impl Origin {
    pub(crate) fn new(core: &Core, analysis: &Arc<Analysis>, decision: Decision) -> Self {
        Self {
            topology: core.cluster.snapshot(),
            shared: Arc::clone(&core.shared),
            analysis: Arc::clone(analysis),
            node: decision.node,
            why: decision.why.database,
        }
    }

    /// An error of the server, with its database and node. A table that the server does not know may lack
    /// a binding, so the text says whether it has one.
    #[cold]
    pub(crate) fn named(&self, error: DbErr) -> DbErr {
        let unknown = is_unknown_table(&error).then(|| error.to_string());
        let is_lost = Fault::is_lost_preparation(&error);
        at_node(error, || {
            let place = place_of(&self.topology, self.node);
            if is_lost {
                return format!("{place}; {SHARED_CONNECTIONS}");
            }
            match unknown.and_then(|text| self.binding(&text)) {
                Some(binding) => format!("{place}; {binding}"),
                None => place,
            }
        })
    }

    /// Where the table that an error names is bound, if there are several databases.
    fn binding(&self, text: &str) -> Option<String> {
        let databases: Vec<_> = self.topology.database_names().collect();
        // A policy may have its own reasons.
        if databases.len() < 2 || matches!(self.why, WhyDatabase::Policy(_)) {
            return None;
        }
        let database = self.topology.node(self.node).database;
        let dialect = self.topology.database_by_id(database).dialect;
        let tables = self.analysis.operation.tables().iter();
        let named = tables.filter(|table| text.contains(table.name()));
        let table = named.max_by_key(|table| table.name().len())?;
        match self.shared.bindings.database_of(table, dialect) {
            None => Some(format!(
                "\"{table}\" has no binding; the databases are {}",
                Quoted(&databases)
            )),
            Some(bound) if bound == database => {
                Some(format!("\"{table}\" is bound to this database"))
            }
            Some(bound) => {
                let bound = &self.topology.database_by_id(bound).name;
                self.is_chosen()
                    .then(|| format!("\"{table}\" is bound to \"{bound}\""))
            }
        }
    }

    /// Whether the handle has named the database. If not, and the table is bound to another one, the handle has
    /// bindings of its own.
    fn is_chosen(&self) -> bool {
        matches!(
            self.why,
            WhyDatabase::Using | WhyDatabase::Entity | WhyDatabase::Node
        )
    }
}

/// The rows of a stream come from there too.
#[cfg(feature = "stream")]
impl super::Held for Origin {
    fn ended(&mut self, _: Option<&DbErr>, _: u64) {}

    fn dropped(&mut self, _: u64) {}

    fn named(&self, error: DbErr) -> DbErr {
        Self::named(self, error)
    }
}

/// A node and its database, as an error names them.
pub(crate) fn place_of(topology: &Topology, node: NodeId) -> String {
    let node = topology.node(node);
    let database = &topology.database_by_id(node.database).name;
    format!("database \"{database}\", node \"{}\"", node.name)
}
