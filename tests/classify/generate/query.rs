//! Queries: `WITH`, set operations, joins, locks.

use super::Generator;

impl Generator {
    pub(super) fn query(&mut self) -> String {
        let with = match self.may_nest() {
            true => self.optional(4, Self::with),
            false => String::new(),
        };
        let body = self.body();
        let order = self.optional(4, |g| format!(" ORDER BY {}", g.list(2, Self::ordering)));
        let limit = self.optional(4, Self::limit);
        let lock = self.optional(16, Self::lock);
        format!("{with}{body}{order}{limit}{lock}")
    }

    fn with(&mut self) -> String {
        let recursive = self.pick(&["", "", "RECURSIVE "]);
        let list = self.list(3, |g| {
            let name = g.cte_name();
            let columns = g.pick(&["", "", " (id, name)"]);
            let how = match g.postgres() {
                true => g.pick(&["", "", "MATERIALIZED ", "NOT MATERIALIZED "]),
                false => "",
            };
            let body = match g.postgres() && g.one_in(12) {
                true => g.returning_write(),
                false => g.query(),
            };
            format!("{name}{columns} AS {how}({body})")
        });
        format!("WITH {recursive}{list} ")
    }

    fn body(&mut self) -> String {
        if !self.may_nest() {
            return self.select();
        }
        match self.below(9) {
            0 => {
                let operator = self.pick(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
                format!("{} {operator} {}", self.select(), self.select())
            }
            1 if self.dialect != sea_orm::DbBackend::Sqlite => {
                format!("({}) UNION ALL ({})", self.query(), self.query())
            }
            2 if !self.mysql() => {
                let row = self.list(3, Self::expression);
                format!("VALUES ({row}), ({row})")
            }
            3 if self.postgres() => {
                let name = self.pick(&["t1", "t2", "ctea"]);
                format!("TABLE {name}")
            }
            _ => self.select(),
        }
    }

    fn select(&mut self) -> String {
        let distinct = self.pick(&["", "", "", "DISTINCT ", "ALL "]);
        let items = self.list(3, Self::item);
        let from = match self.one_in(10) {
            true => String::new(),
            false => self.from(),
        };
        let filter = self.optional(2, |g| format!(" WHERE {}", g.expression()));
        let group = self.optional(5, |g| {
            let keys = g.list(2, Self::column);
            let having = g.optional(2, |g| format!(" HAVING {}", g.expression()));
            format!(" GROUP BY {keys}{having}")
        });
        let window = self.optional(12, |g| {
            format!(" WINDOW w AS (PARTITION BY {})", g.expression())
        });
        format!("SELECT {distinct}{items}{from}{filter}{group}{window}")
    }

    fn item(&mut self) -> String {
        match self.below(5) {
            0 => "*".to_owned(),
            1 => format!("{} AS {}", self.expression(), self.alias()),
            _ => self.expression(),
        }
    }

    pub(super) fn from(&mut self) -> String {
        format!(" FROM {}", self.list(3, Self::joined))
    }

    fn joined(&mut self) -> String {
        let mut joined = self.factor();
        while self.may_nest() && self.one_in(3) {
            let factor = self.factor();
            joined += &match self.below(5) {
                0 => format!(" CROSS JOIN {factor}"),
                1 => format!(" NATURAL JOIN {factor}"),
                2 => format!(" INNER JOIN {factor} USING (id, name)"),
                3 => format!(" JOIN {factor} ON {}", self.expression()),
                _ => format!(" LEFT JOIN {factor} ON {}", self.expression()),
            };
        }
        joined
    }

    fn factor(&mut self) -> String {
        if !self.may_nest() {
            return self.table();
        }
        match self.below(12) {
            0 => format!("({}) AS {}", self.query(), self.alias()),
            1 => format!("({} CROSS JOIN {})", self.factor(), self.table()),
            2 if self.postgres() => format!("LATERAL ({}) {}", self.query(), self.alias()),
            3 if self.postgres() => "generate_series(1, 3) AS g(n)".to_owned(),
            3 if !self.mysql() => "json_each('[]')".to_owned(),
            4 if self.postgres() => format!("{} AS x(id, name)", self.table()),
            5..=7 => format!("{} AS {}", self.table(), self.alias()),
            8 => format!("{} {}", self.table(), self.alias()),
            _ => self.table(),
        }
    }

    pub(super) fn ordering(&mut self) -> String {
        let direction = self.pick(&["", " ASC", " DESC"]);
        format!("{}{direction}", self.expression())
    }

    fn limit(&mut self) -> String {
        let limits: &[&str] = match self.dialect {
            sea_orm::DbBackend::Postgres => &[
                " LIMIT 5",
                " LIMIT $2 OFFSET 3",
                " OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY",
                " LIMIT ALL",
            ],
            _ => &[" LIMIT 5", " LIMIT ? OFFSET 3", " LIMIT 1, 2"],
        };
        self.pick(limits).to_owned()
    }

    fn lock(&mut self) -> String {
        let locks: &[&str] = match self.dialect {
            sea_orm::DbBackend::Postgres => &[
                " FOR UPDATE",
                " FOR SHARE SKIP LOCKED",
                " FOR UPDATE OF t1 NOWAIT",
            ],
            sea_orm::DbBackend::MySql => &[" FOR UPDATE", " FOR SHARE"],
            _ => &[""],
        };
        self.pick(locks).to_owned()
    }
}
