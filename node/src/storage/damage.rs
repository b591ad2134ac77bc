//! Errors that speak of a damaged store, and not of one that is away.

use std::error::Error;

use super::Unavailable;

/// Whether an error tells that the store answers, and what it holds cannot be right.
pub(crate) fn tells_damage(error: &(dyn Error + 'static)) -> bool {
    if let Some(refused) = error.downcast_ref() {
        return match refused {
            Unavailable::Unreadable(_) => true,
            Unavailable::Database(error) => is_of_damage(error),
            _ => false,
        };
    }
    error.is::<sqlx::migrate::MigrateError>() || error.downcast_ref().is_some_and(is_of_damage)
}

fn is_of_damage(error: &sqlx::Error) -> bool {
    use sqlx::Error::{ColumnDecode, ColumnNotFound, Database, Decode, RowNotFound};
    match error {
        RowNotFound | ColumnNotFound(_) | ColumnDecode { .. } | Decode(_) => true,
        // 11 and 26: the file is damaged, or is no database. XX001, XX002: so are a page or an index.
        Database(error) => error
            .code()
            .is_some_and(|code| ["11", "26", "XX001", "XX002"].contains(&code.as_ref())),
        _ => false,
    }
}
