//! Futures that are dropped before they are done.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::soon;

/// When a future is dropped that has been polled often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// What it sent is under way.
    AtOnce,
    /// What it waits for has come, and it never sees it.
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

/// What a future returned within so many polls; it is gone afterwards.
pub(crate) async fn cut<F: Future>(polls: usize, dropped: Dropped, future: F) -> Option<F::Output> {
    let cut = Cut {
        future: Box::pin(future),
        polls,
        dropped,
    };
    soon("a future that is cut off", cut).await
}
