//! The sockets of a connection through a proxy.

use std::net::Ipv4Addr;
use std::{future, io};

use tokio::io::{AsyncRead, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;

use super::link::Link;
use super::mode::Fate;
use super::pump::pump;

/// The two ends of a connection.
#[derive(Debug)]
pub(super) struct Ends {
    client: TcpStream,
    /// `None` until data may be forwarded to it.
    server: Option<TcpStream>,
}

impl Ends {
    pub(super) fn new(client: TcpStream) -> Self {
        Self {
            client,
            server: None,
        }
    }

    /// Forwards in both directions until both have ended.
    pub(super) async fn forward(&mut self, link: &Link) -> io::Result<()> {
        link.opens().await;
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, link.target)).await?;
        let server = self.server.insert(server);
        self.client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = self.client.split();
        let (from_server, to_server) = server.split();
        let requests = pump(from_client, to_server, link);
        let answers = pump(from_server, to_client, link);
        tokio::try_join!(requests, answers).map(drop)
    }

    /// Discards what arrives, until the client closes the connection.
    pub(super) async fn swallow(&mut self) {
        let answers = async {
            if let Some(server) = &mut self.server {
                discard(server).await;
            }
            future::pending().await
        };
        tokio::select! {
            () = discard(&mut self.client) => {}
            () = answers => {}
        }
    }

    /// Closes both ends.
    pub(super) async fn close(self, fate: Fate) {
        for mut end in [Some(self.client), self.server].into_iter().flatten() {
            // An end that is closed already is fine.
            if fate == Fate::Reset {
                let _ = end.set_zero_linger();
                continue;
            }
            let _ = end.shutdown().await;
            // With something left unread, the kernel would send RST.
            let mut rest = [0; 4096];
            while end.try_read(&mut rest).is_ok_and(|read| read > 0) {}
        }
    }
}

async fn discard(mut from: impl AsyncRead + Unpin) {
    // A connection that failed has ended as well.
    let _ = copy(&mut from, &mut sink()).await;
}
