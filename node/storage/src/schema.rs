//! The tables and columns on which this program's statements rest, compared with those that are there.
//!
//! What is expected is what the migrations make: they are run on an empty SQLite in memory, once in a process, and a test finds
//! that PostgreSQL's make the same. Somebody may drop or rename one under a running node, or between two starts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
    time::Duration,
};

use sqlx::{PgConnection, PgPool, SqlitePool, error::DatabaseError, migrate::Migrator, sqlite::SqlitePoolOptions};
use tokio::sync::watch;

use super::{
    Store, StoreError,
    db::{ConnectionPools, Db, let_go},
    reach::Reach,
    version,
};

/// The pause between two looks at whether the store answers and has its tables.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The pause before the next look at a store that was found wanting.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The tables of a store, with the columns of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Schema(BTreeMap<String, BTreeSet<String>>);

/// A table and one of its columns, as a database gives them.
pub(super) type SchemaRow = (String, String);

/// All of SQLite's tables and their columns.
const SQLITE_TABLES: &str = "SELECT tables.name, columns.name FROM sqlite_schema AS tables
                             JOIN pragma_table_info(tables.name) AS columns
                             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Those columns of what is asked for that PostgreSQL does not have, where this node's statements look for them.
const POSTGRES_MISSING: &str = "SELECT wanted.of, wanted.name FROM unnest($1::text[], $2::text[]) AS wanted (of, name)
     WHERE NOT EXISTS (
         SELECT 1 FROM pg_catalog.pg_class AS tables JOIN pg_catalog.pg_attribute AS columns ON columns.attrelid = tables.oid
         WHERE tables.relname = wanted.of AND tables.relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(tables.oid)
             AND pg_catalog.has_table_privilege(tables.oid, 'SELECT')
             AND columns.attname = wanted.name AND columns.attnum > 0 AND NOT columns.attisdropped)";

static EXPECTED: OnceLock<Schema> = OnceLock::new();

impl Schema {
    /// The tables that this program's statements rest on.
    ///
    /// # Errors
    /// If SQLite does not make them in memory.
    pub(super) async fn expected() -> Result<&'static Self, sqlx::Error> {
        // What two make at once is the same.
        if let Some(expected) = EXPECTED.get() {
            return Ok(expected);
        }
        let made = Self::made_by(&version::SQLITE).await?;
        Ok(EXPECTED.get_or_init(|| made))
    }

    /// The tables that these migrations make.
    pub(super) async fn made_by(migrations: &Migrator) -> Result<Self, sqlx::Error> {
        let memory = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:");
        let memory = memory.await?;
        migrations.run(&memory).await?;
        let rows: Vec<SchemaRow> = sqlx::query_as(SQLITE_TABLES).fetch_all(&memory).await?;
        memory.close().await;
        Ok(rows.into_iter().collect())
    }

    /// Each column, with its table.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        let tables = self.0.iter();
        tables.flat_map(|(table, columns)| columns.iter().map(move |column| (table.as_str(), column.as_str())))
    }

    /// The part of this schema that a SQLite database does not have.
    pub(super) async fn missing_in_sqlite(&self, pool: &SqlitePool) -> Result<Option<SchemaGap>, sqlx::Error> {
        let rows: Vec<SchemaRow> = sqlx::query_as(SQLITE_TABLES).fetch_all(pool).await?;
        let there: Self = rows.into_iter().collect();
        let has = |table: &str, column: &str| there.0.get(table).is_some_and(|columns| columns.contains(column));
        let missing = self.columns().filter(|(table, column)| !has(table, column));
        Ok(self.gap(
            missing
                .map(|(table, column)| (table.to_owned(), column.to_owned()))
                .collect(),
        ))
    }

    /// The part of this schema that a PostgreSQL database does not have.
    pub(super) async fn missing_in_postgres(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<SchemaGap>, sqlx::Error> {
        let wanted = self
            .columns()
            .map(|(table, column)| (table.to_owned(), column.to_owned()));
        let (tables, columns): (Vec<String>, Vec<String>) = wanted.unzip();
        let missing = sqlx::query_as(POSTGRES_MISSING).bind(tables).bind(columns);
        Ok(self.gap(missing.fetch_all(connection).await?))
    }

    async fn missing_at(&self, pool: &PgPool, reach: &Reach, is_trial: bool) -> Result<Option<SchemaGap>, sqlx::Error> {
        let mut connection = match is_trial {
            true => reach.trial(pool).await?,
            false => reach.connection(pool).await?,
        };
        let missing = self.missing_in_postgres(&mut connection).await;
        let_go(&mut connection, &missing);
        missing
    }

    /// Makes a gap of the columns that are missing: a table without any is missing itself.
    fn gap(&self, missing: Vec<SchemaRow>) -> Option<SchemaGap> {
        let missing: Self = missing.into_iter().collect();
        let parts = missing.0.into_iter().flat_map(|(table, columns)| {
            if self.0.get(&table) == Some(&columns) {
                return vec![MissingPart::Table(table)];
            }
            let of = |column| MissingPart::Column(Some(table.clone()), column);
            columns.into_iter().map(of).collect()
        });
        let parts: Vec<MissingPart> = parts.collect();
        (!parts.is_empty()).then_some(SchemaGap(parts))
    }
}

