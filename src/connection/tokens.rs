//! Session tokens: what the next request of the same user needs, wherever it runs.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sea_orm::DbErr;

use super::RoutingConnection;
use crate::error::{RoutingError, SessionError, TokenError, TxnError};
use crate::session::{
    Claims, Consistency, ConsistencyClaim, DatabaseClaim, LastRead, OnTimeout, Session,
    SessionHistory, Written, WrittenClaim, open, seal,
};
use crate::topology::{DatabaseId, Position};
use crate::transaction::RoutingTransaction;

/// Tokens, with the feature `session-tokens`: a session goes on in another process.
///
/// ```
/// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
/// let request = db.session();
/// // ... then, for a cookie or a header:
/// let token = request.session_token().await?;
/// // The next request of the same user, in another process:
/// let next = db.resume_session(&token)?;
/// # Ok(())
/// # }
/// ```
impl RoutingConnection {
    /// A text with which another process can resume this session: what it wrote, where it read, and its
    /// consistency. It is encrypted with the [key](crate::RoutingBuilder::token_key) of the connection, and fits in
    /// a header or a cookie. A causal session asks each primary it wrote
    /// to, or read from on purpose, for its position, unless the monitor has done so since; other sessions
    /// ask no server. The processes that share tokens are assumed to have synchronized clocks.
    ///
    /// Take it after the commit: what a transaction of the session wrote belongs to the token only if that is
    /// committed. [`commit_with_token`](RoutingTransaction::commit_with_token) does both.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoSession`] on a handle without a session;
    /// [`AvailabilityError::NoPrimary`](crate::error::AvailabilityError::NoPrimary) if a primary
    /// does not answer for some seconds (five times the [probe
    /// timeout](crate::DatabaseOptions::probe_timeout), but at least two).
    pub async fn session_token(&self) -> Result<String, DbErr> {
        let session = self.own_session("session_token()")?;
        let mut databases = Vec::new();
        let topology = self.core.cluster.snapshot();
        for (database, history) in session.histories() {
            if topology.database_by_id(database).removed {
                continue;
            }
            databases.push(self.claim(session.consistency(), database, history).await?);
        }
        let shared = &self.core.shared;
        let issued_ms = unix_ms();
        let claims = Claims {
            issued_ms,
            expires_ms: issued_ms.saturating_add(millis(shared.tokens.life)),
            consistency: claim_of(session.consistency()),
            databases,
        };
        let sealed = seal(&claims, &shared.tokens.key);
        sealed.map_err(|error| invalid(error).into())
    }

    /// A handle in a session that resumes another one, as it was when its
    /// [token](Self::session_token) was made.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidToken`] for a text that is not a token, that was made with another
    /// key, that has expired, or that names databases or clusters that do not exist here.
    pub fn resume_session(&self, token: &str) -> Result<Self, RoutingError> {
        let now_ms = unix_ms();
        let claims = open(token, &self.core.shared.tokens.key, now_ms);
        let claims = claims.map_err(invalid)?;
        let session = Session::new(
            consistency_of(&claims.consistency),
            &self.core.shared.router,
        );
        for claim in &claims.databases {
            let database = self.find_database(&claim.name).map_err(|_| {
                invalid(TokenError::UnknownDatabase {
                    database: claim.name.clone(),
                })
            })?;
            self.check_cluster(database, claim)?;
            session.resume(
                database,
                self.history_of(database, claim, claims.issued_ms, now_ms)?,
            );
        }
        Ok(self.with(session))
    }

    /// The claims of a token about one database.
    async fn claim(
        &self,
        consistency: Consistency,
        database: DatabaseId,
        history: SessionHistory,
    ) -> Result<DatabaseClaim, DbErr> {
        let topology = self.core.cluster.snapshot();
        let found = topology.database_by_id(database);
        let now = self.core.cluster.clock().now();
        let written = match (consistency, &history.seen()) {
            (Consistency::Eventual, _) | (_, None) => None,
            (Consistency::ReadYourWrites { .. }, Some(Written::InDoubt)) => {
                Some(WrittenClaim::Until { unix_ms: u64::MAX })
            }
            (Consistency::Causal { .. }, Some(Written::InDoubt)) => Some(WrittenClaim::At {
                position: String::new(),
            }),
            (Consistency::ReadYourWrites { window }, Some(written)) => Some(WrittenClaim::Until {
                unix_ms: end_of(window, written, now),
            }),
            (Consistency::Causal { .. }, Some(Written::Before(position))) => {
                Some(WrittenClaim::At {
                    position: position.to_string(),
                })
            }
            (Consistency::Causal { .. }, Some(written @ (Written::At(_) | Written::Until(_)))) => {
                let ended = match written {
                    Written::At(ended) => *ended,
                    _ => now,
                };
                let cluster = &self.core.cluster;
                let position = cluster.position_after(database, ended).await?;
                // Empty if positions are not tracked.
                let position = position.map_or_else(String::new, |position| position.to_string());
                Some(WrittenClaim::At { position })
            }
        };
        let replica = history.read.and_then(|read| read.node);
        let replica = replica.map(|node| topology.node(node));
        Ok(DatabaseClaim {
            name: found.name.to_string(),
            cluster: self.core.cluster.identity(database),
            written,
            replica: replica.map(|node| node.name.to_string()),
        })
    }

