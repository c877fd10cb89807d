//! Events as `tracing` events of the target `sea_orm_routing`: attempts at `DEBUG`, what happens to
//! nodes and databases at `WARN` and `ERROR`.

use tracing::Level;

use super::{Event, EventKind};
use crate::name::TableList;
use crate::route::Route;
use crate::topology::NodeState;

/// Whether an enabled level of `tracing` wants events of this kind.
pub(super) fn wants(kind: EventKind) -> bool {
    match kind {
        EventKind::Attempted => {
            tracing::enabled!(target: "sea_orm_routing", Level::DEBUG)
        }
        EventKind::HealthChanged | EventKind::RoleChanged => {
            tracing::enabled!(target: "sea_orm_routing", Level::WARN)
        }
        EventKind::WritesChanged => tracing::enabled!(target: "sea_orm_routing", Level::ERROR),
        EventKind::Decided
        | EventKind::Finished
        | EventKind::Cancelled
        | EventKind::Retried
        | EventKind::Refused
        | EventKind::CatchUpWaited
        | EventKind::BranchOpened
        | EventKind::BranchEnded
        | EventKind::NodeAdded => false,
    }
}

pub(super) fn event(event: &Event<'_>) {
    match event {
        Event::Attempted { route } => attempted(route),
        Event::HealthChanged { node, from, to } => {
            let (node, from) = (node.as_str(), from.to_string());
            if *to == NodeState::Down {
                tracing::warn!(target: "sea_orm_routing", node, from, "a node is down");
            }
        }
        Event::RoleChanged { database, from, to } => {
            let (database, from, node) = (database.as_str(), from.as_str(), to.as_str());
            tracing::warn!(target: "sea_orm_routing", database, from, node, "a node is the primary now");
        }
        Event::WritesChanged { database, blocked } => {
            let database = database.as_str();
            match blocked {
                Some(reason) => {
                    tracing::error!(target: "sea_orm_routing", database, "writes stop: {reason}");
                }
                None => tracing::warn!(target: "sea_orm_routing", database, "writes go on"),
            }
        }
        Event::Decided { .. }
        | Event::Finished { .. }
        | Event::Cancelled { .. }
        | Event::Retried { .. }
        | Event::Refused { .. }
        | Event::CatchUpWaited { .. }
        | Event::BranchOpened { .. }
        | Event::BranchEnded { .. }
        | Event::NodeAdded { .. } => {}
    }
}

fn attempted(route: &Route) {
    let tables = TableList(route.tables());
    tracing::debug!(
        target: "sea_orm_routing",
        database = route.database().as_str(),
        node = route.node().as_str(),
        role = %route.role(),
        access = %route.access(),
        tables = %tables,
        summary = %format_args!("{} {tables}", route.access()),
        why_database = route.why_database(),
        why_role = route.why_role(),
        why_node = route.why_node(),
        "routed"
    );
}
