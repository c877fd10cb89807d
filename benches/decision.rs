//! What a decision costs: on a cached text compared with building the SQL, on a new text compared
//! with sqlparser, with many bindings, with many texts.

mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{interleave, is_smoke, ratio, report, time};
use sea_orm::{Database, DbBackend, EntityTrait, MockDatabase, QueryTrait, Statement};
use sea_orm_routing::sql::Operation;
use sea_orm_routing::{__private::decide, DatabaseOptions, RoutingConnection};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

#[path = "../examples/shop/entities.rs"]
mod entities;

use entities::product;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    memory(&runtime);
    let rounds = if is_smoke() { 3 } else { 101 };
    let db = runtime.block_on(Database::connect("sqlite::memory:"));
    let db = RoutingConnection::from(db.expect("an SQLite database"));
    cached(&db, rounds);
    first_sight(rounds);
    linear(rounds);
    bindings(&runtime, rounds);
    tenants(rounds);
}

fn cached(db: &RoutingConnection, rounds: usize) {
    let statement = product::Entity::find_by_id(1).build(DbBackend::Sqlite);
    let (decided, built) = interleave(
        rounds,
        || time(1000, || drop(black_box(decide(db, black_box(&statement))))),
        || {
            time(1000, || {
                drop(black_box(
                    product::Entity::find_by_id(black_box(1)).build(DbBackend::Sqlite),
                ));
            })
        },
    );
    report("decision on a cached text", per(decided, 1000), "ns", "-");
    report(
        "building the SQL of find_by_id",
        per(built, 1000),
        "ns",
        "-",
    );
    report("decision / building", ratio(decided, built), "", "<= 0.25");
}

fn first_sight(rounds: usize) {
    let texts = [
        product::Entity::find_by_id(1)
            .build(DbBackend::Postgres)
            .sql,
        product::Entity::find()
            .find_also_related(entities::category::Entity)
            .build(DbBackend::Postgres)
            .sql,
        "WITH c AS (SELECT a.id, sum(b.x) OVER (PARTITION BY a.k ORDER BY b.t) AS s FROM a \
         JOIN b ON a.id = b.id WHERE a.n IN (1, 2, 3) AND EXISTS (SELECT 1 FROM d)) \
         SELECT * FROM c WHERE s > 10 ORDER BY s DESC LIMIT 20"
            .to_owned(),
        "UPDATE a SET x = b.x FROM b WHERE a.id = b.id AND b.y > now() - interval '1 day'"
            .to_owned(),
    ];
    for sql in &texts {
        let (ours, theirs) = interleave(
            rounds,
            || {
                time(100, || {
                    drop(black_box(Operation::of(
                        black_box(sql),
                        DbBackend::Postgres,
                    )))
                })
            },
            || {
                time(100, || {
                    drop(black_box(Parser::parse_sql(
                        &PostgreSqlDialect {},
                        black_box(sql),
                    )))
                })
            },
        );
        let what = format!("sqlparser / first sight, {} bytes", sql.len());
        report(&what, ratio(theirs, ours), "times", ">= 5");
    }
}

/// A bulk insert of 36 kB, and one eight times as long.
fn linear(rounds: usize) {
    let insert = |rows: usize| {
        let values: Vec<_> = (0..rows)
            .map(|n| format!("({n}, 'name {n}', now())"))
            .collect();
        format!(
            "INSERT INTO product (id, name, at) VALUES {}",
            values.join(", ")
        )
    };
    let (short, long) = (insert(1250), insert(10_000));
    let (a, b) = interleave(
        rounds.min(31),
        || {
            time(1, || {
                drop(black_box(Operation::of(&short, DbBackend::Postgres)))
            })
        },
        || {
            time(1, || {
                drop(black_box(Operation::of(&long, DbBackend::Postgres)))
            })
        },
    );
    let (a, b) = (
        per(a, 1) / short.len() as f64,
        per(b, 1) / long.len() as f64,
    );
    report(
        &format!("a bulk insert of {} bytes", short.len()),
        a,
        "ns/byte",
        "-",
    );
    report(
        &format!("a bulk insert of {} bytes", long.len()),
        b,
        "ns/byte",
        "as above",
    );
    let (ours, theirs) = interleave(
        rounds.min(31),
        || {
            time(1, || {
                drop(black_box(Operation::of(&short, DbBackend::Postgres)))
            })
        },
        || {
            time(1, || {
                drop(black_box(Parser::parse_sql(&PostgreSqlDialect {}, &short)))
            })
        },
    );
    report(
        "sqlparser / first sight, the bulk insert",
        ratio(theirs, ours),
        "times",
        ">= 5",
    );
}

