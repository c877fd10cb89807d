//! Random SQL that a server could be sent: each seed and dialect always give the same statement.
//!
//! Keywords are in capitals; names and literals are not, so that a test can tell them apart.

mod expression;
mod query;
mod write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::DbBackend;

/// Functions that every dialect has and that only read.
pub(crate) const KNOWN: &[&str] = &[
    "count",
    "sum",
    "max",
    "min",
    "coalesce",
    "lower",
    "abs",
    "row_number",
];

/// The statement generated from a seed.
pub(crate) fn statement(seed: u64, dialect: DbBackend) -> String {
    let mut generator = Generator {
        rng: StdRng::seed_from_u64(seed),
        dialect,
        budget: 24,
    };
    generator.statement()
}

struct Generator {
    rng: StdRng,
    dialect: DbBackend,
    /// How many more parts may have subparts.
    budget: usize,
}

impl Generator {
    fn statement(&mut self) -> String {
        match self.below(10) {
            0 => self.insert(),
            1 => self.update(),
            2 => self.delete(),
            _ => self.query(),
        }
    }

    fn postgres(&self) -> bool {
        self.dialect == DbBackend::Postgres
    }

    fn mysql(&self) -> bool {
        self.dialect == DbBackend::MySql
    }

    fn below(&mut self, end: u32) -> u32 {
        self.rng.random_range(0..end)
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.rng.random_ratio(1, times)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.random_range(0..from.len())]
    }

    /// Whether a compound part may be generated; the last parts must be simple.
    fn may_nest(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn list(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> String) -> String {
        let length = self.rng.random_range(1..=most);
        (0..length)
            .map(|_| item(self))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn optional(&mut self, one_in: u32, part: impl FnOnce(&mut Self) -> String) -> String {
        match self.one_in(one_in) {
            true => part(self),
            false => String::new(),
        }
    }

    fn quoted(&self, name: &str) -> String {
        match self.dialect {
            DbBackend::MySql => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    /// A table, or a table expression that happens to have its name.
    fn table(&mut self) -> String {
        let name = self.pick(&["t1", "t2", "t3", "t4", "t5", "orders", "ctea", "cteb"]);
        match self.below(8) {
            0 => self.quoted(name),
            1 => format!("app.{name}"),
            2 => format!("{}.{}", self.quoted("app"), self.quoted(name)),
            3 => {
                let odd = self.pick(&["select", "from", "Mixed Case", "for update", "a;b", "über"]);
                self.quoted(odd)
            }
            _ => name.to_owned(),
        }
    }

    fn cte_name(&mut self) -> String {
        let name = self.pick(&["ctea", "cteb", "ctec", "t1"]);
        match self.one_in(4) {
            true => self.quoted(name),
            false => name.to_owned(),
        }
    }

    fn alias(&mut self) -> String {
        let plain = self.pick(&["x", "y", "total", "t2", "ctea"]);
        match self.one_in(4) {
            true => {
                let odd = self.pick(&["for update", "into", "from t9", "table"]);
                self.quoted(odd)
            }
            false => plain.to_owned(),
        }
    }

    fn column(&mut self) -> String {
        let name = self.pick(&["id", "name", "amount", "parent_id", "created_at"]);
        match self.below(6) {
            0 => format!("t1.{name}"),
            1 => format!("x.{}", self.quoted("order")),
            2 => self.quoted(name),
            _ => name.to_owned(),
        }
    }

    fn literal(&mut self) -> String {
        let literals: &[&str] = match self.dialect {
            DbBackend::Postgres => &[
                "1",
                "1.5",
                "'for update'",
                "'it''s; delete'",
                "$1",
                "$$into t9$$",
                "E'a\\'b'",
                "NULL",
                "TRUE",
            ],
            DbBackend::MySql => &[
                "1",
                "1.5",
                "'for update'",
                "'it''s; delete \\\\'",
                "?",
                "\"into t9\"",
                "NULL",
                "TRUE",
            ],
            _ => &[
                "1",
                "1.5",
                "'for update'",
                "'it''s; delete'",
                "?",
                "?1",
                ":named",
                "NULL",
            ],
        };
        self.pick(literals).to_owned()
    }
}
