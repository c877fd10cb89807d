//! Replicas, databases and passwords that change while real servers are under load.

mod credentials;
mod credentials_mariadb;
mod foreign;
mod interrupted;
mod joining;
mod replicas;
mod tenants;
mod writable;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::EntityTrait;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::topology::NodeState;
use tokio::task::JoinHandle;

use crate::support::item;

const LONG: Duration = Duration::from_secs(15);

/// Tasks that read and, every few times, write.
struct Load {
    over: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<(usize, Vec<String>)>>,
}

impl Load {
    fn start(db: &RoutingConnection, writes: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let tasks = (0..8)
            .map(|number| {
                let (db, over) = (db.clone(), Arc::clone(&over));
                tokio::spawn(async move {
                    let (mut done, mut failures) = (0, Vec::new());
                    while !over.load(Ordering::Relaxed) {
                        let read = item::Entity::find().one(&db).await.map(drop);
                        let write = match writes && done % 5 == 0 {
                            true => item::insert(&db, &format!("{number} {done}"))
                                .await
                                .map(drop),
                            false => Ok(()),
                        };
                        let failed = [read, write].into_iter().filter_map(Result::err);
                        failures.extend(failed.map(|error| error.to_string()));
                        done += 1;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    (done, failures)
                })
            })
            .collect();
        Self { over, tasks }
    }

    /// Stops the tasks and returns how much was done; nothing may have failed.
    async fn stop(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let (mut done, mut failed) = (0, Vec::new());
        for task in self.tasks {
            let (count, failures) = task.await.expect("no panic");
            done += count;
            failed.extend(failures);
        }
        assert!(
            failed.is_empty(),
            "{} of {done}: {}",
            failed.len(),
            failed[0]
        );
        done
    }
}

fn state(db: &RoutingConnection, node: &str) -> Option<NodeState> {
    db.topology().find(node).map(|node| node.state())
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
