//! TLS to Postgres with a certificate of one's own authority.
//!
//! The certificates are made by `openssl`. Where it or Postgres is missing, the test says SKIPPED and
//! why, and with `ROUTING_REQUIRE_SERVERS=1` it fails.

mod certificates;

use routing_servers::{Node, PostgresCluster};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use certificates::Certificates;

const IS_ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

#[tokio::test]
async fn primary_and_replica_are_encrypted_and_a_wrong_authority_is_refused() {
    let Some(cluster) = routing_servers::postgres(1).await else {
        return;
    };
    let Some(certificates) = Certificates::create() else {
        return;
    };
    cluster.create_database("secure").await.expect("a database");
    for node in [Node::Primary, Node::Replica(0)] {
        require_tls(&cluster, node, &certificates).await;
    }

    // A replica that is a bare URL inherits the TLS settings of its primary.
    let db = connect(&cluster, &certificates.authority()).await;
    let db = db.expect("the authority has signed the certificate");
    for node in ["default/1", "default/2"] {
        let node = db.using(node).expect("declared");
        assert_eq!(value(&node, IS_ENCRYPTED).await, Ok(true));
    }
    let replica = db.using("default/2").expect("declared");
    let in_recovery = value(&replica, "SELECT pg_is_in_recovery()").await;
    assert_eq!(in_recovery, Ok(true));

    let error = connect(&cluster, &certificates.other_authority()).await;
    let error = error.expect_err("another authority").to_string();
    assert!(error.contains("default"), "{error}");
    assert!(error.contains("certificate"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

async fn connect(
    cluster: &PostgresCluster,
    authority: &str,
) -> Result<RoutingConnection, RoutingError> {
    let url = cluster.primary_url("secure");
    let primary = format!("{url}?sslmode=verify-ca&sslrootcert={authority}");
    let database = DatabaseOptions::new(primary).replica(cluster.replica_url(0, "secure"));
    let builder = RoutingConnection::builder().database("default", database);
    builder.connect().await
}

/// Installs a server's certificate in its data directory, and turns TLS on.
async fn require_tls(cluster: &PostgresCluster, node: Node, certificates: &Certificates) {
    let psql = async |sql: &str| cluster.psql(node, "postgres", sql).await.expect("psql");
    for (file, text) in [
        ("server.crt", certificates.certificate()),
        ("server.key", certificates.key()),
    ] {
        let lines = format!(
            "SELECT regexp_split_to_table($pem${}$pem$, E'\\n')",
            text.trim()
        );
        psql(&format!(
            "COPY ({lines}) TO PROGRAM 'umask 077; cat > {file}'"
        ))
        .await;
    }
    psql("ALTER SYSTEM SET ssl = on").await;
    psql("SELECT pg_reload_conf()").await;
    let is_on = async {
        while psql("SHOW ssl").await != "on" {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), is_on).await;
    waited.expect("TLS is on within a minute");
}

async fn value(db: &RoutingConnection, sql: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = db.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get_by_index(0)
}
