//! Silences SeaORM's panic, which is expected here many times and would fill the output.

use std::panic;
use std::sync::Once;

/// SeaORM's message when a nested transaction is dropped while its parent streams.
const EXPECTED: &str = "Dropping a locked Transaction";

pub(super) fn about_a_panic_of_seaorm() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.to_string().contains(EXPECTED) {
                others(info);
            }
        }));
    });
}
