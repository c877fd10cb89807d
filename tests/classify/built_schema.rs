//! The schema changes that sea-query builds, in each dialect.

use sea_orm::DbBackend;
use sea_orm::sea_query::extension::postgres::Type;
use sea_orm::sea_query::{
    ColumnDef, ConditionalStatement, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Index,
    MysqlQueryBuilder, PostgresQueryBuilder, SqliteQueryBuilder, Table,
};
use sea_orm_routing::sql::Access;

use crate::built::iden;
use crate::support::{DIALECTS, access, tables};

const ALTERING: [DbBackend; 2] = [DbBackend::Postgres, DbBackend::MySql];

/// The statement of each dialect is a schema change of exactly these tables.
macro_rules! changes {
    ($statement:expr, $dialects:expr, [$($table:literal),*]) => {
        for dialect in $dialects {
            let sql = match dialect {
                DbBackend::Postgres => $statement.to_string(PostgresQueryBuilder),
                DbBackend::MySql => $statement.to_string(MysqlQueryBuilder),
                _ => $statement.to_string(SqliteQueryBuilder),
            };
            assert_eq!(access(&sql, dialect), Access::Schema, "{dialect:?}: {sql}");
            let named: &[&str] = &[$($table),*];
            let expected = named.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(tables(&sql, dialect), expected, "{dialect:?}: {sql}");
        }
    };
}

#[test]
fn creating_a_table_names_it_and_what_it_refers_to() {
    let create = Table::create()
        .table(iden("cake"))
        .if_not_exists()
        .col(
            ColumnDef::new(iden("id"))
                .integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(
            ColumnDef::new(iden("name"))
                .string_len(40)
                .default("from z")
                .unique_key(),
        )
        .col(
            ColumnDef::new(iden("price"))
                .decimal_len(10, 2)
                .check(Expr::col(iden("price")).gt(0)),
        )
        .col(
            ColumnDef::new(iden("made"))
                .timestamp()
                .default(Expr::current_timestamp()),
        )
        .col(
            ColumnDef::new(iden("double"))
                .integer()
                .generated(Expr::col(iden("price")).mul(2), true),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk")
                .from(iden("cake"), iden("baker_id"))
                .to(iden("baker"), iden("id"))
                .on_delete(ForeignKeyAction::Cascade)
                .on_update(ForeignKeyAction::SetNull),
        )
        .to_owned();
    changes!(create, DIALECTS, ["cake", "baker"]);
}

#[test]
fn altering_a_table_names_it() {
    let add = Table::alter()
        .table((iden("app"), iden("cake")))
        .add_column_if_not_exists(ColumnDef::new(iden("x")).integer().not_null().default(1))
        .to_owned();
    changes!(add, DIALECTS, ["app.cake"]);
    let rename = Table::alter()
        .table(iden("cake"))
        .rename_column(iden("x"), iden("y"))
        .to_owned();
    changes!(rename, DIALECTS, ["cake"]);
    let drop = Table::alter()
        .table(iden("cake"))
        .drop_column(iden("x"))
        .to_owned();
    changes!(drop, DIALECTS, ["cake"]);
    let modify = Table::alter()
        .table(iden("cake"))
        .modify_column(ColumnDef::new(iden("x")).big_integer().null())
        .to_owned();
    changes!(modify, ALTERING, ["cake"]);
}

#[test]
fn renaming_dropping_and_emptying_name_their_tables() {
    let rename = Table::rename().table(iden("cake"), iden("tart")).to_owned();
    changes!(rename, DIALECTS, ["cake", "tart"]);
    let drop = Table::drop()
        .table(iden("cake"))
        .table(iden("tart"))
        .if_exists()
        .cascade()
        .to_owned();
    changes!(drop, ALTERING, ["cake", "tart"]);
    let truncate = Table::truncate().table(iden("cake")).to_owned();
    changes!(truncate, ALTERING, ["cake"]);
}

#[test]
fn an_index_names_its_table() {
    let create = Index::create()
        .name("i")
        .table(iden("cake"))
        .col(iden("x"))
        .col(iden("y"))
        .unique()
        .to_owned();
    changes!(create, DIALECTS, ["cake"]);
    let partial = Index::create()
        .name("i")
        .table((iden("app"), iden("cake")))
        .col(iden("x"))
        .if_not_exists()
        .and_where(Expr::col(iden("x")).like("a%"))
        .to_owned();
    changes!(partial, [DbBackend::Postgres], ["app.cake"]);
    let drop = Index::drop().name("i").table(iden("cake")).to_owned();
    changes!(drop, [DbBackend::MySql], ["cake"]);
    changes!(drop, [DbBackend::Postgres, DbBackend::Sqlite], []);
}

#[test]
fn a_foreign_key_names_both_tables() {
    let create = ForeignKey::create()
        .name("fk")
        .from(iden("cake"), iden("baker_id"))
        .to(iden("baker"), iden("id"))
        .on_delete(ForeignKeyAction::Restrict)
        .to_owned();
    changes!(create, ALTERING, ["cake", "baker"]);
    let drop = ForeignKey::drop().name("fk").table(iden("cake")).to_owned();
    changes!(drop, ALTERING, ["cake"]);
}

#[test]
fn a_type_names_no_table() {
    let statements = [
        Type::create()
            .as_enum(iden("tea"))
            .values([iden("black"), iden("green")])
            .to_string(PostgresQueryBuilder),
        Type::alter()
            .name(iden("tea"))
            .add_value(iden("red"))
            .before(iden("green"))
            .to_string(PostgresQueryBuilder),
        Type::alter()
            .name(iden("tea"))
            .rename_value(iden("red"), iden("rooibos"))
            .to_string(PostgresQueryBuilder),
        Type::alter()
            .name(iden("tea"))
            .rename_to(iden("infusion"))
            .to_string(PostgresQueryBuilder),
        Type::drop()
            .name(iden("tea"))
            .if_exists()
            .cascade()
            .to_string(PostgresQueryBuilder),
    ];
    for sql in statements {
        assert_eq!(access(&sql, DbBackend::Postgres), Access::Schema, "{sql}");
        assert!(tables(&sql, DbBackend::Postgres).is_empty(), "{sql}");
    }
}
