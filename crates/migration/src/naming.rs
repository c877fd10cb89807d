//! One way to name indexes, keys and checks, so that a later migration can name them too.
//!
//! A constraint without a name gets one from the server, and each server has its own rules, so that
//! the migration that drops it must look the name up. These are the names of SQLAlchemy's documented
//! `naming_convention`, the same for every dialect.
//!
//! | | |
//! |---|---|
//! | [`index`] | `ix_<table>_<columns>` |
//! | [`unique`] | `uq_<table>_<columns>` |
//! | [`check`] | `ck_<table>_<what>` |
//! | [`foreign_key`] | `fk_<table>_<columns>_<referred table>` |
//! | [`primary_key`] | `pk_<table>` |
//!
//! Postgres truncates names to 63 bytes. A longer name is shortened to that and ends in eight
//! hexadecimal digits, a hash of the whole name.
//!
//! ```
//! use sea_orm_routing_migration::naming;
//!
//! assert_eq!(naming::index("order", ["customer_id"]), "ix_order_customer_id");
//! assert_eq!(
//!     naming::foreign_key("order", ["customer_id"], "customer"),
//!     "fk_order_customer_id_customer"
//! );
//! ```

use sea_orm::sea_query::IntoIden;

/// The length in bytes to which Postgres truncates names; MySQL allows 64 characters.
const MAX_LENGTH: usize = 63;

/// The name of an index.
pub fn index<T, C>(table: T, columns: impl IntoIterator<Item = C>) -> String
where
    T: IntoIden,
    C: IntoIden,
{
    name("ix", table, columns, None)
}

/// The name of a unique constraint or index.
pub fn unique<T, C>(table: T, columns: impl IntoIterator<Item = C>) -> String
where
    T: IntoIden,
    C: IntoIden,
{
    name("uq", table, columns, None)
}

/// The name of a check, from what it checks: `ck_order_total_is_positive`.
pub fn check(table: impl IntoIden, what: &str) -> String {
    name("ck", table, [what.to_owned()], None)
}

/// The name of a foreign key, from its columns and the table they refer to.
pub fn foreign_key<T, C, R>(table: T, columns: impl IntoIterator<Item = C>, referred: R) -> String
where
    T: IntoIden,
    C: IntoIden,
    R: IntoIden,
{
    name("fk", table, columns, Some(referred.into_iden().to_string()))
}

/// The name of a primary key.
pub fn primary_key(table: impl IntoIden) -> String {
    name("pk", table, Vec::<String>::new(), None)
}

fn name<T, C>(
    kind: &str,
    table: T,
    columns: impl IntoIterator<Item = C>,
    referred: Option<String>,
) -> String
where
    T: IntoIden,
    C: IntoIden,
{
    let columns = columns
        .into_iter()
        .map(|column| column.into_iden().to_string());
    let parts: Vec<_> = [kind.to_owned(), table.into_iden().to_string()]
        .into_iter()
        .chain(columns)
        .chain(referred)
        .collect();
    shorten(parts.join("_").replace('.', "_"))
}

fn shorten(name: String) -> String {
    if name.len() <= MAX_LENGTH {
        return name;
    }
    let digits = format!("_{:08x}", hash(&name));
    let mut end = MAX_LENGTH - digits.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{digits}", &name[..end])
}

/// FNV-1a. Names are stored in databases, so the hash must never change.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_form() {
        assert_eq!(unique("user", ["tenant", "email"]), "uq_user_tenant_email");
        assert_eq!(
            check("order", "total_is_positive"),
            "ck_order_total_is_positive"
        );
        assert_eq!(primary_key("order"), "pk_order");
        assert_eq!(index("reporting.sale", ["day"]), "ix_reporting_sale_day");
    }

    #[test]
    fn a_long_name_is_shortened_and_stays_unique() {
        let columns = |last: &str| {
            vec!["a_rather_long_column_name".to_owned(); 3]
                .into_iter()
                .chain([last.to_owned()])
                .collect::<Vec<_>>()
        };
        let (one, other) = (index("t", columns("one")), index("t", columns("two")));
        assert_eq!(one.len(), MAX_LENGTH);
        assert_ne!(one, other);
        assert_eq!(one, index("t", columns("one")));
        assert!(index("ü".repeat(60), ["x"]).len() <= MAX_LENGTH);
    }
}