impl FromIterator<SchemaRow> for Schema {
    fn from_iter<I: IntoIterator<Item = SchemaRow>>(rows: I) -> Self {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (table, column) in rows {
            tables.entry(table).or_default().insert(column);
        }
        Self(tables)
    }
}

/// A part of the schema that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum MissingPart {
    Table(String),
    /// A column, and its table where that is known.
    Column(Option<String>, String),
    /// One that the database's error does not name.
    Unnamed,
}

impl fmt::Display for MissingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => write!(f, "the table `{table}`"),
            Self::Column(Some(table), column) => write!(f, "the column `{column}` of the table `{table}`"),
            Self::Column(None, column) => write!(f, "the column `{column}`"),
            Self::Unnamed => write!(f, "a table or column"),
        }
    }
}

/// The parts of the schema that are not there, or that this node's role may not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaGap(Vec<MissingPart>);

/// Most parts that are named in one sentence.
const MOST_NAMED: usize = 8;

impl fmt::Display for SchemaGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> = self.0.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        write!(f, "the store lacks {}", named.join(", "))?;
        let more = self.0.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(
            f,
            ": somebody dropped or renamed it, or the database's role may not read it. Give it its name or its rights back, or stop the \
             node and put the last backup in the store's place; without one, move the store away (`registry.sqlite*`; with PostgreSQL, \
             name an empty database) and begin again from the peers with `comityd rebuild`. `comityd repair` does not mend this \
             (ops/RUNBOOK.md, *A table of the store is missing*)"
        )
    }
}

impl std::error::Error for SchemaGap {}

impl SchemaGap {
    /// Returns what is missing by the error of a statement; none, if it is no such error.
    pub(super) fn told_by(error: &sqlx::Error) -> Option<Self> {
        let error = error.as_database_error()?;
        let is_of_column = tells_of_the_schema(error)?;
        let words = error.message().split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        // In whatever language a server speaks: what it names is one of ours.
        let Some(expected) = EXPECTED.get() else {
            return Some(Self(vec![MissingPart::Unnamed]));
        };
        let table = words.iter().find(|word| expected.0.contains_key(**word));
        let table = table.map(|table| (*table).to_owned());
        let is_column = |word: &&&str| {
            let mut tables = expected
                .0
                .iter()
                .filter(|(name, _)| table.as_ref().is_none_or(|table| table == *name));
            tables.any(|(_, columns)| columns.contains(**word))
        };
        let column = words.iter().filter(|_| is_of_column).find(is_column);
        Some(Self(vec![match (table, column) {
            (table, Some(column)) => MissingPart::Column(table, (*column).to_owned()),
            (Some(table), None) => MissingPart::Table(table),
            (None, None) => MissingPart::Unnamed,
        }]))
    }

