//! What a PgBouncer is told.

/// Sent by sqlx at the start of each connection, and refused unless it is ignored.
const ALWAYS_IGNORED: &str = "extra_float_digits";
/// The file with the users, in the directory the pooler works in.
pub(super) const USERS: &str = "users.txt";

/// For how long a pooler gives a client one of its connections to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Until the client disconnects.
    Session,
    /// Until its transaction ends: what a client sets for its session, others may see instead.
    Transaction,
}

/// The settings of a [`PgBouncer`](super::PgBouncer); all others are its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgBouncerSettings {
    /// How it hands out its connections.
    pub mode: PoolMode,
    /// The startup parameters it ignores besides `extra_float_digits`, such as `options`. It
    /// refuses clients that send any it does not know.
    pub ignored: Vec<String>,
    /// The most connections to the server for each pair of user and database.
    pub pool_size: u16,
    /// Names of databases that lead elsewhere, and the URLs where.
    pub elsewhere: Vec<(String, String)>,
}

impl PgBouncerSettings {
    /// Ten connections, and nothing ignored besides `extra_float_digits`.
    pub fn new(mode: PoolMode) -> Self {
        Self {
            mode,
            ignored: Vec::new(),
            pool_size: 10,
            elsewhere: Vec::new(),
        }
    }

    /// Has the database of that name lead to the one of a URL, perhaps on another server.
    #[must_use]
    pub fn leading(mut self, database: &str, server_url: &str) -> Self {
        let elsewhere = (database.to_owned(), server_url.to_owned());
        self.elsewhere.push(elsewhere);
        self
    }

    /// Ignores one more startup parameter.
    #[must_use]
    pub fn ignoring(mut self, parameter: &str) -> Self {
        self.ignored.push(parameter.to_owned());
        self
    }

    /// The text of the configuration file.
    pub(super) fn text(&self, server: &Server, port: u16) -> String {
        let mode = match self.mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let ignored = self.ignored.iter().map(String::as_str);
        let ignored: Vec<&str> = [ALWAYS_IGNORED].into_iter().chain(ignored).collect();
        let elsewhere = self.elsewhere.iter().filter_map(|(name, url)| {
            let Server { port, path, .. } = Server::of(url)?;
            Some(format!(
                "{name} = host=127.0.0.1 port={port} dbname={path}\n"
            ))
        });
        let elsewhere: String = elsewhere.collect();
        format!(
            "[databases]
{elsewhere}* = host=127.0.0.1 port={}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {USERS}
pool_mode = {mode}
default_pool_size = {}
ignore_startup_parameters = {}
server_tls_sslmode = disable
",
            server.port,
            self.pool_size,
            ignored.join(",")
        )
    }
}

/// The server behind a pooler, and how to log in there.
#[derive(Debug)]
pub(super) struct Server {
    /// The user, and perhaps a colon and the password.
    login: String,
    port: u16,
    /// The database, and what may follow it in the URL.
    path: String,
}

impl Server {
    /// The server of a URL, if it is one as clusters have.
    pub(super) fn of(url: &str) -> Option<Self> {
        let (login, rest) = url.strip_prefix("postgres://")?.split_once("@127.0.0.1:")?;
        let (port, path) = rest.split_once('/')?;
        Some(Self {
            login: login.to_owned(),
            port: port.parse().ok()?,
            path: path.to_owned(),
        })
    }

    /// The text of the file with the users that the pooler lets in, and logs in with.
    pub(super) fn users(&self) -> String {
        let (user, password) = self.login.split_once(':').unwrap_or((&self.login, ""));
        format!("\"{user}\" \"{password}\"\n")
    }

    /// The same URL with another port.
    pub(super) fn url_at(&self, port: u16) -> String {
        format!("postgres://{}@127.0.0.1:{port}/{}", self.login, self.path)
    }
}
