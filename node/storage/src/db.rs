//! The kind of database that it is. Everything else in this folder is the same for both.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use sqlx::{
    PgConnection, PgPool, Postgres, Row as _, Sqlite, SqlitePool,
    pool::PoolConnection,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    database::PostgresDatabase,
    faults::{FaultInjector, StoreCall},
    reach::Reach,
    schema::{self, Schema},
    sqlite_file::SqliteFile,
    untouched,
    version::{self, MigrationMode},
};
use platform::{lock::Lock, private};

/// The database.
#[derive(Clone, Debug)]
pub(super) struct Db {
    pub(super) pools: ConnectionPools,
    pub(super) faults: FaultInjector,
}

/// The connections.
#[derive(Clone, Debug)]
pub(super) enum ConnectionPools {
    Sqlite {
        read: SqlitePool,
        /// One connection: SQLite has one writer, and a queue is better than `SQLITE_BUSY`.
        write: SqlitePool,
        /// Looked at before each call, and after each commit.
        file: SqliteFile,
    },
    Postgres(PgPool, ServerRefusal, Reach),
}

/// The reason that the server that was reached last is none for this node, if so.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerRefusal {
    last: Arc<Lock<Option<String>>>,
    /// True if a statement met a session that is not its connection's own, until each is found to have its own.
    is_pooled: Arc<AtomicBool>,
}

/// A pooler gives one session to several connections in turn: statements of one may be taken for another's.
#[derive(Debug, thiserror::Error)]
#[error("{POOLED}")]
pub(super) struct SharedSession;

impl ServerRefusal {
    pub(super) fn why(&self) -> Option<String> {
        if self.is_pooled.load(Ordering::SeqCst) {
            return Some(POOLED.to_owned());
        }
        self.last.with(|why| why.clone())
    }

    /// Notes what the error of a statement tells of the session that it met.
    pub(super) fn note(&self, error: &sqlx::Error) {
        if meets_a_shared_session(error) && !self.is_pooled.swap(true, Ordering::SeqCst) {
            tracing::error!("{POOLED}");
        }
    }

    /// Refuses, while sessions are found shared.
    pub(super) fn check(&self) -> Result<(), sqlx::Error> {
        match self.is_pooled.load(Ordering::SeqCst) {
            true => Err(sqlx::Error::Configuration(Box::new(SharedSession))),
            false => Ok(()),
        }
    }

    /// Looks, where sessions were found shared, whether each connection has one of its own by now.
    pub(super) async fn look_at_sessions(&self, pool: &PgPool) {
        if !self.is_pooled.load(Ordering::SeqCst) {
            return;
        }
        let looked = tokio::time::timeout(SESSIONS_WITHIN, has_sessions_of_its_own(pool)).await;
        if matches!(looked, Ok(Ok(true))) {
            self.is_pooled.store(false, Ordering::SeqCst);
            tracing::info!("each connection to the database has a session of its own again");
        }
    }

    /// Looks at a server before anything is asked of it. Another may answer at the same address each time: a standby has not
    /// all that was written, and takes nothing.
    async fn look(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let looked = self.look_at_server(connection).await;
        if let Err(error) = &looked {
            self.note(error);
        }
        looked
    }

    async fn look_at_server(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "SELECT pg_is_in_recovery(), (SELECT MIN(name) FROM pg_settings WHERE setting = 'off'
                   AND name IN ('synchronous_commit', 'fsync', 'full_page_writes'))";
        let (follows, lax): (bool, Option<String>) = sqlx::query_as(sql).fetch_one(&mut *connection).await?;
        // As it is now, for as long as this connection stands: it may be turned off beneath a node that runs.
        let pin = "SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false),
                   set_config('idle_in_transaction_session_timeout', $1, false), set_config('lock_timeout', $2, false)";
        let pinned = sqlx::query(pin).bind(LONGEST_IDLE_TRANSACTION).bind(LONGEST_LOCK_WAIT);
        pinned.execute(connection).await?;
        let why = match lax {
            _ if follows => {
                Some("the PostgreSQL server is a standby: it takes no writes, and may not have all of them".into())
            }
            Some(name) => Some(format!(
                "the PostgreSQL server runs with `{name} = off`: what it acknowledges can be lost; turn it on"
            )),
            None => None,
        };
        self.last.with(|last| last.clone_from(&why));
        why.map_or(Ok(()), |why| Err(sqlx::Error::Configuration(why.into())))
    }
}

