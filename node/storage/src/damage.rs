//! The meaning of the store's errors: it is damaged, or away.

use std::error::Error;

use super::{
    FileReplaced, SchemaGap, StoreError,
    db::{SharedSession, meets_a_shared_session},
};

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Configuration(why) = &error
            && let Some(replaced) = why.downcast_ref::<FileReplaced>()
        {
            return Self::FileReplaced(replaced.clone());
        }
        let is_shared = matches!(&error, sqlx::Error::Configuration(why) if why.is::<SharedSession>());
        if is_shared || meets_a_shared_session(&error) {
            return Self::Refused(SharedSession.to_string());
        }
        SchemaGap::told_by(&error).map_or(Self::Database(error), Self::SchemaIncomplete)
    }
}

/// Returns true if an error tells that the store answers, and what it holds cannot be right.
pub fn tells_damage(error: &(dyn Error + 'static)) -> bool {
    if let Some(refused) = error.downcast_ref() {
        return match refused {
            StoreError::Unreadable(_) => true,
            StoreError::Database(error) => is_of_damage(error),
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

/// Returns true if an error of SQLite tells that a file ends before what should be in it: it is damaged, is no database, or
/// was read too short.
pub(super) fn speaks_of_lost_pages(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["11", "26", "522"].contains(&code.as_ref()))
}

/// Returns true if an error tells that what lies in the store's place is no database.
pub fn tells_that_it_is_none(error: &(dyn Error + 'static)) -> bool {
    let of_driver = match error.downcast_ref() {
        Some(StoreError::Database(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    let code = of_driver
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code());
    code.is_some_and(|code| code == "26")
}

impl StoreError {
    /// Says why the store cannot be used, in words that tell neither statements nor paths; none where there are no such
    /// words.
    pub fn class(&self) -> Option<&'static str> {
        use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        const SILENT: &str = "its database does not answer";
        match self {
            Self::Refused(_) => Some("its database does not answer, or is none that may be written to"),
            Self::Database(Io(_) | PoolClosed | PoolTimedOut | Protocol(_) | Tls(_) | WorkerCrashed) => Some(SILENT),
            Self::Database(Database(error)) => of_code(error.code()?.as_ref()),
            _ => None,
        }
    }
}

/// Says what the code of a database's own error means: SQLite's are numbers, whose last byte is the class; PostgreSQL's have
/// five characters, of which the first two are.
fn of_code(code: &str) -> Option<&'static str> {
    let is_number = code.len() < 5;
    let number = code.parse::<u32>().ok().filter(|_| is_number).map(|code| code & 0xff);
    match (number, code.get(..2)) {
        (Some(13), _) => Some("the disk of its database is full"),
        (Some(5 | 6), _) => Some("something else holds its database"),
        (Some(8), _) => Some("its database may not be written to"),
        (Some(10 | 14), _) => Some("the files of its database cannot be used"),
        (None, _) if code == "53100" => Some("the disk of its database is full"),
        (None, Some("08" | "53" | "57")) => Some("its database does not answer"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_store_away_is_told_by_its_class_alone() {
        let away = |error| StoreError::Database(error).class();
        assert_eq!(away(sqlx::Error::PoolTimedOut), Some("its database does not answer"));
        let broken = std::io::Error::other("/var/lib/comity");
        assert_eq!(away(sqlx::Error::Io(broken)), Some("its database does not answer"));
        assert_eq!(away(sqlx::Error::RowNotFound), None);
        for full in ["13", "53100"] {
            assert_eq!(of_code(full), Some("the disk of its database is full"), "{full}");
        }
        assert_eq!(of_code("57P01"), Some("its database does not answer"));
        assert_eq!(
            of_code("778"),
            Some("the files of its database cannot be used"),
            "an extended code"
        );
        assert_eq!(of_code("23505"), None);
    }
}