    fn check_cluster(
        &self,
        database: DatabaseId,
        claim: &DatabaseClaim,
    ) -> Result<(), RoutingError> {
        let here = self.core.cluster.identity(database);
        match (&claim.cluster, here) {
            (Some(there), Some(here)) if *there != here => {
                Err(invalid(TokenError::ForeignCluster {
                    database: claim.name.clone(),
                    issued: there.clone(),
                    here,
                }))
            }
            _ => Ok(()),
        }
    }

    fn history_of(
        &self,
        database: DatabaseId,
        claim: &DatabaseClaim,
        issued_ms: u64,
        now_ms: u64,
    ) -> Result<SessionHistory, RoutingError> {
        let age = Duration::from_millis(now_ms.saturating_sub(issued_ms));
        let topology = self.core.cluster.topology();
        let now = self.core.cluster.clock().now();
        let written = match &claim.written {
            None => None,
            Some(WrittenClaim::Until { unix_ms: u64::MAX }) => Some(Written::InDoubt),
            Some(WrittenClaim::Until { unix_ms }) => {
                let rest = Duration::from_millis(unix_ms.saturating_sub(now_ms));
                Some(Written::Until(now.checked_add(rest).unwrap_or(now)))
            }
            Some(WrittenClaim::At { position }) if position.is_empty() => Some(Written::InDoubt),
            Some(WrittenClaim::At { position }) => {
                let dialect = topology.database_by_id(database).dialect;
                let position = Position::of(dialect, position).ok_or_else(|| {
                    invalid(TokenError::InvalidPosition {
                        position: position.to_owned(),
                    })
                })?;
                Some(Written::Before(position))
            }
        };
        let read = claim.replica.as_deref().map(|name| {
            let node = topology.find_node(name);
            LastRead {
                // The node may have another name here: then any node must have caught up as far.
                node: node.filter(|node| topology.node(*node).database == database),
                // Before the token was made, by the clocks of the processes, which are assumed to
                // agree.
                ended: Some(now.checked_sub(age).unwrap_or(now)),
            }
        });
        Ok(SessionHistory {
            written,
            read,
            saw_primary: None,
        })
    }

    fn of_transaction(transaction: &RoutingTransaction) -> Self {
        Self {
            core: Arc::clone(transaction.core()),
            scope: transaction.scope().clone(),
        }
    }
}

impl RoutingTransaction {
    /// Commits, and returns the [token](RoutingConnection::session_token) of the session, which has what the
    /// transaction wrote. The inner error is one of the token alone: everything is committed then.
    ///
    /// # Errors
    ///
    /// The errors of [`commit`](Self::commit). [`SessionError::NoSession`] on a handle without a session, and
    /// [`TxnError::NestedOption`] for a nested transaction, whose writes are not committed yet; it is rolled back
    /// then.
    pub async fn commit_with_token(self) -> Result<Result<String, DbErr>, DbErr> {
        if self.is_nested() {
            let option = "a session token of its commit".to_owned();
            return Err(RoutingError::Transaction(TxnError::NestedOption { option }).into());
        }
        if self.scope().session.is_none() {
            let what = "commit_with_token()";
            return Err(RoutingError::Session(SessionError::NoSession { what }).into());
        }
        let session = RoutingConnection::of_transaction(&self);
        self.commit().await?;
        Ok(session.session_token().await)
    }
}

fn claim_of(consistency: Consistency) -> ConsistencyClaim {
    match consistency {
        Consistency::Eventual => ConsistencyClaim::Eventual,
        Consistency::ReadYourWrites { window } => ConsistencyClaim::ReadYourWrites {
            window_ms: millis(window),
        },
        Consistency::Causal {
            max_wait,
            on_timeout,
        } => ConsistencyClaim::Causal {
            max_wait_ms: millis(max_wait),
            on_timeout_error: on_timeout == OnTimeout::Error,
        },
    }
}

fn consistency_of(claim: &ConsistencyClaim) -> Consistency {
    match claim {
        ConsistencyClaim::Eventual => Consistency::Eventual,
        ConsistencyClaim::ReadYourWrites { window_ms } => Consistency::ReadYourWrites {
            window: Duration::from_millis(*window_ms),
        },
        ConsistencyClaim::Causal {
            max_wait_ms,
            on_timeout_error,
        } => Consistency::Causal {
            max_wait: Duration::from_millis(*max_wait_ms),
            on_timeout: match on_timeout_error {
                true => OnTimeout::Error,
                false => OnTimeout::Primary,
            },
        },
    }
}

/// When a window ends, in Unix time.
fn end_of(window: Duration, written: &Written, now: Instant) -> u64 {
    let rest = match written {
        Written::At(ended) => window.saturating_sub(now.saturating_duration_since(*ended)),
        Written::Until(end) => end.saturating_duration_since(now),
        Written::Before(_) | Written::InDoubt => window,
    };
    unix_ms().saturating_add(millis(rest))
}

fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, millis)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn invalid(source: TokenError) -> RoutingError {
    RoutingError::Session(SessionError::InvalidToken { source })
}