/// The refusal of a pooler that deals out sessions by the transaction: neither the limits that a connection sets for itself
/// nor its prepared statements would be its own.
const POOLED: &str = "a pooler stands before the PostgreSQL server and gives one session to several connections in turn \
                      (pgbouncer's `pool_mode = transaction` or `statement`): set `pool_mode = session` for this database, or \
                      connect to the server itself";

/// The time that the look at sessions may take.
const SESSIONS_WITHIN: Duration = Duration::from_secs(3);

/// Decides whether an error tells that a statement of ours is met where we prepared none, or is not where we prepared it: the
/// session is another's.
pub(super) fn meets_a_shared_session(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("42P05" | "26000"))
}

/// A transaction.
///
/// Its connection goes back to its pool only after [`Tx::commit`] succeeded. In every other case, a failed statement, a
/// failed commit, a caller that went away, the connection is closed with it: whatever state it was in, no later
/// transaction meets it.
#[derive(Debug)]
pub(super) struct Tx {
    pub(super) connection: TxConnection,
    pub(super) faults: FaultInjector,
    /// The file that it writes to, if it is one.
    file: Option<SqliteFile>,
    /// What is known of the server, if it is one.
    pub(super) refusal: Option<ServerRefusal>,
    is_over: bool,
}

#[derive(Debug)]
pub(super) enum TxConnection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// Runs a query outside a transaction: `reading!(store, sqlx::query_as(sql).bind(x), fetch_all)`.
macro_rules! reading {
    ($store:expr, $query:expr, $run:ident) => {{
        let (call, faults) = ($crate::StoreCall::Read, &$store.db.faults);
        match &$store.db.pools {
            $crate::db::ConnectionPools::Sqlite { read, .. } => match $store.db.look() {
                Ok(()) => faults.around(call, $query.$run(read)).await,
                Err(replaced) => Err(replaced),
            },
            $crate::db::ConnectionPools::Postgres(pool, refusal, reach) => {
                // Boxed: what waits for a server is larger than all else that a caller holds.
                let asked = Box::pin(async {
                    refusal.check()?;
                    let mut connection = reach.connection(pool).await?;
                    let done = $query.$run(&mut *connection).await;
                    $crate::db::let_go(&mut connection, &done);
                    done
                });
                let asked = faults.around(call, reach.answers(asked)).await;
                asked.inspect_err(|error| refusal.note(error))
            }
        }
    }};
}

/// Runs a statement in a transaction: `writing!(tx, sqlx::query(sql).bind(x))`.
macro_rules! writing {
    ($tx:expr, $query:expr) => {{
        let tx: &mut $crate::db::Tx = $tx;
        let call = $crate::StoreCall::Statement;
        match &mut tx.connection {
            $crate::db::TxConnection::Sqlite(on) => tx.faults.around(call, $query.execute(&mut **on)).await.map(drop),
            $crate::db::TxConnection::Postgres(on) => {
                let done = tx.faults.around(call, $query.execute(&mut **on)).await;
                done.map(drop)
                    .inspect_err(|error| $crate::db::note(tx.refusal.as_ref(), error))
            }
        }
    }};
}

/// Runs a query in a transaction: `within!(tx, sqlx::query_as(sql).bind(x), fetch_all)`.
macro_rules! within {
    ($tx:expr, $query:expr, $run:ident) => {{
        let tx: &mut $crate::db::Tx = $tx;
        let call = $crate::StoreCall::Statement;
        match &mut tx.connection {
            $crate::db::TxConnection::Sqlite(on) => tx.faults.around(call, $query.$run(&mut **on)).await,
            $crate::db::TxConnection::Postgres(on) => {
                let found = tx.faults.around(call, $query.$run(&mut **on)).await;
                found.inspect_err(|error| $crate::db::note(tx.refusal.as_ref(), error))
            }
        }
    }};
}

