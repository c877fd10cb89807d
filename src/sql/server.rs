//! Which server speaks a dialect.

use std::fmt;

use sea_orm::DbBackend;

/// The server behind a database, where its dialect leaves it open: MySQL and MariaDB share one, and each
/// version of Postgres adds functions.
///
/// A function that only MySQL or only MariaDB has is a read only where the server is known to be that one: on
/// the other, an application may have a function of that name, which may write. What newer versions of
/// Postgres have is no read where the server is known to be older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Server {
    /// MySQL, or a server that is one for its functions: Percona Server, Aurora MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
    /// Postgres, by its major version: `Postgres(17)`.
    Postgres(u16),
}

impl Server {
    pub(crate) fn dialect(self) -> DbBackend {
        match self {
            Self::MySql | Self::MariaDb => DbBackend::MySql,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    /// What is known of two servers at once: for Postgres, the older version.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Postgres(one), Self::Postgres(other)) => Some(Self::Postgres(one.min(other))),
            (one, other) => (one == other).then_some(one),
        }
    }

    /// What is known of several servers at once; nothing if one is not known.
    pub(crate) fn common_of(mut servers: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let first = servers.next()??;
        servers.try_fold(first, |one, other| one.common(other?))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MySql => f.write_str("MySQL"),
            Self::MariaDb => f.write_str("MariaDB"),
            Self::Postgres(version) => write!(f, "Postgres {version}"),
        }
    }
}

/// A dialect, and the server that speaks it if it is known: what the meaning of a text depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flavor {
    pub(crate) dialect: DbBackend,
    pub(crate) server: Option<Server>,
}

impl From<DbBackend> for Flavor {
    /// The server is not known.
    fn from(dialect: DbBackend) -> Self {
        let server = None;
        Self { dialect, server }
    }
}

impl From<Server> for Flavor {
    fn from(server: Server) -> Self {
        Self {
            dialect: server.dialect(),
            server: Some(server),
        }
    }
}

/// What is known of all servers of each dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KnownServers {
    mysql: Option<Server>,
    postgres: Option<Server>,
}

impl KnownServers {
    /// What the servers of these databases have in common, by their dialects. While one that may be MySQL or
    /// MariaDB is not known, neither is taken for granted.
    pub(crate) fn of(databases: impl Iterator<Item = (DbBackend, Option<Server>)> + Clone) -> Self {
        let of = |dialect| databases.clone().filter(move |(it, _)| *it == dialect);
        let mysql = of(DbBackend::MySql).map(|(_, server)| server);
        let postgres = of(DbBackend::Postgres).map(|(_, server)| server);
        Self {
            mysql: Server::common_of(mysql),
            postgres: Server::common_of(postgres.filter(Option::is_some)),
        }
    }

    pub(crate) fn flavor(self, dialect: DbBackend) -> Flavor {
        let server = match dialect {
            DbBackend::MySql => self.mysql,
            DbBackend::Postgres => self.postgres,
            _ => None,
        };
        Flavor { dialect, server }
    }

    /// As a number that is 0 while nothing is known.
    pub(crate) fn to_bits(self) -> u32 {
        let mysql = match self.mysql {
            Some(Server::MySql) => 1,
            Some(Server::MariaDb) => 2,
            _ => 0,
        };
        let postgres = match self.postgres {
            Some(Server::Postgres(version)) => u32::from(version) + 1,
            _ => 0,
        };
        postgres << 2 | mysql
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        let version = (bits >> 2).checked_sub(1);
        let version = version.and_then(|version| u16::try_from(version).ok());
        Self {
            mysql: match bits & 3 {
                1 => Some(Server::MySql),
                2 => Some(Server::MariaDb),
                _ => None,
            },
            postgres: version.map(Server::Postgres),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(servers: &[Server]) -> KnownServers {
        KnownServers::of(servers.iter().map(|it| (it.dialect(), Some(*it))))
    }

    #[test]
    fn servers_that_differ_have_nothing_in_common() {
        use Server::{MariaDb, MySql, Postgres};
        let one = known(&[MariaDb, Postgres(17), MariaDb, Postgres(15)]);
        assert_eq!(one.flavor(DbBackend::MySql).server, Some(MariaDb));
        assert_eq!(one.flavor(DbBackend::Postgres).server, Some(Postgres(15)));
        let mixed = known(&[MariaDb, MySql, MariaDb]);
        assert_eq!(mixed.flavor(DbBackend::MySql).server, None);
        assert_eq!(known(&[]), KnownServers::default());
    }

    #[test]
    fn beside_a_server_that_is_not_known_mysql_and_mariadb_are_not_told_apart() {
        let (mysql, postgres) = (DbBackend::MySql, DbBackend::Postgres);
        let known = [
            (mysql, Some(Server::MariaDb)),
            (mysql, None),
            (postgres, Some(Server::Postgres(15))),
            (postgres, None),
        ];
        let known = KnownServers::of(known.into_iter());
        assert_eq!(known.flavor(mysql).server, None);
        assert_eq!(known.flavor(postgres).server, Some(Server::Postgres(15)));
    }

    #[test]
    fn what_is_known_survives_as_a_number() {
        use Server::{MariaDb, MySql, Postgres};
        for servers in [&[][..], &[MySql], &[MariaDb, Postgres(18)], &[Postgres(0)]] {
            let known = known(servers);
            assert_eq!(KnownServers::from_bits(known.to_bits()), known);
        }
        assert_eq!(KnownServers::default().to_bits(), 0);
    }
}
