//! The savepoints of a branch: the nested transactions, last in, first out.

use sea_orm::{DbErr, TransactionTrait};

use super::control::{self, Control};
use super::driver::innermost;
use super::levels::Level;
use super::state::BranchState;

impl BranchState {
    /// Makes its savepoints those of `levels`.
    pub(super) async fn sync_savepoints(&mut self, levels: &[Level]) -> Result<(), DbErr> {
        let kept = self.keep_only(levels).await?;
        for level in &levels[kept..] {
            self.nest(*level).await?;
        }
        Ok(())
    }

    /// Undoes the savepoints that are not among `levels`: nested transactions that were dropped.
    /// Returns how many are left.
    pub(super) async fn keep_only(&mut self, levels: &[Level]) -> Result<usize, DbErr> {
        let pairs = self.savepoints().iter().zip(levels);
        let kept = pairs.take_while(|(a, b)| a == b).count();
        if let Some(dropped) = self.savepoints().get(kept).copied() {
            self.roll_back_to(dropped).await?;
        }
        Ok(kept)
    }

    async fn nest(&mut self, level: Level) -> Result<(), DbErr> {
        match self.link_mut()?.connection.stack() {
            Some(stack) => {
                let nested = innermost(stack)?.begin().await?;
                stack.push(nested);
            }
            None => {
                let sql = control::savepoint(level);
                self.control(Control::Text("SAVEPOINT", &sql)).await?;
            }
        }
        if let Some(active) = self.phase.active_mut() {
            active.savepoints.push(level);
        }
        Ok(())
    }

    /// Makes the changes of a nested transaction part of the one around it.
    pub(super) async fn release_savepoint(&mut self, level: Level) -> Result<(), DbErr> {
        if !self.savepoints().contains(&level) {
            return Ok(());
        }
        match self.link_mut()?.connection.stack() {
            Some(stack) => {
                if let Some(nested) = stack.pop() {
                    nested.commit().await?;
                }
            }
            None => self.send_release(level).await?,
        }
        self.remove_savepoint(level);
        Ok(())
    }

    /// Undoes a nested transaction.
    pub(super) async fn undo(&mut self, level: Level) -> Result<(), DbErr> {
        self.phase.check_doubt(&self.database)?;
        match self.savepoints().contains(&level) {
            true => self.roll_back_to(level).await,
            false => Ok(()),
        }
    }

    async fn roll_back_to(&mut self, level: Level) -> Result<(), DbErr> {
        let inner = self.savepoints().iter().rev().take_while(|l| **l != level);
        let depth = inner.count() + 1;
        match self.link_mut()?.connection.stack() {
            Some(stack) => {
                for _ in 0..depth {
                    if let Some(nested) = stack.pop() {
                        nested.rollback().await?;
                    }
                }
            }
            None => {
                let sql = control::roll_back_to(level);
                let roll_back = Control::Text("ROLLBACK TO SAVEPOINT", &sql);
                self.control(roll_back).await?;
                self.send_release(level).await?;
            }
        }
        self.remove_savepoint(level);
        Ok(())
    }

    async fn send_release(&mut self, level: Level) -> Result<(), DbErr> {
        let sql = control::release(level);
        self.control(Control::Text("RELEASE SAVEPOINT", &sql)).await
    }

    fn remove_savepoint(&mut self, level: Level) {
        if let Some(active) = self.phase.active_mut()
            && let Some(place) = active.savepoints.iter().position(|l| *l == level)
        {
            active.savepoints.truncate(place);
        }
    }
}
