//! The writes that sea-query builds, in each dialect.

use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm_routing::sql::Access;

use crate::built::{iden, is};
use crate::support::DIALECTS;

#[test]
fn what_writes_writes() {
    let insert = Query::insert()
        .into_table(iden("cake"))
        .columns([iden("id"), iden("name")])
        .values_panic([1.into(), "SELECT".into()])
        .on_conflict(
            OnConflict::column(iden("id"))
                .update_column(iden("name"))
                .to_owned(),
        )
        .to_owned();
    is(&insert, &DIALECTS, Access::Write, &["cake"]);

    let select = Query::insert()
        .into_table((iden("app"), iden("cake")))
        .columns([iden("id")])
        .select_from(
            Query::select()
                .column(iden("id"))
                .from(iden("fruit"))
                .take(),
        )
        .expect("as many columns")
        .returning_all()
        .to_owned();
    is(&select, &DIALECTS, Access::Write, &["app.cake", "fruit"]);

    let replace = Query::insert()
        .replace()
        .into_table(iden("cake"))
        .columns([iden("id")])
        .values_panic([1.into()])
        .to_owned();
    is(
        &replace,
        &[DbBackend::MySql, DbBackend::Sqlite],
        Access::Write,
        &["cake"],
    );

    let update = Query::update()
        .table(iden("cake"))
        .value(iden("name"), Expr::col(iden("name")).add(1))
        .and_where(
            Expr::col(iden("id")).in_subquery(
                Query::select()
                    .column(iden("id"))
                    .from(iden("fruit"))
                    .take(),
            ),
        )
        .returning_col(iden("id"))
        .to_owned();
    is(&update, &DIALECTS, Access::Write, &["cake", "fruit"]);

    let delete = Query::delete()
        .from_table(iden("cake"))
        .and_where(Expr::exists(
            Query::select()
                .expr(Expr::val(1))
                .from(iden("fruit"))
                .take(),
        ))
        .to_owned();
    is(&delete, &DIALECTS, Access::Write, &["cake", "fruit"]);
}
