//! The statements.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// How many rows are streamed.
pub(super) const ROWS: usize = 6;

/// The table that is streamed.
pub(super) async fn create_rows(db: &impl ConnectionTrait) {
    let values: Vec<_> = (0..ROWS).map(|n| format!("({n}, '{}')", row(n))).collect();
    for sql in [
        "CREATE TABLE streamed (n INTEGER, name VARCHAR(80))".to_owned(),
        format!("INSERT INTO streamed VALUES {}", values.join(", ")),
    ] {
        db.execute_unprepared(&sql).await.expect("rows to stream");
    }
}

/// The content of a row.
pub(super) fn row(n: usize) -> String {
    format!("row {n} of those that are streamed, long enough to be cut in two")
}

/// The statements of one case.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    backend: DbBackend,
    /// Makes a text new to the server, which then has to prepare it.
    comment: String,
}

impl Texts {
    pub(super) fn new(backend: DbBackend, fresh: Option<&str>) -> Self {
        let comment = fresh.map(|text| format!(" /* {text} */"));
        Self {
            backend,
            comment: comment.unwrap_or_default(),
        }
    }

    /// A write whose reply has no rows.
    pub(super) fn insert(&self, names: &[String]) -> Statement {
        self.statement(
            &format!("INSERT INTO item (name) VALUES {}", self.values(names)),
            names,
        )
    }

    /// A write that returns the names.
    pub(super) fn insert_returning(&self, names: &[String]) -> Statement {
        let values = self.values(names);
        let sql = format!("INSERT INTO item (name) VALUES {values} RETURNING name");
        self.statement(&sql, names)
    }

    /// The names of the rows of one case.
    pub(super) fn rows_of(&self, label: &str) -> Statement {
        let sql = format!("SELECT name FROM item WHERE name LIKE {}", self.place(1));
        self.statement(&sql, &[format!("{label}/%")])
    }

    /// A reply that can only belong to its own statement.
    pub(super) fn answer(&self, answer: &str) -> Statement {
        let sql = format!("SELECT '{answer}' AS name");
        self.statement(&sql, &[])
    }

    pub(super) fn stream(&self) -> Statement {
        self.statement("SELECT name FROM streamed ORDER BY n", &[])
    }

    fn values(&self, names: &[String]) -> String {
        let places = (1..=names.len()).map(|n| format!("({})", self.place(n)));
        places.collect::<Vec<_>>().join(", ")
    }

    fn place(&self, n: usize) -> String {
        match self.backend {
            DbBackend::Postgres => format!("${n}"),
            _ => "?".to_owned(),
        }
    }

    fn statement(&self, sql: &str, values: &[String]) -> Statement {
        let values = values.iter().map(|value| Value::from(value.clone()));
        Statement::from_sql_and_values(self.backend, format!("{sql}{}", self.comment), values)
    }
}

/// The names in a reply.
pub(super) fn names(rows: Vec<QueryResult>) -> Result<Vec<String>, DbErr> {
    rows.iter().map(name).collect()
}

pub(super) fn name(row: &QueryResult) -> Result<String, DbErr> {
    row.try_get_by_index(0)
}