/// Has a connection closed that met a session which is not its own: what it prepared is nowhere.
pub(super) fn let_go<T>(connection: &mut PoolConnection<Postgres>, done: &Result<T, sqlx::Error>) {
    if done.as_ref().is_err_and(meets_a_shared_session) {
        connection.close_on_drop();
    }
}

/// Notes what the error of a statement tells of the session that it met.
pub(super) fn note(refusal: Option<&ServerRefusal>, error: &sqlx::Error) {
    if let Some(refusal) = refusal {
        refusal.note(error);
    }
}

pub(super) use {reading, within, writing};

/// The name of a SQLite store's file in its folder.
pub(super) const FILE: &str = "registry.sqlite";

/// The time for which a PostgreSQL server lets a transaction of ours stand idle. A process that is frozen in the midst of
/// one holds the lease's row; then the server ends its connection, and with it the lock.
const LONGEST_IDLE_TRANSACTION: &str = "5s";

/// The time that a statement waits for a lock: longer than [`LONGEST_IDLE_TRANSACTION`].
const LONGEST_LOCK_WAIT: &str = "15s";

impl Db {
    pub(super) async fn create_sqlite(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        anyhow::ensure!(!file.exists(), "`{}` holds a store already", folder.display());
        // SQLite gives its other files the mode of this one.
        private::new_file(&file)?.sync_all()?;
        let options = sqlite_options(&file);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        version::SQLITE
            .run(&write)
            .await
            .context("the store's tables cannot be made")?;
        write.close().await;
        Self::open_sqlite(folder, MigrationMode::AsItIs).await
    }

