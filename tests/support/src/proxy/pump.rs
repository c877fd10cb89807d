//! One direction of a connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::link::Link;

/// How much is read at a time, and how many such chunks are kept. The sender has
/// to wait when there are more, as on any connection.
const CHUNK: usize = 16 * 1024;
const KEPT: usize = 64;

/// What arrived and when; `None` means the end. A failure waits for its turn too: for the other
/// side it is as significant as an end.
type Chunk = (Instant, io::Result<Vec<u8>>);

/// Forwards what arrives, and finally the end, each when the link lets it pass.
///
/// Keeps reading meanwhile: pieces that arrive together must not be delayed one after the other.
pub(super) async fn pump(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    link: &Link,
) -> io::Result<()> {
    let (queue, chunks) = channel(KEPT);
    tokio::try_join!(read(from, queue), write(chunks, to, link)).map(drop)
}

async fn read(mut from: impl AsyncRead + Unpin, queue: Sender<Chunk>) -> io::Result<()> {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = from.read_buf(&mut chunk).await;
        let is_last = !matches!(read, Ok(1..));
        let kept = queue.send((Instant::now(), read.map(|_| chunk))).await;
        if is_last || kept.is_err() {
            return Ok(());
        }
    }
}

async fn write(
    mut chunks: Receiver<Chunk>,
    mut to: impl AsyncWrite + Unpin,
    link: &Link,
) -> io::Result<()> {
    while let Some((arrived, chunk)) = chunks.recv().await {
        link.passes(arrived).await;
        let chunk = chunk?;
        if chunk.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(&chunk).await?;
    }
    Ok(())
}
