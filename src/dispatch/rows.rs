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
    /// What goes with it, until the last row.
    held: Vec<Box<dyn Held + 'a>>,
}

/// What goes with a stream.
pub(crate) trait Held: Send {
    /// The last row was taken, or this error.
    fn ended(&mut self, _: Option<&DbErr>) {}
}

impl<'a> RowStream<'a> {
    pub(crate) fn new(rows: impl Stream<Item = Result<QueryResult, DbErr>> + Send + 'a) -> Self {
        Self {
            rows: Box::pin(rows),
            held: Vec::new(),
        }
    }

    /// Keeps something for as long as there may be rows.
    pub(crate) fn holding(mut self, held: Option<impl Held + 'a>) -> Self {
        if let Some(held) = held {
            self.held.push(Box::new(held));
        }
        self
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
        let error = match &polled {
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(error))) => Some(error),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => return polled,
        };
        for mut held in self.held.drain(..) {
            held.ended(error);
        }
        polled
    }
}
