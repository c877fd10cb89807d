//! The rows of a statement, one by one.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream};
use sea_orm::{DbErr, QueryResult};

/// The rows of a statement, one by one, from a pool or from the branch of a transaction. It holds
/// its connection until it is dropped.
pub struct RowStream<'a> {
    rows: BoxStream<'a, Result<QueryResult, DbErr>>,
    taken: u64,
    /// Guards that end with the last row.
    held: Vec<Box<dyn Held + 'a>>,
}

/// A guard that ends with the last row of a stream.
pub(crate) trait Held: Send {
    /// The stream ended, after so many rows or with this error.
    fn ended(&mut self, error: Option<&DbErr>, rows: u64);

    /// The stream is dropped before its end, after so many rows.
    fn dropped(&mut self, rows: u64);

    /// An error of the stream, with where it came from if that is known here.
    fn named(&self, error: DbErr) -> DbErr {
        error
    }
}

impl<'a> RowStream<'a> {
    pub(crate) fn new(rows: impl Stream<Item = Result<QueryResult, DbErr>> + Send + 'a) -> Self {
        Self {
            rows: Box::pin(rows),
            taken: 0,
            held: Vec::new(),
        }
    }

    /// Keeps a guard as long as there may be rows.
    pub(crate) fn holding(mut self, held: Option<impl Held + 'a>) -> Self {
        if let Some(held) = held {
            self.held.push(Box::new(held));
        }
        self
    }
}

impl Drop for RowStream<'_> {
    fn drop(&mut self) {
        for held in &mut self.held {
            held.dropped(self.taken);
        }
    }
}

impl fmt::Debug for RowStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").finish_non_exhaustive()
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.rows.as_mut().poll_next(context);
        let named = |error| {
            self.held
                .iter()
                .fold(error, |error, held| held.named(error))
        };
        let polled = polled.map_err(named);
        let error = match &polled {
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(error))) => Some(error),
            Poll::Ready(Some(Ok(_))) => {
                self.taken += 1;
                return polled;
            }
            Poll::Pending => return polled,
        };
        let taken = self.taken;
        for mut held in self.held.drain(..) {
            held.ended(error, taken);
        }
        polled
    }
}
