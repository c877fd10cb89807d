//! What was found out about a text, kept for the next time it is sent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::{Cache as Quick, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};
use sea_orm::DbBackend;

/// A text longer than this many bytes is classified anew each time: bulk inserts rarely repeat.
const LONGEST: usize = 16 * 1024;

/// What an entry weighs beside its text: the key, the value, and the cache's own share.
const OVERHEAD: usize = 320;

/// A bounded map from (dialect, text) to the result of an analysis.
///
/// The bound is in bytes: texts and their tables weigh what they are long, plus a fixed overhead.
/// Entries that are used stay, others make room (S3-FIFO, by the `quick_cache` crate).
#[derive(Debug)]
pub(crate) struct Cache<V> {
    entries: Quick<CachedText, Arc<V>, ByBytes, foldhash::fast::RandomState>,
}

#[derive(Debug, Clone)]
struct CachedText {
    dialect: DbBackend,
    sql: Box<str>,
}

struct Borrowed<'a> {
    dialect: DbBackend,
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
        dialect: DbBackend,
        sql: &str,
        find: impl FnOnce() -> V,
    ) -> Arc<V> {
        if let Some(known) = self.entries.get(&Borrowed { dialect, sql }) {
            return known;
        }
        let found = Arc::new(find());
        self.put(dialect, sql, Arc::clone(&found));
        found
    }

    /// Replaces the result for a text.
    pub(crate) fn put(&self, dialect: DbBackend, sql: &str, value: Arc<V>) {
        if sql.len() <= LONGEST {
            let sql = sql.into();
            self.entries.insert(CachedText { dialect, sql }, value);
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
        hash(self.dialect, &self.sql, state);
    }
}

impl Hash for Borrowed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.dialect, self.sql, state);
    }
}

fn hash<H: Hasher>(dialect: DbBackend, sql: &str, state: &mut H) {
    state.write_u8(dialect as u8);
    state.write(sql.as_bytes());
}

impl PartialEq for CachedText {
    fn eq(&self, other: &Self) -> bool {
        self.dialect == other.dialect && self.sql == other.sql
    }
}

impl Eq for CachedText {}

impl Equivalent<CachedText> for Borrowed<'_> {
    fn equivalent(&self, text: &CachedText) -> bool {
        self.dialect == text.dialect && self.sql == &*text.sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_classified_once_per_dialect() {
        let cache = Cache::new(1 << 20);
        let find = |dialect| *cache.get_or_insert(dialect, "SELECT 1", || dialect);
        assert_eq!(find(DbBackend::Postgres), DbBackend::Postgres);
        assert_eq!(find(DbBackend::MySql), DbBackend::MySql);
        let known = cache.get_or_insert(DbBackend::MySql, "SELECT 1", || DbBackend::Sqlite);
        assert_eq!(*known, DbBackend::MySql);
    }

    #[test]
    fn a_million_texts_stay_within_the_bound() {
        let bound = 1 << 20;
        let cache = Cache::new(bound);
        for n in 0..1_000_000 {
            cache.get_or_insert(DbBackend::Sqlite, &format!("SELECT {n}"), || ());
        }
        assert!(cache.weight() <= bound, "{} bytes", cache.weight());
    }

    #[test]
    fn long_texts_are_not_kept() {
        let cache = Cache::new(1 << 30);
        let sql = "x".repeat(LONGEST + 1);
        cache.get_or_insert(DbBackend::Sqlite, &sql, || 1);
        assert_eq!(*cache.get_or_insert(DbBackend::Sqlite, &sql, || 2), 2);
    }
}
