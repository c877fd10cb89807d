//! The queries that sea-query builds, in each dialect.

use sea_orm::DbBackend;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, Func, JoinType, LockType, Order, Query,
    SelectStatement, UnionType, WindowStatement, WithClause,
};
use sea_orm_routing::sql::Access;

use crate::built::{iden, is};
use crate::support::DIALECTS;

fn cakes() -> SelectStatement {
    let mut select = Query::select();
    select.column(iden("id")).from(iden("cake"));
    select.and_where(Expr::col(iden("name")).like("%; DELETE FROM z FOR UPDATE%"));
    select
}

#[test]
fn a_select_with_everything_reads() {
    let mut select = cakes();
    select
        .expr_as(
            Func::count(Expr::col((iden("fruit"), iden("id")))),
            iden("from"),
        )
        .expr(Func::coalesce([Expr::col(iden("a")), Expr::val("x")]))
        .expr(Expr::case(Expr::col(iden("x")).gt(1), "a").finally("b"))
        .expr(Expr::col(iden("x")).cast_as("char(10)"))
        .distinct()
        .join(
            JoinType::LeftJoin,
            iden("fruit"),
            Expr::col((iden("fruit"), iden("cake_id"))).equals((iden("cake"), iden("id"))),
        )
        .join_as(
            JoinType::InnerJoin,
            (iden("app"), iden("order")),
            iden("o"),
            Expr::col((iden("o"), iden("id"))).eq(1),
        )
        .join_subquery(
            JoinType::InnerJoin,
            cakes(),
            iden("sub"),
            Expr::val(1).eq(1),
        )
        .and_where(
            Expr::col(iden("id")).in_subquery(
                Query::select()
                    .column(iden("x"))
                    .from(iden("lineitem"))
                    .take(),
            ),
        )
        .and_where(Expr::exists(
            Query::select()
                .expr(Expr::val(1))
                .from(iden("baker"))
                .take(),
        ))
        .and_where(Expr::col(iden("id")).is_in([1, 2, 3]).not())
        .and_where(
            Expr::col(iden("d"))
                .between(1, 2)
                .or(Expr::col(iden("e")).is_null()),
        )
        .group_by_col(iden("id"))
        .and_having(Expr::col(iden("id")).max().gt(5))
        .order_by(iden("id"), Order::Desc)
        .order_by_expr(Expr::col(iden("x")).add(1), Order::Asc)
        .limit(5)
        .offset(10);
    is(
        &select,
        &DIALECTS,
        Access::Read,
        &["cake", "fruit", "app.order", "lineitem", "baker"],
    );
}

#[test]
fn a_window_reads() {
    let window = WindowStatement::partition_by(iden("kind"))
        .order_by(iden("id"), Order::Asc)
        .take();
    let mut select = Query::select();
    select
        .expr_window_as(Expr::col(iden("x")).sum(), window.clone(), iden("w1"))
        .expr_window_name(Expr::col(iden("x")).max(), iden("w"))
        .from(iden("cake"))
        .window(iden("w"), window);
    is(&select, &DIALECTS, Access::Read, &["cake"]);
}

#[test]
fn a_union_reads_from_both() {
    let mut select = cakes();
    select.union(
        UnionType::All,
        Query::select()
            .column(iden("id"))
            .from(iden("fruit"))
            .take(),
    );
    select.union(
        UnionType::Distinct,
        Query::select()
            .column(iden("id"))
            .from(iden("baker"))
            .take(),
    );
    is(
        &select,
        &DIALECTS,
        Access::Read,
        &["cake", "fruit", "baker"],
    );
}

#[test]
fn a_lock_makes_it_a_locking_read() {
    for lock in [LockType::Update, LockType::Share] {
        let mut select = cakes();
        select.lock(lock);
        is(
            &select,
            &[DbBackend::Postgres, DbBackend::MySql],
            Access::LockingRead,
            &["cake"],
        );
    }
    for lock in [LockType::NoKeyUpdate, LockType::KeyShare] {
        let mut select = cakes();
        select.lock(lock);
        is(
            &select,
            &[DbBackend::Postgres],
            Access::LockingRead,
            &["cake"],
        );
    }
}

#[test]
fn a_table_expression_is_no_table() {
    let cte = CommonTableExpression::new()
        .query(cakes())
        .columns([iden("id")])
        .table_name(iden("recent"))
        .to_owned();
    for recursive in [false, true] {
        let with = WithClause::new()
            .recursive(recursive)
            .cte(cte.clone())
            .to_owned();
        let select = Query::select()
            .column(iden("id"))
            .from(iden("recent"))
            .from(iden("fruit"))
            .take();
        is(
            &select.with(with),
            &DIALECTS,
            Access::Read,
            &["cake", "fruit"],
        );
    }
}

#[test]
fn a_function_of_the_users_is_not_proven() {
    let mut select = cakes();
    select.expr(Func::cust(iden("audit")).arg(1));
    is(&select, &DIALECTS, Access::Unknown, &["cake"]);
}
