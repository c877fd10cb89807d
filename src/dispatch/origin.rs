//! Where an answer came from, for the texts of errors.

use std::sync::Arc;

use sea_orm::DbErr;

use super::analysis::Analysis;
use super::core::Core;
use crate::error::{at_node, is_unknown_table};
use crate::route::{Decision, WhyDatabase};
use crate::topology::{NodeId, Topology};

/// Where the answer to a statement came from.
#[derive(Debug)]
pub(crate) struct Origin {
    topology: Arc<Topology>,
    analysis: Arc<Analysis>,
    node: NodeId,
    why: WhyDatabase,
}

impl Origin {
    pub(crate) fn new(core: &Core, analysis: &Arc<Analysis>, decision: Decision) -> Self {
        Self {
            topology: core.cluster.snapshot(),
            analysis: Arc::clone(analysis),
            node: decision.node,
            why: decision.why.database,
        }
    }

    /// An error of the server, with its database and node. A table that the server does not know may lack
    /// a binding, so the text says whether it has one.
    #[cold]
    pub(crate) fn named(&self, error: DbErr) -> DbErr {
        let unknown = is_unknown_table(&error);
        at_node(error, || {
            let place = place_of(&self.topology, self.node);
            match unknown.then(|| self.binding()).flatten() {
                Some(binding) => format!("{place}; {binding}"),
                None => place,
            }
        })
    }

    /// What led to the database, if there are others.
    fn binding(&self) -> Option<String> {
        let databases: Vec<_> = self.topology.database_names().collect();
        if databases.len() < 2 {
            return None;
        }
        let table = |index: usize| self.analysis.operation.tables().get(index);
        match self.why {
            WhyDatabase::Unbound { table: index } => {
                let databases = databases.iter().map(|name| format!("\"{name}\""));
                let databases = databases.collect::<Vec<_>>().join(", ");
                let name = table(index)?;
                Some(format!(
                    "\"{name}\" has no binding; the databases are {databases}"
                ))
            }
            WhyDatabase::Binding { table: index } => {
                Some(format!("\"{}\" is bound to this database", table(index)?))
            }
            WhyDatabase::Using
            | WhyDatabase::Entity
            | WhyDatabase::Node
            | WhyDatabase::Policy(_)
            | WhyDatabase::NoTable
            | WhyDatabase::Branch => None,
        }
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