    /// Returns true if nothing of a store is there.
    pub(super) fn is_of_everything(&self) -> bool {
        let tables = self
            .0
            .iter()
            .filter(|part| matches!(part, MissingPart::Table(_)))
            .count();
        EXPECTED.get().is_some_and(|expected| tables == expected.0.len())
    }
}

/// Decides whether an error tells that something of the schema is not there, or may not be used; gives whether that is a column.
fn tells_of_the_schema(error: &dyn DatabaseError) -> Option<bool> {
    match error.code().as_deref() {
        // No such schema or table, or no right to it; no such column.
        Some("3F000" | "42P01" | "42501") => Some(false),
        Some("42703") => Some(true),
        // SQLite has one code for all that is wrong about a statement.
        Some("1") => {
            let said = error.message();
            let is_of_column = said.contains("no such column") || said.contains("has no column named");
            (is_of_column || said.contains("no such table")).then_some(is_of_column)
        }
        _ => None,
    }
}

/// Refuses a SQLite database that does not have these tables.
pub(super) async fn check_sqlite(pool: &SqlitePool, expected: &Schema) -> Result<(), StoreError> {
    let gap = expected.missing_in_sqlite(pool).await?;
    gap.map_or(Ok(()), |gap| Err(StoreError::SchemaIncomplete(gap)))
}

/// Refuses a PostgreSQL database that does not have these tables.
pub(super) async fn check_postgres(pool: &PgPool, expected: &Schema) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let gap = expected.missing_in_postgres(&mut connection).await?;
    gap.map_or(Ok(()), |gap| Err(StoreError::SchemaIncomplete(gap)))
}

impl Db {
    /// Looks whether the tables are there; a trial, even at a server that is known not to answer.
    async fn schema_gap(&self, is_trial: bool) -> Result<Option<SchemaGap>, sqlx::Error> {
        let expected = Schema::expected().await?;
        match &self.pools {
            ConnectionPools::Sqlite { read, .. } => {
                self.look()?;
                expected.missing_in_sqlite(read).await
            }
            ConnectionPools::Postgres(pool, refusal, reach) => {
                let asked = expected.missing_at(pool, reach, is_trial);
                let asked = reach.answers(asked).await;
                asked.inspect_err(|error| refusal.note(error))
            }
        }
    }
}

impl Store {
    /// Checks that all tables and columns are there on which this program's statements rest, by one query.
    ///
    /// # Errors
    /// [`StoreError::SchemaIncomplete`], if one is not; [`StoreError`], if it cannot be looked up.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        self.compare_schema(false).await
    }

    async fn compare_schema(&self, is_trial: bool) -> Result<(), StoreError> {
        let gap = self.db.schema_gap(is_trial).await?;
        self.schema_gap.with(|known| {
            match (&*known, &gap) {
                (None, Some(gap)) => tracing::error!("{gap}"),
                (Some(_), None) => tracing::info!("the store has all of its tables again"),
                _ => {}
            }
            known.clone_from(&gap);
        });
        gap.map_or(Ok(()), |gap| Err(StoreError::SchemaIncomplete(gap)))
    }

    /// Looks whether the store answers and has its tables, again and again until the node stops: what it finds is known to
    /// whoever would use the store.
    pub async fn watch(self, mut stop: watch::Receiver<bool>) {
        loop {
            let pause = match self.probe().await {
                Ok(()) => LOOK_EVERY,
                Err(_) => LOOK_AGAIN,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`StoreError`], if it does not answer, or something is missing.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match &self.db.pools {
            ConnectionPools::Sqlite { .. } => self.compare_schema(true).await,
            ConnectionPools::Postgres(pool, refusal, reach) => {
                let checked = reach.within_patience(self.compare_schema(true)).await;
                refusal.look_at_sessions(pool).await;
                checked.unwrap_or_else(|| Err(sqlx::Error::PoolTimedOut.into()))
            }
        }
    }
}
