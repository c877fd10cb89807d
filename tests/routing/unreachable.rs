//! The server of a primary is not there at the start.

use std::net::TcpListener;
use std::time::Duration;

use sea_orm::ConnectOptions;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use crate::shop::Result;

/// Far less than the pool's acquire timeout of 30 s, for as long as which a pool would try.
const AT_ONCE: Duration = Duration::from_secs(15);

/// No server listens at that address.
#[tokio::test]
async fn a_wrong_port_is_an_error_at_once_that_names_it() -> Result {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let urls = ["postgres", "mysql"].map(|driver| format!("{driver}://shop:secret@{closed}/shop"));
    for url in urls {
        for options in [
            DatabaseOptions::new(url.clone()),
            ConnectOptions::new(url.clone()).into(),
        ] {
            let connected = RoutingConnection::builder()
                .database("default", options)
                .connect();
            let error = tokio::time::timeout(AT_ONCE, connected).await?;
            let error = error.expect_err("no server");
            assert!(
                matches!(
                    error,
                    RoutingError::Availability(AvailabilityError::Connect { .. })
                ),
                "{error}"
            );
            let text = error.to_string();
            for part in ["\"default/1\"", &closed.to_string(), "refused"] {
                assert!(text.contains(part), "no {part} in: {text}");
            }
            assert!(!text.contains("secret"), "{text}");
        }
    }
    Ok(())
}
