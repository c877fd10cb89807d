//! A link to a server on which every answer takes time, so that it is never there at once.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const ONE_WAY: Duration = Duration::from_millis(1);

/// The same URL, through a slow link that lasts as long as the runtime.
pub(crate) async fn slow_link(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let (_, rest) = url.split_once('@').expect("a user");
    let (server, _) = rest.split_once('/').expect("a database");
    let through = url.replace(server, &own);
    tokio::spawn(accept(listener, server.to_owned()));
    through
}

async fn accept(listener: TcpListener, server: String) {
    while let Ok((client, _)) = listener.accept().await {
        if let Ok(server) = TcpStream::connect(&server).await {
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(forward(from_client, to_server));
            tokio::spawn(forward(from_server, to_client));
        }
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        tokio::time::sleep(ONE_WAY).await;
        if to.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    // The other side learns of the end; if it is gone already, all the better.
    let _ = to.shutdown().await;
}
