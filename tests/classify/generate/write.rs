//! Statements that write.

use super::Generator;

impl Generator {
    pub(super) fn insert(&mut self) -> String {
        let verb = match self.mysql() {
            true => self.pick(&["INSERT INTO", "INSERT IGNORE INTO", "REPLACE INTO"]),
            false if self.postgres() => "INSERT INTO",
            false => self.pick(&["INSERT INTO", "INSERT OR REPLACE INTO", "REPLACE INTO"]),
        };
        let table = self.table();
        let columns = self.pick(&["", " (id, name)"]);
        let source = match self.one_in(2) {
            true => format!("VALUES ({})", self.list(3, Self::expression)),
            false => self.query(),
        };
        let conflict =
            match verb.starts_with("INSERT INTO") && source.starts_with("VALUES") && self.one_in(3)
            {
                false => String::new(),
                true if self.mysql() => {
                    format!(" ON DUPLICATE KEY UPDATE name = {}", self.expression())
                }
                true => format!(
                    " ON CONFLICT (id) DO UPDATE SET name = {}",
                    self.expression()
                ),
            };
        let returning = self.returning();
        format!("{verb} {table}{columns} {source}{conflict}{returning}")
    }

    pub(super) fn update(&mut self) -> String {
        let table = self.table();
        let values = self.list(2, |g| format!("name = {}", g.expression()));
        let from = match self.mysql() {
            true => String::new(),
            false => self.optional(3, Self::from),
        };
        let joined = match self.mysql() && self.one_in(3) {
            true => format!(" JOIN {} ON {}", self.table(), self.expression()),
            false => String::new(),
        };
        let filter = self.optional(2, |g| format!(" WHERE {}", g.expression()));
        let returning = self.returning();
        format!("UPDATE {table}{joined} SET {values}{from}{filter}{returning}")
    }

    pub(super) fn delete(&mut self) -> String {
        let table = self.table();
        let filter = self.optional(2, |g| format!(" WHERE {}", g.expression()));
        if self.mysql() && self.one_in(3) {
            let other = self.table();
            return format!("DELETE x FROM {table} AS x JOIN {other} AS y ON x.id = y.id{filter}");
        }
        let using = match self.postgres() && self.one_in(3) {
            true => format!(" USING {}", self.table()),
            false => String::new(),
        };
        let returning = self.returning();
        format!("DELETE FROM {table}{using}{filter}{returning}")
    }

    /// A write in the body of a table expression.
    pub(super) fn returning_write(&mut self) -> String {
        let table = self.table();
        match self.below(3) {
            0 => format!("INSERT INTO {table} VALUES (1) RETURNING *"),
            1 => format!(
                "UPDATE {table} SET name = {} RETURNING id",
                self.expression()
            ),
            _ => format!(
                "DELETE FROM {table} WHERE {} RETURNING *",
                self.expression()
            ),
        }
    }

    fn returning(&mut self) -> String {
        match self.mysql() {
            true => String::new(),
            false => self.optional(4, |g| format!(" RETURNING {}", g.list(2, Self::expression))),
        }
    }
}
