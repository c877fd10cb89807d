//! Views of a transaction with a scope of their own.

use sea_orm::{DbErr, EntityTrait, QueryTrait, Statement, TransactionOptions};

use super::RoutingTransaction;
use crate::dispatch::{
    Action, Answer, Core, Dispatch, Explained, Raw, Scopes, Source, connection_trait,
};
use crate::error::RoutingError;
use crate::name::TableName;
use crate::route::Route;
use crate::scope::Scope;

/// A view of a transaction with a scope of its own, which `txn.using(..)`, `txn.for_entity(..)` and the
/// other scopes return. It runs in the same transaction.
#[derive(Debug)]
pub struct ScopedTransaction<'t> {
    transaction: &'t RoutingTransaction,
    scope: Scope,
}

impl<'t> ScopedTransaction<'t> {
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn core(&self) -> &Core {
        self.transaction.core()
    }

    pub(super) fn whole(&self) -> &'t RoutingTransaction {
        self.transaction
    }

    pub(super) fn nested(
        &self,
        scope: Scope,
        options: TransactionOptions,
    ) -> Result<RoutingTransaction, DbErr> {
        self.transaction.nested(scope, options)
    }
}

impl RoutingTransaction {
    pub(super) fn whole(&self) -> &Self {
        self
    }
}

/// The scopes of a handle, on a transaction or a view of one, whose views live for `$life`.
macro_rules! scopes {
    ([$($generics:tt)*] $type:ty, $life:lifetime) => {
        /// Scopes: views of the transaction. Each can be narrowed further.
        impl<$($generics)*> $type {
            /// Returns a view for one database, by its name or by the name of its primary.
            ///
            /// # Errors
            ///
            /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode), which
            /// lists the declared names.
            pub fn using(&self, name: &str) -> Result<ScopedTransaction<$life>, RoutingError> {
                self.scopes().using(name).map(|scope| self.scoped(scope))
            }

            /// Returns a view for the database of an entity, which speaks its dialect.
            ///
            /// # Errors
            ///
            /// [`BindingError::Unbound`](crate::error::BindingError::Unbound) if the entity has no
            /// binding and unbound tables are
            /// refused.
            pub fn for_entity<E: EntityTrait>(
                &self,
                entity: E,
            ) -> Result<ScopedTransaction<$life>, RoutingError> {
                self.scopes()
                    .for_entity(entity)
                    .map(|scope| self.scoped(scope))
            }

            /// Returns a view that refuses everything but proven reads. The server does not: what the text
            /// does not show may write, as in the rest of the transaction.
            #[must_use]
            pub fn read_only(&self) -> ScopedTransaction<$life> {
                self.scoped(Scope {
                    read_only: true,
                    ..self.scope().clone()
                })
            }

            /// Returns a view with more bindings, which win over the declared ones.
            ///
            /// # Errors
            ///
            /// [`BindingError::UnknownBindingTarget`](crate::error::BindingError::UnknownBindingTarget)
            /// for a database that is not declared.
            pub fn with_bindings<I, T, D>(
                &self,
                bindings: I,
            ) -> Result<ScopedTransaction<$life>, RoutingError>
            where
                I: IntoIterator<Item = (T, D)>,
                T: Into<TableName>,
                D: AsRef<str>,
            {
                self.scopes()
                    .with_bindings(bindings)
                    .map(|scope| self.scoped(scope))
            }

            /// Explains where a query would go in this transaction, and why. Nothing is sent.
            ///
            /// # Errors
            ///
            /// The error that running it would give before anything is sent.
            pub fn explain<Q: QueryTrait + Sync>(&self, query: &Q) -> Result<Route, DbErr> {
                self.whole().explained(self.scope(), Explained(query))
            }

            /// Explains where a text would go in this transaction, and why. Nothing is sent.
            ///
            /// # Errors
            ///
            /// The error that running it would give before anything is sent.
            pub fn explain_sql(&self, sql: &str) -> Result<Route, DbErr> {
                let statement = Statement::from_string(self.scope().dialect, sql);
                self.whole().explained(self.scope(), Raw(Some(statement)))
            }

            fn scoped(&self, scope: Scope) -> ScopedTransaction<$life> {
                ScopedTransaction {
                    transaction: self.whole(),
                    scope,
                }
            }

            fn scopes(&self) -> Scopes<'_> {
                Scopes {
                    core: self.core(),
                    scope: self.scope(),
                }
            }
        }
    };
}

scopes!([] RoutingTransaction, '_);
scopes!(['t] ScopedTransaction<'t>, 't);

connection_trait!(ScopedTransaction<'_>);

impl Dispatch for ScopedTransaction<'_> {
    fn core(&self) -> &Core {
        self.transaction.core()
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output> {
        Box::pin(self.transaction.send::<A, S>(&self.scope, source))
    }
}
