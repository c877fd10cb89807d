//! Which nested transactions are alive, innermost last.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{RoutingError, TxnError};

/// A nested transaction; its savepoint carries the number.
pub(super) type Level = u32;

/// The nested transactions alive, and whether the whole can still be committed.
#[derive(Debug, Default)]
pub(super) struct Levels {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    alive: Vec<Level>,
    last: Level,
    doomed: Option<String>,
    over: bool,
}

impl Levels {
    /// The savepoints that must exist before a statement of `level` (none: the outermost).
    ///
    /// # Errors
    ///
    /// When a nested transaction is alive inside it, or it cannot go on.
    pub(super) fn enter(&self, level: Option<Level>) -> Result<Vec<Level>, RoutingError> {
        let state = self.lock();
        state.check(level)?;
        Ok(state.alive.clone())
    }

    /// A new transaction nested in `level`.
    ///
    /// # Errors
    ///
    /// As [`enter`](Self::enter).
    pub(super) fn nest(&self, level: Option<Level>) -> Result<Level, RoutingError> {
        let mut state = self.lock();
        state.check(level)?;
        state.last += 1;
        let new = state.last;
        state.alive.push(new);
        Ok(new)
    }

    /// `level` ends, and with it what is nested in it; returns the level around it. For the
    /// outermost, the whole is over.
    pub(super) fn end(&self, level: Option<Level>) -> Option<Level> {
        let mut state = self.lock();
        match level {
            Some(level) => {
                if let Some(place) = state.alive.iter().position(|alive| *alive == level) {
                    state.alive.truncate(place);
                }
                state.alive.last().copied()
            }
            None => {
                state.over = true;
                state.doom("the outermost transaction is over");
                None
            }
        }
    }

    /// Whether the outermost has ended.
    pub(super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// From now on the transaction can only be rolled back.
    pub(super) fn doom(&self, reason: &str) {
        self.lock().doom(reason);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, level: Option<Level>) -> Result<(), RoutingError> {
        if let Some(reason) = &self.doomed {
            return Err(RoutingError::Transaction(TxnError::Doomed {
                reason: reason.clone(),
            }));
        }
        if self.alive.last().copied() == level {
            return Ok(());
        }
        match level {
            Some(level) if !self.alive.contains(&level) => {
                Err(RoutingError::Transaction(TxnError::Doomed {
                    reason: "the transaction it is nested in is over".to_owned(),
                }))
            }
            _ => Err(RoutingError::Transaction(TxnError::NestedOpen)),
        }
    }

    fn doom(&mut self, reason: &str) {
        self.doomed.get_or_insert_with(|| reason.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_innermost_level_may_run() {
        let levels = Levels::default();
        let outer = levels.nest(None).expect("nested");
        let inner = levels.nest(Some(outer)).expect("nested");
        assert!(matches!(
            levels.enter(None),
            Err(RoutingError::Transaction(TxnError::NestedOpen))
        ));
        assert!(matches!(
            levels.enter(Some(outer)),
            Err(RoutingError::Transaction(TxnError::NestedOpen))
        ));
        assert_eq!(levels.enter(Some(inner)).expect("alive"), [outer, inner]);
    }

    #[test]
    fn ending_a_level_ends_what_is_nested_in_it() {
        let levels = Levels::default();
        let outer = levels.nest(None).expect("nested");
        let inner = levels.nest(Some(outer)).expect("nested");
        levels.end(Some(outer));
        assert!(matches!(
            levels.enter(Some(inner)),
            Err(RoutingError::Transaction(TxnError::Doomed { .. }))
        ));
        assert!(levels.enter(None).expect("alive").is_empty());
    }

    #[test]
    fn nothing_runs_after_the_outermost_ended() {
        let levels = Levels::default();
        let nested = levels.nest(None).expect("nested");
        levels.end(None);
        assert!(levels.enter(Some(nested)).is_err());
        assert!(levels.enter(None).is_err());
    }
}
