//! Who wants to know: recordings of routes, for tests.

mod record;

pub use record::Recording;
pub(crate) use record::Recorders;
