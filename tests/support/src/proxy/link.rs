//! One connection through a proxy.

use std::future;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::counts::Counted;
use super::ends::Ends;
use super::mode::{Fate, State};

/// What a connection shares with its proxy.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) number: usize,
    pub(super) target: u16,
    pub(super) state: watch::Receiver<State>,
}

/// Serves a connection to its end.
pub(super) async fn serve(client: TcpStream, link: Link, counted: Counted) {
    let mut ends = Ends::new(client);
    let mut fate = tokio::select! {
        // A mode change takes effect before the data that arrives after it.
        biased;
        fate = link.next_fate(Fate::Open) => fate,
        outcome = ends.forward(&link) => if outcome.is_ok() { Fate::Closed } else { Fate::Reset },
    };
    if fate == Fate::Lost {
        fate = tokio::select! {
            biased;
            fate = link.next_fate(Fate::Lost) => fate,
            () = ends.swallow() => Fate::Closed,
        };
    }
    ends.close(fate).await;
    // Not earlier: when a test sees the count drop, the connection is closed.
    drop(counted);
}

impl Link {
    /// Returns as soon as data that arrived at this instant may be forwarded.
    pub(super) async fn passes(&self, arrived: Instant) {
        let mut state = self.state.clone();
        loop {
            let hold = state.borrow_and_update().hold(self.number);
            let due = hold.map(|hold| arrived + hold);
            if due.is_some_and(|due| due <= Instant::now()) {
                return;
            }
            tokio::select! {
                () = reached(due) => {}
                changed = state.changed() => if changed.is_err() { future::pending().await },
            }
        }
    }

    /// Returns as soon as the server may be connected to.
    pub(super) async fn opens(&self) {
        let mut state = self.state.clone();
        let forwards = |state: &State| state.hold(self.number).is_some();
        if state.wait_for(forwards).await.is_err() {
            // Without a hub the proxy is shut down, and this task is about to end.
            future::pending().await
        }
    }

    /// Returns the next fate of the connection, once it differs from `fate`.
    async fn next_fate(&self, fate: Fate) -> Fate {
        let mut state = self.state.clone();
        let left = state
            .wait_for(|state| state.fate(self.number) != fate)
            .await;
        // Without a hub the proxy is shut down.
        left.map_or(Fate::Closed, |state| state.fate(self.number))
    }
}

async fn reached(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => future::pending().await,
    }
}
