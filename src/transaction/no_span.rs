//! No spans: what [`span`](super) is without SeaORM's feature `tracing-spans`.

use std::future::Future;

use sea_orm::{DbBackend, DbErr, Statement};

pub(super) struct Span;

impl Span {
    pub(super) fn statement(_: &'static str, _: &Statement, _: bool) -> Self {
        Self
    }

    pub(super) fn begin(_: DbBackend) -> Self {
        Self
    }

    pub(super) fn commit(_: DbBackend) -> Self {
        Self
    }

    pub(super) fn roll_back(_: DbBackend) -> Self {
        Self
    }

    pub(super) fn none() -> Self {
        Self
    }

    pub(super) fn around<F, T>(self, work: F) -> F
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        work
    }
}
