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

struct Cut<'f, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'f>>,
    polls: usize,
    dropped: Dropped,
}

impl<T> Future for Cut<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
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
pub(crate) async fn cut<'f, T>(
    polls: usize,
    dropped: Dropped,
    future: impl Future<Output = T> + Send + 'f,
) -> Option<T> {
    let cut = Cut {
        future: Box::pin(future),
        polls,
        dropped,
    };
    soon("a future that is cut off", cut).await
}
