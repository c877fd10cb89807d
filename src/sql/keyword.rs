//! The words the classifier acts on. A word that is not here is a name.

/// Longest word in the table; anything longer is a name.
const LONGEST: usize = 19;

macro_rules! keywords {
    ($($word:literal => $name:ident),+ $(,)?) => {
        /// A keyword of SQL that decides access or tables.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Keyword { $($name),+ }

        impl Keyword {
            /// The keyword a word spells, in any case.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                let mut buffer = [0_u8; LONGEST];
                let lower = lowercase(word, &mut buffer)?;
                match lower {
                    $($word => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

keywords! {
    b"all" => All, b"alter" => Alter, b"analyze" => Analyze, b"and" => And, b"any" => Any, b"array" => Array, b"as" => As,
    b"asc" => Asc, b"begin" => Begin, b"between" => Between, b"binary" => Binary, b"by" => By, b"call" => Call,
    b"case" => Case, b"check" => Check, b"checksum" => Checksum, b"cluster" => Cluster,
    b"collate" => Collate, b"columns" => Columns, b"comment" => Comment,
    b"concurrently" => Concurrently, b"copy" => Copy, b"create" => Create, b"cross" => Cross,
    b"cube" => Cube, b"default" => Default, b"delayed" => Delayed, b"delete" => Delete,
    b"desc" => Desc, b"describe" => Describe, b"distinct" => Distinct, b"div" => Div, b"do" => Do,
    b"drop" => Drop, b"else" => Else, b"except" => Except,
    b"exists" => Exists, b"explain" => Explain, b"extended" => Extended, b"fetch" => Fetch,
    b"for" => For, b"force" => Force, b"format" => Format,
    b"freeze" => Freeze, b"from" => From, b"full" => Full, b"glob" => Glob, b"grant" => Grant,
    b"group" => Group, b"handler" => Handler, b"having" => Having,
    b"high_priority" => HighPriority, b"if" => If, b"ignore" => Ignore, b"ilike" => Ilike,
    b"in" => In, b"index" => Index, b"insert" => Insert, b"intersect" => Intersect,
    b"into" => Into, b"is" => Is, b"isnull" => Isnull, b"join" => Join, b"key" => Key,
    b"lateral" => Lateral, b"left" => Left, b"like" => Like, b"limit" => Limit, b"load" => Load,
    b"lock" => Lock, b"low_priority" => LowPriority, b"match" => Match,
    b"materialized" => Materialized, b"member" => Member, b"merge" => Merge,
    b"natural" => Natural, b"no" => No, b"not" => Not, b"notnull" => Notnull,
    b"of" => Of, b"offset" => Offset, b"on" => On, b"only" => Only, b"operator" => Operator,
    b"optimize" => Optimize, b"or" => Or, b"order" => Order,     b"partition" => Partition, b"partitions" => Partitions,
    b"plan" => Plan, b"policy" => Policy, b"pragma" => Pragma,
    b"procedure" => Procedure, b"query" => Query, b"quick" => Quick, b"read" => Read,
    b"recursive" => Recursive, b"references" => References, b"refresh" => Refresh,
    b"regexp" => Regexp, b"reindex" => Reindex, b"rename" => Rename, b"repair" => Repair,
    b"replace" => Replace, b"returning" => Returning, b"revoke" => Revoke, b"right" => Right,
    b"rlike" => Rlike, b"rollup" => Rollup, b"rule" => Rule, b"select" => Select, b"set" => Set,
    b"sets" => Sets, b"share" => Share, b"show" => Show, b"similar" => Similar, b"some" => Some_,
    b"sql_calc_found_rows" => SqlCalcFoundRows, b"straight_join" => StraightJoin,
    b"system_time" => SystemTime, b"table" => Table, b"tables" => Tables,
    b"tablesample" => Tablesample, b"temp" => Temp, b"temporary" => Temporary, b"then" => Then,
    b"to" => To, b"trigger" => Trigger, b"truncate" => Truncate, b"union" => Union,
    b"unlogged" => Unlogged, b"update" => Update, b"use" => Use, b"using" => Using,
    b"vacuum" => Vacuum, b"values" => Values, b"verbose" => Verbose, b"view" => View,
    b"when" => When, b"where" => Where, b"window" => Window, b"with" => With,
    b"within" => Within, b"attach" => Attach, b"detach" => Detach, b"distinctrow" => Distinctrow, b"escape" => Escape, b"grouping" => Grouping, b"inherit" => Inherit, b"inherits" => Inherits, b"nulls" => Nulls, b"rows" => Rows, b"xor" => Xor, b"at" => At,
    b"collation" => Collation, b"end" => End, b"indexed" => Indexed, b"inner" => Inner,
    b"interval" => Interval, b"mod" => Mod, b"null" => Null, b"outer" => Outer,
    b"overlaps" => Overlaps, b"repeatable" => Repeatable, b"sounds" => Sounds,
}

/// `word` in lower case, in `buffer`. Returns `None` if it is longer than any keyword.
pub(crate) fn lowercase<'b, const N: usize>(
    word: &str,
    buffer: &'b mut [u8; N],
) -> Option<&'b [u8]> {
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(lower)
}

/// Longest word that is looked up in a list.
const LONGEST_LISTED: usize = 64;

/// Whether a text is one of these words, in any case.
pub(crate) fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a text starts like this, in any case.
pub(crate) fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(start))
}

/// Whether a list of words in lower case, sorted by bytes, contains a text in any case.
pub(crate) fn is_listed(text: &str, sorted: &[&str]) -> bool {
    let mut buffer = [0_u8; LONGEST_LISTED];
    lowercase(text, &mut buffer).is_some_and(|text| contains(sorted, text))
}

/// Whether a list of words in lower case, sorted by bytes, contains this one.
pub(crate) fn contains(sorted: &[&str], word: &[u8]) -> bool {
    sorted
        .binary_search_by(|it| it.as_bytes().cmp(word))
        .is_ok()
}

/// Whether a list is one that [`contains`] can search.
#[cfg(test)]
pub(crate) fn is_searchable(sorted: &[&str]) -> bool {
    let fits = |word: &&str| word.len() <= LONGEST_LISTED && **word == word.to_ascii_lowercase();
    sorted.is_sorted_by(|one, next| one < next) && sorted.iter().all(fits)
}

/// Whether a statement that starts with `word` only touches the state of its connection, or the
/// transaction it is in.
pub(crate) fn is_session_statement(word: &str) -> bool {
    is_listed(word, SESSION_STATEMENTS)
}

/// The keyword, if a statement that starts with `word` begins or ends a transaction.
pub(crate) fn controls_transaction(word: &str) -> Option<&'static str> {
    const WORDS: [&str; 7] = ["ABORT", "BEGIN", "COMMIT", "END", "ROLLBACK", "START", "XA"];
    WORDS
        .into_iter()
        .find(|control| word.eq_ignore_ascii_case(control))
}

/// Sorted.
#[rustfmt::skip]
const SESSION_STATEMENTS: &[&str] = &[
    "abort", "attach", "begin", "checkpoint", "close", "commit", "deallocate", "declare",
    "detach", "discard", "end", "execute", "fetch", "flush", "handler", "kill", "listen",
    "lock", "move", "notify", "prepare", "release", "reset", "rollback", "savepoint",
    "set", "start", "unlisten", "unlock", "use", "xa",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case() {
        assert_eq!(Keyword::parse("SeLeCt"), Some(Keyword::Select));
        assert_eq!(Keyword::parse("selec"), None);
        assert_eq!(
            Keyword::parse("sql_calc_found_rows"),
            Some(Keyword::SqlCalcFoundRows)
        );
        assert_eq!(
            Keyword::parse("a_name_that_is_longer_than_any_keyword"),
            None
        );
    }

    #[test]
    fn session_statements_are_sorted() {
        assert!(is_searchable(SESSION_STATEMENTS));
        assert!(is_session_statement("ROLLBACK"));
        assert!(!is_session_statement("SELECT"));
    }
}
