//! The savepoints of a branch: the nested transactions, last in, first out.

use sea_orm::{DbErr, TransactionTrait};

use super::control;
use super::levels::Level;
use super::open::innermost;
use super::state::State;

impl State {
    /// Makes its savepoints those of `levels`.
    pub(super) async fn align(&mut self, levels: &[Level]) -> Result<(), DbErr> {
        let kept = self.keep_only(levels).await?;
        for level in &levels[kept..] {
            self.nest(*level).await?;
        }
        Ok(())
    }

    /// Undoes the savepoints that are not among `levels`: nested transactions that were dropped.
    /// Returns how many are left.
    pub(super) async fn keep_only(&mut self, levels: &[Level]) -> Result<usize, DbErr> {
        let pairs = self.savepoints.iter().zip(levels);
        let kept = pairs.take_while(|(a, b)| a == b).count();
        if let Some(abandoned) = self.savepoints.get(kept).copied() {
            self.roll_back_to(abandoned).await?;
        }
        Ok(kept)
    }

    async fn nest(&mut self, level: Level) -> Result<(), DbErr> {
        match self.stack() {
            Some(stack) => {
                let nested = innermost(stack)?.begin().await?;
                stack.push(nested);
            }
            None => {
                let sql = control::savepoint(level);
                self.control("SAVEPOINT", &sql).await?;
            }
        }
        self.savepoints.push(level);
        Ok(())
    }

    /// Makes the changes of a nested transaction part of the one around it.
    pub(super) async fn release(&mut self, level: Level) -> Result<(), DbErr> {
        if !self.savepoints.contains(&level) {
            return Ok(());
        }
        match self.stack() {
            Some(stack) => {
                if let Some(nested) = stack.pop() {
                    nested.commit().await?;
                }
            }
            None => {
                let sql = control::release(level);
                self.control("RELEASE SAVEPOINT", &sql).await?;
            }
        }
        self.forget(level);
        Ok(())
    }

    /// Undoes a nested transaction.
    pub(super) async fn undo(&mut self, level: Level) -> Result<(), DbErr> {
        self.check_doubt()?;
        match self.savepoints.contains(&level) && self.doomed.is_none() {
            true => self.roll_back_to(level).await,
            false => Ok(()),
        }
    }

    async fn roll_back_to(&mut self, level: Level) -> Result<(), DbErr> {
        let inner = self.savepoints.iter().rev().take_while(|l| **l != level);
        let depth = inner.count() + 1;
        match self.stack() {
            Some(stack) => {
                for _ in 0..depth {
                    if let Some(nested) = stack.pop() {
                        nested.rollback().await?;
                    }
                }
            }
            None => {
                let name = "ROLLBACK TO SAVEPOINT";
                self.control(name, &control::roll_back_to(level)).await?;
                self.control("RELEASE SAVEPOINT", &control::release(level))
                    .await?;
            }
        }
        self.forget(level);
        Ok(())
    }

    fn forget(&mut self, level: Level) {
        if let Some(place) = self.savepoints.iter().position(|l| *l == level) {
            self.savepoints.truncate(place);
        }
    }
}