    pub(super) async fn open_sqlite(folder: &Path, opening: MigrationMode) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        let shown = folder.display();
        SqliteFile::may_be_opened(folder, matches!(opening, MigrationMode::AsItIs))?;
        let opened = Self::connect_sqlite(&file, opening).await;
        match is_full(folder) {
            true => opened.with_context(|| format!("the disk below `{shown}` is full: make room")),
            false => opened,
        }
    }

    async fn connect_sqlite(file: &Path, opening: MigrationMode) -> anyhow::Result<Self> {
        let options = sqlite_options(file);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        version::sqlite(&write, opening).await?;
        schema::check_sqlite(&write, Schema::expected().await?).await?;
        let held = SqliteFile::hold(file, options.clone()).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await?;
        Ok(ConnectionPools::Sqlite {
            read,
            write,
            file: held,
        }
        .into())
    }

    pub(super) async fn create_postgres(database: &PostgresDatabase) -> anyhow::Result<Self> {
        let (pool, refusal) = postgres(database).await?;
        anyhow::ensure!(
            !has_tables(&pool).await?,
            "the database holds a store already: use an empty one"
        );
        let migrated = version::POSTGRES.run(&pool).await;
        migrated.context("the store's tables cannot be made")?;
        Ok(ConnectionPools::Postgres(pool, refusal, Reach::default()).into())
    }

    pub(super) async fn open_postgres(database: &PostgresDatabase, opening: MigrationMode) -> anyhow::Result<Self> {
        let (pool, refusal) = postgres(database).await?;
        anyhow::ensure!(
            has_tables(&pool).await?,
            "the database holds no store: if it is lost, get back from peers what they hold with `comityd rebuild`; make a new agency's \
             with `comityd init --database`"
        );
        version::postgres(&pool, opening).await?;
        schema::check_postgres(&pool, Schema::expected().await?).await?;
        Ok(ConnectionPools::Postgres(pool, refusal, Reach::default()).into())
    }

    /// A transaction that writes.
    pub(super) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        // A deferred transaction that reads and then writes fails at once if somebody else committed meanwhile.
        self.transaction("BEGIN IMMEDIATE", "BEGIN", true).await
    }

    /// A transaction that only reads, and sees one moment.
    pub(super) async fn snapshot(&self) -> Result<Tx, sqlx::Error> {
        // It holds no lock that anybody waits for, and building documents between two of its queries may take a while.
        let postgres = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                        SET LOCAL idle_in_transaction_session_timeout = '10min'";
        self.transaction("BEGIN", postgres, false).await
    }

    async fn transaction(&self, sqlite: &'static str, postgres: &'static str, writes: bool) -> Result<Tx, sqlx::Error> {
        let begun = async {
            self.look()?;
            let connection = match &self.pools {
                ConnectionPools::Sqlite { read, write, .. } => {
                    let pool = if writes { write } else { read };
                    TxConnection::Sqlite(pool.acquire().await?)
                }
                ConnectionPools::Postgres(pool, refusal, reach) => {
                    refusal.check()?;
                    TxConnection::Postgres(reach.connection(pool).await?)
                }
            };
            let mut tx = Tx {
                connection,
                faults: self.faults.clone(),
                file: self.file().filter(|_| writes).cloned(),
                refusal: self.server_refusal().cloned(),
                is_over: false,
            };
            match &mut tx.connection {
                TxConnection::Sqlite(on) => sqlx::raw_sql(sqlite).execute(&mut **on).await.map(drop)?,
                TxConnection::Postgres(on) => sqlx::raw_sql(postgres).execute(&mut **on).await.map(drop)?,
            }
            Ok(tx)
        };
        self.faults.around(StoreCall::Begin, begun).await
    }

    pub(super) const fn file(&self) -> Option<&SqliteFile> {
        match &self.pools {
            ConnectionPools::Sqlite { file, .. } => Some(file),
            ConnectionPools::Postgres(..) => None,
        }
    }

    const fn server_refusal(&self) -> Option<&ServerRefusal> {
        match &self.pools {
            ConnectionPools::Sqlite { .. } => None,
            ConnectionPools::Postgres(_, refusal, _) => Some(refusal),
        }
    }

    /// Refuses, where sessions of the server are shared.
    pub(super) fn has_own_sessions(&self) -> Result<(), sqlx::Error> {
        self.server_refusal().map_or(Ok(()), ServerRefusal::check)
    }

    /// Refuses, where the database's file is another one than this process has open: a new connection would be to that one.
    pub(super) fn look(&self) -> Result<(), sqlx::Error> {
        self.file().map_or(Ok(()), |file| refuse_another(file, &self.faults))
    }

    /// Returns the reason that the server that was reached last is none for this node, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.server_refusal().and_then(ServerRefusal::why)
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.pools {
            ConnectionPools::Sqlite { write, .. } => write.is_closed(),
            ConnectionPools::Postgres(pool, ..) => pool.is_closed(),
        }
    }

    pub(super) async fn close(&self) {
        match &self.pools {
            ConnectionPools::Sqlite { read, write, file } => {
                read.close().await;
                write.close().await;
                file.close().await;
            }
            ConnectionPools::Postgres(pool, ..) => pool.close().await,
        }
    }
}

impl From<ConnectionPools> for Db {
    fn from(pools: ConnectionPools) -> Self {
        Self {
            pools,
            faults: FaultInjector::default(),
        }
    }
}

impl Tx {
    /// Commits. After an error, whether it was committed is not known.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.commit_as(StoreCall::Commit).await
    }

    /// Commits, as [`Tx::commit`] does, in a call of this kind.
    pub(super) async fn commit_as(mut self, call: StoreCall) -> Result<(), sqlx::Error> {
        let faults = self.faults.clone();
        let committed = async {
            // What is written now would make a file that was cut short as long as it was, with a hole in it.
            self.look()?;
            match &mut self.connection {
                // The time goes into the transaction, for nobody else can write it beside what the system says of the file.
                TxConnection::Sqlite(on) if self.file.is_some() => {
                    let sql = format!("UPDATE lease SET renewed_at = {}; COMMIT", untouched::now_ms());
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                        .execute(&mut **on)
                        .await
                        .map(drop)
                }
                TxConnection::Sqlite(on) => sqlx::raw_sql("COMMIT").execute(&mut **on).await.map(drop),
                TxConnection::Postgres(on) => sqlx::raw_sql("COMMIT").execute(&mut **on).await.map(drop),
            }
        };
        faults.around(call, committed).await?;
        self.is_over = true;
        // It is in the file that is open; whether anybody finds it there again is not known, if the file has no name any more.
        self.look()
    }

    fn look(&self) -> Result<(), sqlx::Error> {
        let file = self.file.as_ref();
        file.map_or(Ok(()), |file| refuse_another(file, &self.faults))
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.is_over && !crate::driver_mutant!(self.faults, KeepsConnections) {
            match &mut self.connection {
                TxConnection::Sqlite(on) => on.close_on_drop(),
                TxConnection::Postgres(on) => on.close_on_drop(),
            }
        }
    }
}

