//! Expressions: calls, subqueries, windows.

use sea_orm::DbBackend;

use super::{Generator, KNOWN};

impl Generator {
    pub(super) fn expression(&mut self) -> String {
        if !self.may_nest() || self.one_in(3) {
            return match self.one_in(2) {
                true => self.column(),
                false => self.literal(),
            };
        }
        match self.below(20) {
            0..=2 => {
                let operator = self.pick(&["=", "<>", "<", "+", "-", "*", "AND", "OR"]);
                format!("{} {operator} {}", self.expression(), self.expression())
            }
            3 | 4 => self.call(),
            5 => format!("({})", self.expression()),
            6 => format!("NOT ({})", self.expression()),
            7 => format!("({})", self.query()),
            8 => format!("EXISTS ({})", self.query()),
            9 => self.membership(),
            10 => self.case(),
            11 => {
                let not = self.pick(&["", "NOT "]);
                format!(
                    "{} {not}BETWEEN ({}) AND ({})",
                    self.column(),
                    self.expression(),
                    self.expression()
                )
            }
            12 => format!("{} LIKE ({} )", self.column(), self.literal()),
            13 => {
                let test = self.pick(&["IS NULL", "IS NOT NULL"]);
                format!("{} {test}", self.column())
            }
            14 => self.window(),
            15 => self.cast(),
            _ => self.of_the_dialect(),
        }
    }

    fn call(&mut self) -> String {
        if self.one_in(12) {
            let unknown = self.pick(&["audit_row", "app.total", "next_number"]);
            return format!("{unknown}({})", self.expression());
        }
        let name = self.pick(&KNOWN[..KNOWN.len() - 1]);
        let distinct = match name {
            "count" => self.pick(&["", "DISTINCT "]),
            _ => "",
        };
        format!("{name}({distinct}{})", self.expression())
    }

    fn window(&mut self) -> String {
        let name = self.pick(&["row_number()", "sum(amount)", "count(*)"]);
        let frame = self.pick(&[
            "",
            " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            " RANGE UNBOUNDED PRECEDING",
        ]);
        match self.below(3) {
            0 => format!("{name} OVER w"),
            1 => format!(
                "{name} OVER (PARTITION BY {} ORDER BY {}{frame})",
                self.expression(),
                self.ordering()
            ),
            _ => format!("{name} OVER (ORDER BY {}{frame})", self.ordering()),
        }
    }

    fn membership(&mut self) -> String {
        let not = self.pick(&["", "NOT "]);
        match self.one_in(2) {
            true => format!("{} {not}IN ({})", self.column(), self.query()),
            false => format!(
                "{} {not}IN ({})",
                self.column(),
                self.list(3, Self::expression)
            ),
        }
    }

    fn case(&mut self) -> String {
        let operand = self.optional(2, |g| format!(" {}", g.column()));
        format!(
            "CASE{operand} WHEN {} THEN ({}) ELSE {} END",
            self.expression(),
            self.expression(),
            self.expression()
        )
    }

    fn cast(&mut self) -> String {
        let kind = match self.dialect {
            DbBackend::Postgres => {
                self.pick(&["int", "numeric(10, 2)", "varchar(20)", "timestamp(3)"])
            }
            DbBackend::MySql => self.pick(&["SIGNED", "DECIMAL(10, 2)", "CHAR(20)"]),
            _ => self.pick(&["int", "decimal(10, 2)", "text"]),
        };
        match self.postgres() && self.one_in(2) {
            true => format!("{}::{kind}", self.column()),
            false => format!("CAST({} AS {kind})", self.expression()),
        }
    }

    fn of_the_dialect(&mut self) -> String {
        match (self.dialect, self.below(6)) {
            (DbBackend::Postgres, 0) => format!("{} = ANY ({})", self.column(), self.query()),
            (DbBackend::Postgres, 1) => format!("ARRAY[{}]", self.list(3, Self::expression)),
            (DbBackend::Postgres, 2) => {
                format!("{} IS NOT DISTINCT FROM {}", self.column(), self.column())
            }
            (DbBackend::Postgres, 3) => format!("EXTRACT(YEAR FROM {})", self.column()),
            (DbBackend::Postgres, 4) => format!("count(*) FILTER (WHERE {})", self.expression()),
            (DbBackend::Postgres, _) => format!("substring({} FROM 1 FOR 2)", self.column()),
            (DbBackend::MySql, 0) => format!("IF({}, {}, 2)", self.expression(), self.expression()),
            (DbBackend::MySql, 1) => format!("{} DIV ({})", self.column(), self.literal()),
            (DbBackend::MySql, 2) => format!("EXTRACT(YEAR FROM {})", self.column()),
            (DbBackend::MySql, 3) => format!("{} REGEXP ({})", self.column(), self.literal()),
            (DbBackend::MySql, _) => format!("GROUP_CONCAT({} SEPARATOR ',')", self.column()),
            (_, 0) => format!("{} GLOB ({})", self.column(), self.literal()),
            (_, 1) => format!("{} IS NOT DISTINCT FROM {}", self.column(), self.column()),
            (_, _) => format!("count(*) FILTER (WHERE {})", self.expression()),
        }
    }
}
