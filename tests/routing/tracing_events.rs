//! What `tracing` receives: one event for each statement.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock};

type Fields = BTreeMap<String, String>;

/// The events of the routing layer on this thread.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<(Level, Fields)>>>);

struct Fill(Fields);

impl Visit for Fill {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sea_orm_routing" {
            let mut fields = Fill(Fields::new());
            event.record(&mut fields);
            let level = *event.metadata().level();
            self.0.lock().expect("not poisoned").push((level, fields.0));
        }
    }
}

impl Events {
    fn start() -> (Self, DefaultGuard) {
        let events = Self::default();
        let subscriber = registry().with(events.clone());
        (events, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> Vec<(Level, Fields)> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}

#[tokio::test]
async fn each_statement_is_one_event() -> Result {
    let shop = Shop::open().await?;
    let (events, _guard) = Events::start();
    add_category(&shop.db, "Tea").await?;
    assert_eq!(events.take().len(), 1);
    category::Entity::find().count(&shop.db).await?;
    assert_eq!(events.take().len(), 1);
    drop(category::Entity::find().stream(&shop.db).await?);
    assert_eq!(events.take().len(), 1);

    let txn = shop.db.begin().await?;
    add_stock(&txn, 1, 12).await?;
    let nested = txn.begin().await?;
    stock::Entity::find().count(&nested).await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(events.take().len(), 2);

    shop.db.explain(&category::Entity::find())?;
    shop.db
        .explain_sql("SELECT * FROM category, stock")
        .expect_err("refused");
    assert!(events.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_event_names_the_route() -> Result {
    let shop = Shop::open().await?;
    let (events, _guard) = Events::start();
    stock::Entity::find().count(&shop.db).await?;
    let (level, fields) = events.take().pop().expect("an event");
    assert_eq!(level, Level::DEBUG);
    for (field, value) in [
        ("database", "warehouse"),
        ("node", "warehouse/2"),
        ("role", "replica"),
        ("access", "a read"),
        ("tables", "stock"),
        ("summary", "a read stock"),
        ("why_role", "it is a read"),
        ("message", "routed"),
    ] {
        assert_eq!(
            fields.get(field).map(String::as_str),
            Some(value),
            "{field} in {fields:?}"
        );
    }
    Ok(())
}
