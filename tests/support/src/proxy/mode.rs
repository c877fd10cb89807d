//! What a proxy does to its connections.

use std::time::Duration;

/// What a [`Proxy`](super::Proxy) does to its connections, open and new ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything is forwarded at once.
    #[default]
    Pass,
    /// Connections stay open and new ones are accepted, but nothing is forwarded,
    /// not even an end. What arrives is kept, and forwarded when it may pass again.
    Stall,
    /// All is forwarded that much after it arrived.
    Delay(Duration),
    /// Connections are closed as by a server that ends (FIN); new ones as soon as they are
    /// accepted.
    Cut,
    /// Like [`Cut`](Self::Cut), but as by a server that does not know the connection (RST).
    Reset,
    /// Either side disappears without notice: what a client or server sends is discarded, and the
    /// client sees no end. Connections that were open or accepted in this mode stay like that in
    /// the modes that forward.
    HalfOpen,
    /// The port is closed: connecting is refused, and connections are cut.
    Refuse,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The connection stays open.
    Open,
    /// What arrives is discarded.
    Lost,
    /// The connection is closed with FIN.
    Closed,
    /// The connection is closed with RST.
    Reset,
}

/// The mode, and the lasting effects of earlier modes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) mode: Mode,
    /// Connections with a lower number were half-open once.
    lost: usize,
}

impl State {
    /// Changes the mode, where `next` is the number of the next connection.
    ///
    /// A connection may see only the last of several changes, so effects that must not be missed
    /// are remembered here.
    pub(super) fn change(&mut self, mode: Mode, next: usize) {
        if self.mode == Mode::HalfOpen {
            self.lost = next;
        }
        self.mode = mode;
    }

    pub(super) fn fate(&self, connection: usize) -> Fate {
        match self.mode {
            Mode::Cut | Mode::Refuse => Fate::Closed,
            Mode::Reset => Fate::Reset,
            Mode::HalfOpen => Fate::Lost,
            _ if connection < self.lost => Fate::Lost,
            Mode::Pass | Mode::Stall | Mode::Delay(_) => Fate::Open,
        }
    }

    /// How long to hold back what arrives; `None` until further notice.
    pub(super) fn hold(&self, connection: usize) -> Option<Duration> {
        match (self.fate(connection), self.mode) {
            (Fate::Open, Mode::Pass) => Some(Duration::ZERO),
            (Fate::Open, Mode::Delay(delay)) => Some(delay),
            _ => None,
        }
    }
}