#[cfg_attr(
    not(debug_assertions),
    expect(unused_variables, reason = "a test takes the defense away")
)]
fn refuse_another(file: &SqliteFile, faults: &FaultInjector) -> Result<(), sqlx::Error> {
    if crate::driver_mutant!(faults, TrustsItsFile) {
        return Ok(());
    }
    file.look()
        .map_err(|replaced| sqlx::Error::Configuration(replaced.into()))
}

/// The least room, in bytes, without which a disk is called full: SQLite's smallest files need as much.
const LEAST_ROOM: u64 = 65_536;

/// Returns true if the disk of a folder is full, as far as the system says.
fn is_full(folder: &Path) -> bool {
    let disk = rustix::fs::statvfs(folder);
    disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM)
}

fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is expunged or sealed is overwritten, not only let go of.
        .pragma("secure_delete", "ON")
        .busy_timeout(Duration::from_secs(10))
}

async fn postgres(database: &PostgresDatabase) -> anyhow::Result<(PgPool, ServerRefusal)> {
    // Nothing that a pooler in session mode refuses; what holds for a connection is set once it stands.
    let options = database.options().extra_float_digits(None);
    let refusal = ServerRefusal::default();
    let looking = refusal.clone();
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |connection, _| {
            let looking = looking.clone();
            Box::pin(async move { looking.look(connection).await })
        })
        .connect_with(options)
        .await;
    match (pool, refusal.why()) {
        (Ok(pool), _) => {
            let is_pooled = matches!(has_sessions_of_its_own(&pool).await, Ok(false));
            anyhow::ensure!(!is_pooled, POOLED);
            // The second connection may be the first that is refused.
            refusal.why().map_or(Ok(()), |why| Err(anyhow::anyhow!(why)))?;
            Ok((pool, refusal))
        }
        (Err(_), Some(why)) => anyhow::bail!(why),
        (Err(error), None) => Err(error).context(
            "the PostgreSQL database cannot be reached: is its URL right, does the server run, and is its certificate one that \
             this node trusts (`?sslrootcert=FILE` in the URL, `database_tls`)?",
        ),
    }
}

/// Checks that each connection is a session of the server's for as long as it stands. Behind a pooler that deals out
/// sessions by the transaction, two that are both idle are given the same one.
async fn has_sessions_of_its_own(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut both = [pool.acquire().await?, pool.acquire().await?];
    for _ in 0..3 {
        let mut sessions = Vec::with_capacity(2);
        for one in &mut both {
            // Not as a prepared statement, which is what such a pooler loses.
            let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(&mut **one).await?;
            sessions.push(row.try_get::<i32, _>(0)?);
        }
        if sessions.first() == sessions.last() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns true if any table of a store is there: one may be gone.
async fn has_tables(pool: &PgPool) -> anyhow::Result<bool> {
    let tables = Schema::expected().await?.columns();
    let tables: Vec<String> = tables.map(|(table, _)| table.to_owned()).collect();
    let (there,): (bool,) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM unnest($1::text[]) AS t (name) WHERE to_regclass(t.name) IS NOT NULL)",
    )
    .bind(tables)
    .fetch_one(pool)
    .await?;
    Ok(there)
}
