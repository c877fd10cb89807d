//! Who wants to know: recordings of routes, for tests.

mod record;

pub(crate) use record::Recorders;
pub use record::Recording;

pub use crate::route::Route;