fn bindings(runtime: &tokio::runtime::Runtime, rounds: usize) {
    let count = if is_smoke() { 1000 } else { 100_000 };
    let build = |bindings: usize| {
        let connection = runtime.block_on(Database::connect("sqlite::memory:"));
        let connection = connection.expect("an SQLite database");
        let mut builder = RoutingConnection::builder().database("default", connection);
        for n in 0..bindings {
            builder = builder.bind_table(format!("table_{n}").as_str(), "default");
        }
        builder.build().expect("a connection")
    };
    let (few, many) = (build(10), build(count));
    let texts: Vec<_> = (0..200)
        .map(|n| {
            let sql = format!("SELECT * FROM table_{} WHERE id = ?", n % 10);
            Statement::from_string(DbBackend::Sqlite, sql)
        })
        .collect();
    let run = |db: &RoutingConnection| {
        time(1, || {
            for statement in &texts {
                drop(black_box(decide(db, statement)));
            }
        })
    };
    let (a, b) = interleave(rounds, || run(&many), || run(&few));
    report(
        &format!("cached decision, {count} bindings / 10"),
        ratio(a, b),
        "times",
        "<= 1.2",
    );
    let mut n = 0;
    let mut fresh = |db: &RoutingConnection| {
        n += 1;
        let texts: Vec<_> = (0..200)
            .map(|m| {
                let sql = format!("SELECT {n}, {m} FROM table_{} WHERE id = ?", m % 10);
                Statement::from_string(DbBackend::Sqlite, sql)
            })
            .collect();
        time(1, || {
            for statement in &texts {
                drop(black_box(decide(db, statement)));
            }
        })
    };
    let (mut times_a, mut times_b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        times_a.push(fresh(&many));
        times_b.push(fresh(&few));
    }
    let ratio = ratio(common::least(times_a), common::least(times_b));
    report(
        &format!("decision on a new text, {count} bindings / 10"),
        ratio,
        "times",
        "<= 1.2",
    );
}

/// A database for each tenant, each with two replicas.
fn tenants(rounds: usize) {
    let count = if is_smoke() { 100 } else { 1000 };
    let node = || MockDatabase::new(DbBackend::Postgres).into_connection();
    let build = |databases: usize| {
        let names = (0..databases).map(|n| format!("tenant_{n}"));
        let builder = RoutingConnection::builder().default_database("tenant_0");
        let builder = names.fold(builder, |builder, name| {
            let table = format!("of_{name}");
            let database = DatabaseOptions::new(node()).replica(node()).replica(node());
            let builder = builder.database(name.as_str(), database);
            builder.bind_table(table.as_str(), name.as_str())
        });
        builder.build().expect("a connection")
    };
    let (few, many) = (build(10), build(count));
    // A read, whose replica is chosen each time, and a write.
    for (what, sql) in [
        ("a read", "SELECT * FROM of_tenant_9 WHERE id = $1"),
        ("a write", "DELETE FROM of_tenant_9 WHERE id = $1"),
    ] {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let run = |db: &RoutingConnection| {
            time(1000, || {
                drop(black_box(decide(db, black_box(&statement))));
            })
        };
        let (a, b) = interleave(rounds, || run(&many), || run(&few));
        let what = format!("decision on {what}, {count} databases / 10");
        report(&what, ratio(a, b), "times", "<= 1.05");
    }
}

/// What a database takes that was added and not used yet. Measured first: later, memory is used again.
fn memory(runtime: &tokio::runtime::Runtime) {
    let count = if is_smoke() { 100 } else { 1000 };
    let first = MockDatabase::new(DbBackend::Postgres).into_connection();
    let db = RoutingConnection::from(first);
    let before = resident();
    let url = "postgres://app@127.0.0.1:1/tenant";
    runtime.block_on(async {
        for n in 0..count {
            let name = format!("lazy_{n}");
            db.admin().add_database(name, url).await.expect("added");
        }
    });
    let kilobytes = (resident().saturating_sub(before)) as f64 / 1024.0 / count as f64;
    report(
        "memory of a database that was not used yet",
        kilobytes,
        "kB",
        "-",
    );
}

/// The memory of this process in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

fn per(time: Duration, times: usize) -> f64 {
    time.as_nanos() as f64 / times as f64
}
