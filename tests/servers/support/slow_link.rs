//! A link to a server on which every reply takes time, so that it never arrives at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const ONE_WAY: Duration = Duration::from_millis(1);

/// The size of a link's buffer.
const BUFFER: usize = 16 * 1024;

/// The pace of a link: fast, or slow and so many bytes at a time.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<AtomicUsize>);

impl Pace {
    pub(crate) fn fast(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Each piece of a reply arrives alone, so that the reader sees it in parts.
    pub(crate) fn slow(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn bytes(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0)
    }
}

/// The same URL, through a slow link that lasts as long as the runtime.
pub(crate) async fn slow_link(url: &str) -> String {
    let (through, pace) = paced_link(url).await;
    pace.slow(BUFFER);
    through
}

/// The same URL, through a link that is fast until its pace is changed.
pub(crate) async fn paced_link(url: &str) -> (String, Pace) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let (_, rest) = url.split_once('@').expect("a user");
    let (server, _) = rest.split_once('/').expect("a database");
    let through = url.replace(server, &own);
    let pace = Pace(Arc::default());
    tokio::spawn(accept(listener, server.to_owned(), pace.clone()));
    (through, pace)
}

async fn accept(listener: TcpListener, server: String, pace: Pace) {
    while let Ok((client, _)) = listener.accept().await {
        if let Ok(server) = TcpStream::connect(&server).await {
            // Without it the kernel waits for more before it sends a small piece.
            for socket in [&client, &server] {
                socket.set_nodelay(true).expect("a socket");
            }
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(forward(from_client, to_server, pace.clone()));
            tokio::spawn(forward(from_server, to_client, pace.clone()));
        }
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, pace: Pace) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if pass_on(&buffer[..bytes], &mut to, &pace).await.is_err() {
            break;
        }
    }
    // The other side learns of the end; if it is closed already, that is fine.
    let _ = to.shutdown().await;
}

async fn pass_on(mut bytes: &[u8], to: &mut OwnedWriteHalf, pace: &Pace) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let piece = match pace.bytes() {
            Some(most) => {
                tokio::time::sleep(ONE_WAY).await;
                most.min(bytes.len())
            }
            None => bytes.len(),
        };
        let (first, rest) = bytes.split_at(piece);
        to.write_all(first).await?;
        bytes = rest;
    }
    Ok(())
}
