//! A link to a server that breaks when a given word is sent to the server.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::soon;

/// The instant at which a link breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// The server never receives the word.
    OnTheWay,
    /// The server has replied, and the client never receives the reply.
    OnTheWayBack,
}

/// Controls when the links break.
#[derive(Clone, Default)]
pub(crate) struct Scissors(Arc<Mutex<Option<(&'static str, Breaks)>>>);

impl Scissors {
    /// Breaks the next link on which the word is sent, and no other.
    pub(crate) fn wait_for(&self, word: &'static str, breaks: Breaks) {
        *self.0.lock().expect("not poisoned") = Some((word, breaks));
    }

    fn found_in(&self, bytes: &[u8]) -> Option<Breaks> {
        let mut waiting = self.0.lock().expect("not poisoned");
        let (word, breaks) = (*waiting)?;
        let text = String::from_utf8_lossy(bytes);
        text.contains(word).then(|| {
            *waiting = None;
            breaks
        })
    }
}

/// The same URL, through links that can be cut.
pub(crate) async fn cut_link(url: &str) -> (String, Scissors) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let (_, rest) = url.split_once('@').expect("a user");
    let (server, _) = rest.split_once('/').expect("a database");
    let through = url.replace(server, &own);
    let scissors = Scissors::default();
    tokio::spawn(accept(listener, server.to_owned(), scissors.clone()));
    (through, scissors)
}

async fn accept(listener: TcpListener, server: String, scissors: Scissors) {
    while let Ok((client, _)) = listener.accept().await {
        if let Ok(server) = TcpStream::connect(&server).await {
            tokio::spawn(forward(client, server, scissors.clone()));
        }
    }
}

/// Forwards in both directions, until either side or the scissors end it.
async fn forward(mut client: TcpStream, mut server: TcpStream, scissors: Scissors) {
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let done = tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(bytes @ 1..) => match scissors.found_in(&up[..bytes]) {
                    Some(Breaks::OnTheWay) => return,
                    Some(Breaks::OnTheWayBack) => {
                        server.write_all(&up[..bytes]).await.ok();
                        soon("an answer", server.read(&mut down)).await.ok();
                        return;
                    }
                    None => server.write_all(&up[..bytes]).await,
                },
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(bytes @ 1..) => client.write_all(&down[..bytes]).await,
                _ => return,
            },
        };
        if done.is_err() {
            return;
        }
    }
}
