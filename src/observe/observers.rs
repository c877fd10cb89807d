//! The observers of a connection.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwap;

use super::trace;
use super::{Event, EventKind};

/// Receives the events of a connection, from all its handles and transactions.
///
/// An observer runs on the task of the statement: it should be quick, and must not block. The model
/// is the event hooks of SQLAlchemy and Rails.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Whether the observer receives events of this kind; asked once, when it is added. Defaults to
    /// all.
    fn wants(&self, _kind: EventKind) -> bool {
        true
    }

    /// Whether [`Event::Finished`] carries the statement, which is copied for it; asked once, when the
    /// observer is added. Defaults to `false`.
    fn wants_statements(&self) -> bool {
        false
    }

    /// Receives an event.
    fn observe(&self, event: &Event<'_>);
}

/// The observers of a connection, shared by its handles and its monitors; or those of a handle that has
/// one of its own.
#[derive(Debug, Default)]
pub(crate) struct Observers {
    /// The observers of the connection, if these are those of a handle.
    of_connection: Option<Arc<Self>>,
    /// The kinds that some observer wants, so that a statement pays one load if there is none.
    wanted: AtomicU32,
    registered: ArcSwap<Vec<RegisteredObserver>>,
    /// Held while the list is changed.
    writer: Mutex<()>,
}

#[derive(Debug, Clone)]
struct RegisteredObserver {
    wanted: u32,
    observer: Lifetime,
}

#[derive(Debug, Clone)]
enum Lifetime {
    /// As long as the connection lives.
    Always(Arc<dyn Observer>),
    /// As long as its owner keeps it.
    While(Weak<dyn Observer>),
}

impl Observers {
    /// Whether an event of this kind is to be built.
    pub(crate) fn want(&self, kind: EventKind) -> bool {
        self.has(kind) || trace::wants(kind)
    }

    /// Whether the statement is to be kept for [`Event::Finished`].
    pub(crate) fn want_statements(&self) -> bool {
        self.has_bit(STATEMENTS)
    }

    /// Whether an observer, `tracing` aside, wants events of this kind.
    fn has(&self, kind: EventKind) -> bool {
        self.has_bit(kind.bit())
    }

    fn has_bit(&self, bit: u32) -> bool {
        let inherited = self.of_connection.as_ref();
        self.wanted.load(Ordering::Relaxed) & bit != 0
            || inherited.is_some_and(|observers| observers.has_bit(bit))
    }

    /// Reports an event to every observer that wants its kind.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        trace::event(event);
        if let Some(observers) = &self.of_connection {
            observers.report(event);
        }
        self.report(event);
    }

    fn report(&self, event: &Event<'_>) {
        let bit = event.kind().bit();
        if self.wanted.load(Ordering::Relaxed) & bit == 0 {
            return;
        }
        let mut has_gone = false;
        for registered in self.registered.load().iter() {
            if registered.wanted & bit == 0 {
                continue;
            }
            match &registered.observer {
                Lifetime::Always(observer) => observe(&**observer, event),
                Lifetime::While(observer) => match observer.upgrade() {
                    Some(observer) => observe(&*observer, event),
                    None => has_gone = true,
                },
            }
        }
        if has_gone {
            self.change(|_| {});
        }
    }

    /// Observers that stay as long as the connection lives.
    pub(crate) fn of(observers: Vec<Arc<dyn Observer>>) -> Self {
        let list = Self::default();
        list.change(|registered| {
            registered.extend(observers.into_iter().map(|observer| RegisteredObserver {
                wanted: wanted_by(&*observer),
                observer: Lifetime::Always(observer),
            }));
        });
        list
    }

    /// The observers of a handle: those of its connection, and one of its own.
    pub(crate) fn of_handle(all: &Arc<Self>, own: Arc<dyn Observer>) -> Self {
        Self {
            of_connection: Some(Arc::clone(all.of_connection.as_ref().unwrap_or(all))),
            ..Self::of(vec![own])
        }
    }

    /// Adds an observer to the connection for as long as its owner keeps it.
    pub(crate) fn add_while(&self, observer: &Arc<impl Observer + 'static>) {
        let wanted = wanted_by(&**observer);
        let weak = Arc::downgrade(observer);
        let observer = Lifetime::While(weak);
        let all = self.of_connection.as_deref().unwrap_or(self);
        all.change(|list| list.push(RegisteredObserver { wanted, observer }));
    }

    /// Changes the list, and removes observers whose owner was dropped.
    fn change(&self, change: impl FnOnce(&mut Vec<RegisteredObserver>)) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut registered = (**self.registered.load()).clone();
        change(&mut registered);
        registered.retain(|registered| match &registered.observer {
            Lifetime::Always(_) => true,
            Lifetime::While(observer) => observer.strong_count() > 0,
        });
        let wanted = registered.iter().fold(0, |all, one| all | one.wanted);
        self.registered.store(Arc::new(registered));
        self.wanted.store(wanted, Ordering::Relaxed);
        drop(writer);
    }
}

/// An observer that panics must not keep the connection from doing what the event is about.
fn observe(observer: &dyn Observer, event: &Event<'_>) {
    let observed = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
    if observed.is_err() {
        tracing::error!(target: "sea_orm_routing", ?observer, "an observer panicked");
    }
}

/// The bit of an observer that wants statements, beside the bits of the kinds.
const STATEMENTS: u32 = 1 << 31;

fn wanted_by(observer: &dyn Observer) -> u32 {
    let statements = match observer.wants_statements() {
        true => STATEMENTS,
        false => 0,
    };
    let kinds = EventKind::ALL.into_iter();
    kinds
        .filter(|kind| observer.wants(*kind))
        .fold(statements, |all, kind| all | kind.bit())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::error::{RefusedError, RoutingError};

    #[derive(Debug, Default)]
    struct Count(AtomicU64);

    impl Observer for Count {
        fn wants(&self, kind: EventKind) -> bool {
            kind == EventKind::Refused
        }

        fn observe(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn refuse(observers: &Observers) {
        let error = RoutingError::Refused(RefusedError::NulByte);
        observers.tell(&Event::Refused { error: &error });
    }

    #[test]
    fn an_observer_receives_the_kinds_it_wants() {
        let count = Arc::new(Count::default());
        let observers = Observers::of(vec![count.clone()]);
        assert!(observers.has(EventKind::Refused));
        assert!(!observers.has(EventKind::Decided));
        refuse(&observers);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_observer_that_is_dropped_costs_nothing_from_the_next_event_on() {
        let (observers, count) = (Observers::default(), Arc::new(Count::default()));
        observers.add_while(&count);
        refuse(&observers);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        drop(count);
        refuse(&observers);
        assert!(!observers.has(EventKind::Refused));
    }

    #[derive(Debug)]
    struct Panics;

    impl Observer for Panics {
        fn observe(&self, _: &Event<'_>) {
            panic!("an observer of a test");
        }
    }

    #[test]
    fn an_observer_that_panics_does_not_keep_the_others() {
        let count = Arc::new(Count::default());
        let observers = Observers::of(vec![Arc::new(Panics), count.clone()]);
        refuse(&observers);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn every_kind_has_a_bit_of_its_own() {
        let all = EventKind::ALL
            .iter()
            .fold(0_u32, |all, kind| all | kind.bit());
        assert_eq!(all.count_ones() as usize, EventKind::ALL.len());
        assert_eq!(all & STATEMENTS, 0);
    }
}
