"""What a node's store holds: the tables of node/storage/migrations, of SQLite or PostgreSQL, read in one transaction."""

from __future__ import annotations

import sqlite3
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

TABLES = {
    "key_logs": "agency, entries",
    "envelopes": "hash, agency, bytes",
    "heartbeats": "agency, writer, bytes",
    "entries": "agency, document, name, surviving",
    "checkpoints": "agency, bytes, pages",
    "checkpoint_pages": "agency, number, bytes",
    "held": "agency, bytes",
    "peers": "agency, ticket, expelled_at, left_at, unpinned_at",
}
ORDER = {"envelopes": " ORDER BY position", "checkpoint_pages": " ORDER BY agency, number"}


class NoStore(Exception):
    """There is no store that can be read."""


@dataclass
class Store:
    """The rows of the tables; a table that this version of the store lacks is empty."""

    rows: dict[str, list[tuple]] = field(default_factory=dict)

    def __getitem__(self, table: str) -> list[tuple]:
        return self.rows.get(table, [])


def _plain(value):
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


def read_sqlite(path: str) -> Store:
    if not Path(path).is_file():
        raise NoStore(f"there is no file `{path}`")
    # not `immutable`: a node may be writing, and what it committed can still stand in the write-ahead log
    connection = sqlite3.connect(f"file:{urllib.parse.quote(str(Path(path).resolve()))}?mode=ro", uri=True, timeout=10)
    try:
        connection.execute("BEGIN")
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return Store({
            table: connection.execute(f"SELECT {columns} FROM {table}{ORDER.get(table, '')}").fetchall()
            for table, columns in TABLES.items() if table in present
        })
    except sqlite3.Error as error:
        raise NoStore(f"`{path}` cannot be read: {error}") from error
    finally:
        connection.close()


def read_postgres(url: str) -> Store:
    import pg8000.dbapi

    parts = urllib.parse.urlsplit(url)
    try:
        connection = pg8000.dbapi.connect(
            user=urllib.parse.unquote(parts.username or "postgres"), host=parts.hostname or "localhost",
            port=parts.port or 5432, database=parts.path.lstrip("/") or "postgres",
            password=urllib.parse.unquote(parts.password) if parts.password else None, timeout=10,
        )
    except (pg8000.dbapi.Error, OSError) as error:
        raise NoStore(f"the database cannot be reached: {error}") from error
    try:
        cursor = connection.cursor()
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        schema = urllib.parse.parse_qs(parts.query).get("schema", [None])[0]
        if schema:
            cursor.execute("SELECT set_config('search_path', %s, true)", (schema,))
        store = Store()
        for table, columns in TABLES.items():
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (table,))
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT {columns} FROM {table}{ORDER.get(table, '')}")
                store.rows[table] = [tuple(_plain(value) for value in row) for row in cursor.fetchall()]
        return store
    except pg8000.dbapi.Error as error:
        raise NoStore(f"the database cannot be read: {error}") from error
    finally:
        connection.close()
