//! No password is shown: not in an error, not in its sources, not to a subscriber that records
//! everything.

use std::error::Error;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DbBackend, DbErr, EntityTrait};
use sea_orm_routing::error::ConfigError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::entities::category;
use crate::shop::{Result, mock};

const PASSWORD: &str = "hunter-two";

/// All trace output of this thread.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<u8>>>);

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Traced {
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let traced = Self::default();
        let writer = traced.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (traced, guard)
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().expect("not poisoned");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[track_caller]
    fn assert_silent(&self) {
        tracing::trace!("the recorder works");
        let text = self.text();
        assert!(text.contains("the recorder works"));
        assert_hidden(&text);
    }
}

#[track_caller]
fn assert_hidden(text: &str) {
    assert!(!text.contains(PASSWORD), "the password is in: {text}");
}

#[track_caller]
fn assert_hidden_in(error: &impl Error) {
    assert_hidden(&format!("{error} {error:?} {error:#?}"));
    let mut source = error.source();
    while let Some(inner) = source {
        assert_hidden(&format!("{inner} {inner:?}"));
        source = inner.source();
    }
}

/// The address of a server that closes every connection.
fn rude_server() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    Ok(address)
}

/// URLs that contain the password and lead to no server.
fn urls() -> Result<Vec<String>> {
    let server = rude_server()?;
    Ok(vec![
        format!("postgres://app:{PASSWORD}@{server}/app"),
        format!("postgresql://app:{PASSWORD}@{server}/app"),
        format!("mysql://app:{PASSWORD}@{server}/app"),
        format!("postgres://app:{PASSWORD}@{server}/app?sslmode=bogus"),
        format!("mysql://app:{PASSWORD}@{server}/app?ssl-mode=bogus"),
        format!("postgres://{server}/app?user=app&password={PASSWORD}"),
        format!("postgres://{server}/app?user=app&password={PASSWORD}&sslmode=bogus"),
        format!("postgres://app:{PASSWORD}@{server}:port/app"),
        format!("postgres://app:{PASSWORD}#1@{server}/app"),
        format!("oracle://app:{PASSWORD}@{server}/app"),
        format!("app:{PASSWORD}@{server}/app"),
    ])
}

async fn connect_fails(options: DatabaseOptions) -> RoutingError {
    let builder = RoutingConnection::builder().database("default", options);
    assert_hidden(&format!("{builder:?} {builder:#?}"));
    builder.connect().await.expect_err("it leads nowhere")
}

/// Without this, the tests below could not fail.
#[tokio::test]
async fn seaorm_alone_shows_the_url() -> Result {
    let url = format!("postgres://app:{PASSWORD}@{}/app", rude_server()?);
    let (traced, _guard) = Traced::start();
    assert!(Database::connect(url).await.is_err());
    assert!(traced.text().contains(PASSWORD));
    Ok(())
}

#[tokio::test]
async fn a_url_is_never_shown() -> Result {
    for url in urls()? {
        let (traced, _guard) = Traced::start();
        let error = connect_fails(DatabaseOptions::new(url)).await;
        assert_hidden_in(&error);
        assert_hidden_in(&DbErr::from(error));
        traced.assert_silent();
    }
    Ok(())
}

#[tokio::test]
async fn the_url_of_options_is_never_shown() -> Result {
    for url in urls()? {
        let (traced, _guard) = Traced::start();
        let error = connect_fails(ConnectOptions::new(url).into()).await;
        assert_hidden_in(&error);
        assert_hidden_in(&DbErr::from(error));
        traced.assert_silent();
    }
    Ok(())
}

/// This mistake can be detected without the server, so the startup fails.
#[tokio::test]
async fn a_replica_whose_url_makes_no_sense_stops_the_start() -> Result {
    let server = rude_server()?;
    let url = format!("postgres://app:{PASSWORD}@{server}/app?sslmode=bogus");
    let options = DatabaseOptions::new(mock(DbBackend::Postgres)).replica(url);
    let builder = RoutingConnection::builder().database("default", options);
    let error = builder.connect().await.expect_err("no such mode");
    assert!(error.to_string().contains("default/2"), "{error}");
    assert_hidden(&format!("{error} {error:?}"));
    Ok(())
}

#[tokio::test]
async fn the_url_of_a_replica_is_never_shown() -> Result {
    let server = rude_server()?;
    for (dialect, url) in [
        (
            DbBackend::Postgres,
            format!("postgres://app:{PASSWORD}@{server}/app"),
        ),
        (
            DbBackend::Postgres,
            format!("postgresql://app:{PASSWORD}@{server}/app"),
        ),
        (
            DbBackend::MySql,
            format!("mysql://app:{PASSWORD}@{server}/app"),
        ),
    ] {
        let mut options = ConnectOptions::new(&url);
        options.acquire_timeout(Duration::from_secs(2));
        let options = DatabaseOptions::new(mock(dialect))
            .replica(url)
            .replica(options);
        let (traced, _guard) = Traced::start();
        let db = RoutingConnection::builder()
            .database("default", options)
            .connect()
            .await?;
        assert_hidden(&format!("{db:?} {:?}", db.topology()));
        for node in ["default/2", "default/3"] {
            let failed = category::Entity::find().all(&db.using(node)?).await;
            assert_hidden_in(&failed.expect_err("it leads nowhere"));
        }
        traced.assert_silent();
    }
    Ok(())
}

#[tokio::test]
async fn an_invalid_url_is_not_repeated() -> Result {
    let url = format!("oracle://app:{PASSWORD}@host/app");
    let error = connect_fails(DatabaseOptions::new(url)).await;
    assert!(matches!(
        error,
        RoutingError::Config(ConfigError::InvalidUrl { .. })
    ));
    assert!(
        error
            .to_string()
            .contains("\"oracle\" is none of postgres, mysql and sqlite"),
        "{error}"
    );
    Ok(())
}
