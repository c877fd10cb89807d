//! The spans of a transaction are the same as SeaORM's own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Database, DbErr, Statement, TransactionSession, TransactionTrait};
use sea_orm_routing::RoutingConnection;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

type Fields = BTreeMap<&'static str, String>;

/// A span with its number, its name and its fields.
type Span = (u64, &'static str, Fields);

/// The spans that a SeaORM user sees, in the order they were opened.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

struct Fill<'f>(&'f mut Fields);

impl Visit for Fill<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

fn is_seaorms(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("sea_orm::") && metadata.name().starts_with("sea_orm.")
}

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        if is_seaorms(metadata) {
            let mut fields = Fields::new();
            attributes.record(&mut Fill(&mut fields));
            let mut spans = self.0.lock().expect("not poisoned");
            spans.push((id.into_u64(), metadata.name(), fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().expect("not poisoned");
        let span = spans
            .iter_mut()
            .rev()
            .find(|(of, _, _)| *of == id.into_u64());
        if let Some((_, _, fields)) = span {
            values.record(&mut Fill(fields));
        }
    }
}

async fn work<C: TransactionTrait>(db: &C) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let sql = |sql: &str| Statement::from_string(txn.get_database_backend(), sql);
    txn.execute_unprepared("CREATE TABLE cake (id INTEGER)")
        .await?;
    txn.execute_raw(sql("INSERT INTO cake VALUES (1)")).await?;
    txn.query_one_raw(sql("SELECT id FROM cake")).await?;
    txn.query_all_raw(sql("SELECT id FROM cake")).await?;
    let wrong = txn.execute_raw(sql("INSERT INTO pie VALUES (1)")).await;
    wrong.expect_err("there is no pie");
    txn.commit().await?;
    let txn = db.begin().await?;
    txn.execute_raw(Statement::from_string(
        txn.get_database_backend(),
        "DELETE FROM cake",
    ))
    .await?;
    txn.rollback().await
}

/// The fields of the spans while `db` works.
async fn spans_of<C: TransactionTrait>(db: &C) -> Result<Vec<(&'static str, Fields)>, DbErr> {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(registry().with(spans.clone()));
    work(db).await?;
    drop(guard);
    let spans = std::mem::take(&mut *spans.0.lock().expect("not poisoned"));
    Ok(spans
        .into_iter()
        .map(|(_, name, fields)| (name, fields))
        .collect())
}

#[tokio::test]
async fn a_transaction_opens_the_spans_that_seaorms_own_opens() -> Result<(), DbErr> {
    let bare = Database::connect("sqlite::memory:").await?;
    let routed = RoutingConnection::from(Database::connect("sqlite::memory:").await?);
    let (mut bare, routed) = (spans_of(&bare).await?, spans_of(&routed).await?);
    // A branch begins with its first statement; its fields are the same.
    assert!(bare.iter().any(|(name, _)| *name == "sea_orm.begin"));
    assert!(
        bare.iter()
            .any(|(_, fields)| fields.contains_key("exception.message"))
    );
    for (name, fields) in &mut bare {
        if matches!(
            *name,
            "sea_orm.begin" | "sea_orm.commit" | "sea_orm.rollback"
        ) {
            fields.remove("db.statement");
        }
    }
    assert_eq!(routed, bare);
    Ok(())
}
