//! What was found out about a text, kept for the next time it is sent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::{Cache as Quick, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};

use super::server::Flavor;

/// A text longer than this many bytes is classified anew each time: bulk inserts rarely repeat.
const LONGEST: usize = 16 * 1024;

/// What an entry weighs beside its text: the key, the value, and the cache's own share.
const OVERHEAD: usize = 320;

/// A bounded map from (flavor, text) to the result of an analysis.
///
/// The bound is in bytes: texts and their tables weigh what they are long, plus a fixed overhead.
/// Entries that are used stay, others make room (S3-FIFO, by the `quick_cache` crate).
#[derive(Debug)]
pub(crate) struct Cache<V> {
    entries: Quick<CachedText, Arc<V>, ByBytes, foldhash::fast::RandomState>,
}

#[derive(Debug, Clone)]
struct CachedText {
    flavor: Flavor,
    sql: Box<str>,
}

struct Borrowed<'a> {
    flavor: Flavor,
    sql: &'a str,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl<V> Cache<V> {
    pub(crate) fn new(bytes: u64) -> Self {
        let about = (bytes / 512).clamp(16, 1 << 20) as usize;
        Self {
            entries: Quick::with(
                about,
                bytes,
                ByBytes,
                foldhash::fast::RandomState::default(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// The result for a text; if it is not cached, it is computed, and cached if the text is short.
    pub(crate) fn get_or_insert(
        &self,
        flavor: Flavor,
        sql: &str,
        find: impl FnOnce() -> V,
    ) -> Arc<V> {
        if let Some(known) = self.entries.get(&Borrowed { flavor, sql }) {
            return known;
        }
        let found = Arc::new(find());
        self.put(flavor, sql, Arc::clone(&found));
        found
    }

    /// Replaces the result for a text.
    pub(crate) fn put(&self, flavor: Flavor, sql: &str, value: Arc<V>) {
        if sql.len() <= LONGEST {
            let sql = sql.into();
            self.entries.insert(CachedText { flavor, sql }, value);
        }
    }

    /// How many bytes the entries weigh.
    #[cfg(test)]
    pub(crate) fn weight(&self) -> u64 {
        self.entries.weight()
    }
}

impl<V> Weighter<CachedText, Arc<V>> for ByBytes {
    fn weight(&self, text: &CachedText, _: &Arc<V>) -> u64 {
        (text.sql.len() * 2 + OVERHEAD) as u64
    }
}

impl Hash for CachedText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.flavor, &self.sql, state);
    }
}

impl Hash for Borrowed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.flavor, self.sql, state);
    }
}

fn hash<H: Hasher>(flavor: Flavor, sql: &str, state: &mut H) {
    state.write_u8(flavor.dialect as u8);
    state.write(sql.as_bytes());
}

impl PartialEq for CachedText {
    fn eq(&self, other: &Self) -> bool {
        self.flavor == other.flavor && self.sql == other.sql
    }
}

impl Eq for CachedText {}

impl Equivalent<CachedText> for Borrowed<'_> {
    fn equivalent(&self, text: &CachedText) -> bool {
        self.flavor == text.flavor && self.sql == &*text.sql
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::super::server::Server;
    use super::*;

    #[test]
    fn a_text_is_classified_once_per_dialect_and_server() {
        let cache = Cache::new(1 << 20);
        let find = |flavor: Flavor| *cache.get_or_insert(flavor, "SELECT 1", || flavor);
        let flavors: [Flavor; 4] = [
            DbBackend::Postgres.into(),
            DbBackend::MySql.into(),
            Server::MySql.into(),
            Server::MariaDb.into(),
        ];
        for flavor in flavors {
            assert_eq!(find(flavor), flavor);
            let again = cache.get_or_insert(flavor, "SELECT 1", || DbBackend::Sqlite.into());
            assert_eq!(*again, flavor);
        }
    }

    #[test]
    fn a_million_texts_stay_within_the_bound() {
        let bound = 1 << 20;
        let cache = Cache::new(bound);
        for n in 0..1_000_000 {
            cache.get_or_insert(DbBackend::Sqlite.into(), &format!("SELECT {n}"), || ());
        }
        assert!(cache.weight() <= bound, "{} bytes", cache.weight());
    }

    #[test]
    fn long_texts_are_not_kept() {
        let cache = Cache::new(1 << 30);
        let sql = "x".repeat(LONGEST + 1);
        cache.get_or_insert(DbBackend::Sqlite.into(), &sql, || 1);
        assert_eq!(
            *cache.get_or_insert(DbBackend::Sqlite.into(), &sql, || 2),
            2
        );
    }
}
