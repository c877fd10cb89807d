//! Several statements in one text: the strictest decides where all of them go.

use sea_orm::ConnectionTrait;
use sea_orm_routing::error::RefusedError;
use sea_orm_routing::sql::Access;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::support;
use crate::support::item::names;

/// Each text with the role of the node it goes to.
async fn routed(db: &RoutingConnection, texts: &[(&str, Role)]) {
    for (sql, role) in texts {
        let routes = db.record();
        db.execute_unprepared(sql).await.expect(sql);
        let routes = routes.routes();
        assert_eq!(routes.len(), 1, "{sql}");
        assert_eq!(routes[0].role(), *role, "{sql}");
        assert_eq!(
            routes[0].access() == Access::Read,
            *role == Role::Replica,
            "{sql}"
        );
    }
    assert_eq!(
        db.reads_refused_by_replicas(),
        0,
        "no replica was asked for what it refuses"
    );
}

#[tokio::test]
async fn postgres_runs_a_text_on_the_primary_when_any_part_writes() {
    let Some(pg) = support::postgres("several").await else {
        return;
    };
    let db = pg.connect().await;
    let texts = [
        ("SELECT 1; SELECT count(*) FROM item", Role::Replica),
        (
            "SELECT 1; INSERT INTO item (name) VALUES ('a')",
            Role::Primary,
        ),
        (
            "INSERT INTO item (name) VALUES ('b'); SELECT 1",
            Role::Primary,
        ),
        (
            "/* SELECT */; SELECT ';'; -- ;\n DELETE FROM item WHERE name = 'a'",
            Role::Primary,
        ),
        (
            "SELECT $$;$$; UPDATE item SET name = 'c;' WHERE name = 'b'",
            Role::Primary,
        ),
        ("SELECT 1; SELECT * FROM item FOR UPDATE", Role::Primary),
        (
            "BEGIN; INSERT INTO item (name) VALUES ('d'); COMMIT",
            Role::Primary,
        ),
        (
            "SELECT 'INSERT INTO item; DELETE FROM item'; SELECT 2;",
            Role::Replica,
        ),
    ];
    routed(&db, &texts).await;
    assert_eq!(names(&db).await, ["c;", "d"]);
}

#[tokio::test]
async fn mariadb_runs_a_text_on_the_primary_when_any_part_writes() {
    let Some(maria) = support::mariadb("several").await else {
        return;
    };
    let db = maria.connect().await;
    let texts = [
        ("SELECT 1; SELECT COUNT(*) FROM item", Role::Replica),
        (
            "SELECT 1; INSERT INTO item (name) VALUES ('a')",
            Role::Primary,
        ),
        (
            "INSERT INTO item (name) VALUES ('b'); SELECT 1",
            Role::Primary,
        ),
        (
            "SELECT ';' # ;\n; DELETE FROM item WHERE name = 'a'",
            Role::Primary,
        ),
        (
            "SELECT 1; /*! UPDATE item SET name = 'c;' WHERE name = 'b' */",
            Role::Primary,
        ),
        (
            "SELECT 'INSERT INTO item; DELETE FROM item'; SELECT 2;",
            Role::Replica,
        ),
    ];
    routed(&db, &texts).await;
    assert_eq!(names(&db).await, ["c;"]);
}

#[tokio::test]
async fn a_handle_that_only_reads_refuses_the_whole_text() {
    let Some(pg) = support::postgres("several_read").await else {
        return;
    };
    let db = pg.connect().await;
    let sql = "SELECT 1; INSERT INTO item (name) VALUES ('a')";
    for handle in [db.read_only(), db.on_replica()] {
        let refused = handle.execute_unprepared(sql).await;
        let error = refused.expect_err("it writes");
        assert!(
            matches!(
                RoutingError::of(&error),
                Some(RoutingError::Refused(
                    RefusedError::ReadOnly { .. } | RefusedError::WriteOnReplica { .. }
                ))
            ),
            "{error}"
        );
    }
    assert_eq!(names(&db).await, [""; 0]);
}
