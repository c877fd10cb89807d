//! The nested transactions that are alive, innermost last.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{RoutingError, TxnError};

/// A nested transaction; its savepoint carries the number.
pub(super) type Level = u32;

/// The nested transactions alive, and whether the whole can still be committed.
#[derive(Debug, Default)]
pub(super) struct Levels {
    stack: Mutex<LevelStack>,
}

#[derive(Debug, Default)]
struct LevelStack {
    alive: Vec<Level>,
    last: Level,
    doomed: Option<String>,
    ended: bool,
}

impl Levels {
    /// The savepoints that must exist before a statement of `level` (none: the outermost).
    ///
    /// # Errors
    ///
    /// [`TxnError::NestedOpen`] if a nested transaction is alive inside it, and
    /// [`TxnError::Doomed`].
    pub(super) fn enter(&self, level: Option<Level>) -> Result<Vec<Level>, RoutingError> {
        let stack = self.lock();
        stack.check(level)?;
        Ok(stack.alive.clone())
    }

    /// A new transaction nested in `level`.
    ///
    /// # Errors
    ///
    /// As [`enter`](Self::enter).
    pub(super) fn nest(&self, level: Option<Level>) -> Result<Level, RoutingError> {
        let mut stack = self.lock();
        stack.check(level)?;
        stack.last += 1;
        let new = stack.last;
        stack.alive.push(new);
        Ok(new)
    }

    /// Ends `level` with everything nested in it, and returns the level around it. With the outermost
    /// one, the whole transaction ends.
    pub(super) fn end(&self, level: Option<Level>) -> Option<Level> {
        let mut stack = self.lock();
        match level {
            Some(level) => {
                if let Some(place) = stack.alive.iter().position(|alive| *alive == level) {
                    stack.alive.truncate(place);
                }
                stack.alive.last().copied()
            }
            None => {
                stack.ended = true;
                stack.doom("the outermost transaction has ended");
                None
            }
        }
    }

    /// Whether the outermost has ended.
    pub(super) fn is_ended(&self) -> bool {
        self.lock().ended
    }

    /// From now on the transaction can only be rolled back.
    pub(super) fn doom(&self, reason: &str) {
        self.lock().doom(reason);
    }

    fn lock(&self) -> MutexGuard<'_, LevelStack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LevelStack {
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
                    reason: "the transaction it is nested in has ended".to_owned(),
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
