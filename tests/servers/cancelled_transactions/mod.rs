//! A future is dropped at every await of a transaction, thousands of times on each engine.
//! Afterwards the server is checked: no transaction is open, no row is lost or stray, the pool is
//! whole, and the next statements are right.
//!
//! The same cases run over bare SeaORM, where they show the faults that branches prevent.

mod lane;
mod nested;
mod next;
mod on_servers;
mod on_sqlite;
mod place;
mod plan;
mod pool;
mod quiet;
mod report;
mod run;
mod statements;
mod story;
mod streams;
mod subject;
mod texts;
mod then;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use lane::Lane;
use place::Place;
use plan::Step;
use report::Report;
use subject::Subject;

/// Plays the cases of all these steps so many times in each place. The lanes stay open.
async fn play<C: Subject>(
    places: Vec<Place>,
    steps: &[Step],
    times: usize,
) -> (Report, Vec<Lane<C>>) {
    quiet::about_a_panic_of_seaorm();
    // Not joined: polling a future because of its neighbour would cancel it too early.
    let lanes = places.into_iter().map(|place| lane(place, steps, times));
    let mut lanes: Vec<Lane<C>> = lanes.collect::<FuturesUnordered<_>>().collect().await;
    let reports = lanes
        .iter_mut()
        .map(|lane| std::mem::take(&mut lane.report));
    (reports.fold(Report::default(), Report::add), lanes)
}

async fn lane<C: Subject>(place: Place, steps: &[Step], times: usize) -> Lane<C> {
    let mut lane = Lane::open(place).await;
    for _ in 0..times {
        lane.play_all(steps).await;
    }
    lane.check_again().await;
    lane.close().await;
    lane
}
