//! The URL of a node: its dialect, its address, and its form without the password.

use percent_encoding::percent_decode_str;
use sea_orm::DbBackend;
use url::Url;

use super::driver_kind::dialect_of;
use super::options::NodeSource;
use crate::error::dialect_name;

/// What to do about a password that is read as something else.
const ESCAPE: &str = "in a password, / is written %2F, ? is %3F, # is %23, @ is %40";

/// A URL that SeaORM can open.
#[derive(Clone)]
pub(crate) struct NodeUrl {
    url: Url,
    /// As written, because `url` is normalised.
    text: String,
    dialect: DbBackend,
}

impl std::fmt::Debug for NodeUrl {
    /// Never shows the URL: it may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeUrl")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl NodeUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, without repeating it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| {
            format!("{error}; expected postgres://, mysql:// or sqlite:; {ESCAPE} (not shown, it may hold a password)")
        })?;
        let dialect = match url.scheme() {
            "postgres" | "postgresql" => DbBackend::Postgres,
            "mysql" => DbBackend::MySql,
            "sqlite" => DbBackend::Sqlite,
            "mariadb" => return Err("for MariaDB too, the scheme is mysql://".to_owned()),
            other => {
                return Err(format!(
                    "the scheme {other:?} is none of postgres, mysql and sqlite"
                ));
            }
        };
        if !is_driver_on(dialect) {
            let name = dialect_name(dialect);
            let feature = name.to_ascii_lowercase();
            return Err(format!(
                "it is {name}, and the feature `sqlx-{feature}` of sea-orm-routing is off"
            ));
        }
        if dialect != DbBackend::Sqlite && has_split_password(&url) {
            return Err(format!(
                "it has an @ after a ? or #, and none before; {ESCAPE}"
            ));
        }
        Ok(Self {
            url,
            text: text.to_owned(),
            dialect,
        })
    }

    pub(crate) fn dialect(&self) -> DbBackend {
        self.dialect
    }

    /// The URL without its password, and the password: SeaORM traces the URLs it opens.
    pub(crate) fn without_password(&self) -> (String, Option<String>) {
        let Some(password) = self.password() else {
            return (self.text.clone(), None);
        };
        let mut url = self.url.clone();
        // Fails only for a URL without a host, which has no password there.
        let _ = url.set_password(None);
        let others: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(key, _)| key != "password")
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        (url.into(), Some(password))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn host(&self) -> Option<String> {
        self.url
            .host_str()
            .filter(|host| !host.is_empty())
            .map(decode)
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.url.port()
    }

    pub(crate) fn username(&self) -> Option<String> {
        let name = self.url.username();
        (!name.is_empty()).then(|| decode(name))
    }

    /// The password before the host, or in the query, which wins.
    pub(crate) fn password(&self) -> Option<String> {
        let in_query = self.url.query_pairs().filter(|(key, _)| key == "password");
        in_query
            .map(|(_, value)| value.into_owned())
            .last()
            .filter(|_| self.dialect == DbBackend::Postgres)
            .or_else(|| self.url.password().map(decode))
    }

    pub(crate) fn database(&self) -> Option<String> {
        let path = self.url.path().trim_start_matches('/');
        (!path.is_empty()).then(|| decode(path))
    }

    /// Whether it has options of its own, which then replace the inherited ones.
    pub(crate) fn has_options(&self) -> bool {
        self.url.query().is_some_and(|query| !query.is_empty())
    }

    /// An SQLite database that no other connection can see.
    pub(crate) fn is_private_memory(&self) -> bool {
        let memory = self.as_str().contains(":memory:") || self.as_str().contains("mode=memory");
        self.dialect == DbBackend::Sqlite && memory && !self.as_str().contains("cache=shared")
    }
}

/// Whether the password has a `?` or `#`, so that the rest of it and the host are read as options: sqlx would
/// log them as options that it does not know.
fn has_split_password(url: &Url) -> bool {
    const KNOWN: [&str; 7] = [
        "user",
        "password",
        "host",
        "dbname",
        "application_name",
        "options",
        "socket",
    ];
    let known = |key: &str| KNOWN.contains(&key) || key.starts_with("ssl");
    let mut options = url.query_pairs();
    let in_query = options.any(|(key, value)| !known(&key) && (key + value).contains('@'));
    let in_fragment = url.fragment().is_some_and(|rest| rest.contains('@'));
    url.username().is_empty() && (in_query || in_fragment)
}

impl NodeSource {
    /// The dialect of a node, before it is opened.
    ///
    /// # Errors
    ///
    /// What is wrong with its URL.
    pub(crate) fn dialect(&self) -> Result<DbBackend, String> {
        match self {
            Self::Url(url) => Ok(NodeUrl::parse(url)?.dialect()),
            Self::Options(options) => Ok(NodeUrl::parse(options.get_url())?.dialect()),
            Self::Open(connection) => {
                dialect_of(connection).ok_or_else(|| "the connection is not open".to_owned())
            }
        }
    }

    pub(crate) fn is_private_memory(&self) -> bool {
        let url = match self {
            Self::Url(url) => url,
            Self::Options(options) => options.get_url(),
            Self::Open(_) => return false,
        };
        NodeUrl::parse(url).is_ok_and(|endpoint| endpoint.is_private_memory())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_driver_on(dialect: DbBackend) -> bool {
    match dialect {
        DbBackend::Postgres => cfg!(feature = "sqlx-postgres"),
        DbBackend::MySql => cfg!(feature = "sqlx-mysql"),
        _ => cfg!(feature = "sqlx-sqlite"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_not_repeated() {
        for url in [
            "postgres//app:secret@host",
            "app:secret@host",
            "",
            "oracle://app:secret@host",
        ] {
            let error = NodeUrl::parse(url).expect_err("no URL");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    #[cfg(feature = "sqlx-postgres")]
    fn a_password_that_must_be_escaped_is_refused_with_a_hint() {
        for url in [
            "postgres://app:5?key=secret@host/db",
            "postgres://app:5?secret@host/db",
            "postgres://app:5#secret@host/db",
            "postgres://app:sec/ret@host/db",
        ] {
            let error = NodeUrl::parse(url).expect_err("not escaped");
            assert!(error.contains("? is %3F"), "{error}");
            assert!(!error.contains("sec"), "{error}");
        }
        for url in [
            "postgres://app:5%3Fkey=secret@host/db",
            "postgres://host/db?user=app&password=s@cret",
            "postgres://app@host/db?options=-c%20a.b=c@d",
        ] {
            assert!(NodeUrl::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    #[cfg(feature = "sqlx-postgres")]
    fn the_password_is_taken_out_and_decoded() {
        let endpoint = NodeUrl::parse("postgres://app:s%40cret@host:1/db").expect("a URL");
        let (url, password) = endpoint.without_password();
        assert_eq!(url, "postgres://app@host:1/db");
        assert_eq!(password.as_deref(), Some("s@cret"));

        let url = "postgres://host/db?user=app&password=s%40cret&sslmode=disable";
        let endpoint = NodeUrl::parse(url).expect("a URL");
        let (url, password) = endpoint.without_password();
        assert_eq!(url, "postgres://host/db?user=app&sslmode=disable");
        assert_eq!(password.as_deref(), Some("s@cret"));
    }
}
