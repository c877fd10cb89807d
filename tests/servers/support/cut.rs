//! Futures that are dropped before they finish.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::soon;

/// The instant at which a future is dropped that has been polled often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The statement is in flight.
    AtOnce,
    /// The reply has arrived, and the future never sees it.
    WhenAnswered,
}

struct Cut<F> {
    future: Pin<Box<F>>,
    polls: usize,
    dropped: Dropped,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let last = self.polls == 0;
        match self.future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if last && self.dropped == Dropped::AtOnce => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The output of a future within so many polls; the future is dropped afterwards.
pub(crate) async fn cut<F: Future>(polls: usize, dropped: Dropped, future: F) -> Option<F::Output> {
    let cut = Cut {
        future: Box::pin(future),
        polls,
        dropped,
    };
    soon("a future that is cut off", cut).await
}
