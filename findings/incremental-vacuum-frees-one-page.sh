#!/usr/bin/env bash
# SQLite's `PRAGMA incremental_vacuum(N)` frees one page instead of N when Python's sqlite3 or SQLAlchemy executes it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages SQLAlchemy==2.1.9

run <<'PY'
"""Free 500 pages of a file three ways, and count how many are free before and after."""

import sqlite3

import sqlalchemy

CHANGED = 4
WANTED = 500


def free_pages(file: str) -> int:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("PRAGMA freelist_count").fetchone()[0]
    finally:
        connection.close()


def fill(file: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("CREATE TABLE t (body TEXT)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 4000)
    connection.execute("COMMIT")
    connection.execute("DELETE FROM t")
    connection.close()


def by_execute(file: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(f"PRAGMA incremental_vacuum({WANTED})").fetchall()
    connection.close()


def by_sqlalchemy(file: str) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA incremental_vacuum({WANTED})")
    engine.dispose()


def by_executescript(file: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(f"PRAGMA incremental_vacuum({WANTED})")
    connection.close()


def main() -> int:
    print(f"seen: SQLite {sqlite3.sqlite_version}")
    fill("pages.db")
    freed = {}
    for way in (by_execute, by_sqlalchemy, by_executescript):
        before = free_pages("pages.db")
        way("pages.db")
        freed[way.__name__] = before - free_pages("pages.db")
        print(f"seen: {way.__name__}: {freed[way.__name__]} of {WANTED} pages are freed")
    return 0 if freed == {"by_execute": 1, "by_sqlalchemy": 1, "by_executescript": WANTED} else CHANGED


raise SystemExit(main())
PY
