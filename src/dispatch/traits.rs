//! `ConnectionTrait`, one line each: everything happens in the dispatch.

/// Implements `ConnectionTrait` for something that dispatches.
///
/// Written out as `async_trait` would write it, but without its box: the dispatch returns one.
macro_rules! connection_trait {
    ($type:ty) => {
        impl sea_orm::ConnectionTrait for $type {
            fn get_database_backend(&self) -> sea_orm::DbBackend {
                self.scope().dialect
            }

            $crate::dispatch::raw_method!(execute_raw, Execute, sea_orm::ExecResult);
            $crate::dispatch::raw_method!(query_one_raw, QueryOne, Option<sea_orm::QueryResult>);
            $crate::dispatch::raw_method!(query_all_raw, QueryAll, Vec<sea_orm::QueryResult>);
            $crate::dispatch::built_method!(execute, Execute, sea_orm::ExecResult);
            $crate::dispatch::built_method!(query_one, QueryOne, Option<sea_orm::QueryResult>);
            $crate::dispatch::built_method!(query_all, QueryAll, Vec<sea_orm::QueryResult>);

            fn execute_unprepared<'a, 's, 'f>(
                &'a self,
                sql: &'s str,
            ) -> $crate::dispatch::Answer<'f, sea_orm::ExecResult>
            where
                'a: 'f,
                's: 'f,
                Self: 'f,
            {
                self.dispatch::<$crate::dispatch::Unprepared, _>($crate::dispatch::UnpreparedText(
                    sql,
                ))
            }

            /// sea-query renders no RETURNING for MySQL, whatever SeaORM's feature says.
            fn support_returning(&self) -> bool {
                let dialect = self.scope().dialect;
                dialect != sea_orm::DbBackend::MySql && dialect.support_returning()
            }

            fn is_mock_connection(&self) -> bool {
                self.core().is_mock()
            }
        }
    };
}

/// A method of `ConnectionTrait` that takes a statement.
macro_rules! raw_method {
    ($method:ident, $action:ident, $output:ty) => {
        fn $method<'a, 'f>(
            &'a self,
            statement: sea_orm::Statement,
        ) -> $crate::dispatch::Answer<'f, $output>
        where
            'a: 'f,
            Self: 'f,
        {
            self.dispatch::<$crate::dispatch::$action, _>($crate::dispatch::Raw(Some(statement)))
        }
    };
}

/// A method of `ConnectionTrait` that takes a builder.
macro_rules! built_method {
    ($method:ident, $action:ident, $output:ty) => {
        fn $method<'a, 's, 'f, S>(
            &'a self,
            statement: &'s S,
        ) -> $crate::dispatch::Answer<'f, $output>
        where
            'a: 'f,
            's: 'f,
            S: sea_orm::StatementBuilder + 'f,
            Self: 'f,
        {
            self.dispatch::<$crate::dispatch::$action, _>($crate::dispatch::Built(statement))
        }
    };
}

pub(crate) use {built_method, connection_trait, raw_method};
