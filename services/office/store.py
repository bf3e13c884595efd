"""The office's database: its schema, and the version that its views are folded with.

The views are derived: a batch that the operating system loses is read from the bus again, together with its offsets. So
writers of views commit without waiting for the disk; the office's own log never does.
"""

import gc
from importlib.resources import files

from services.kit.database import Rows, connect
from services.office.views import VIEWS, VIEWS_VERSION

LIVE = "views"
GC_THRESHOLDS = (200_000, 50, 50)
SEARCH_PATH = "office,views,public"


def open_views(dsn: str) -> Rows:
    """Open a connection for reading and writing the views."""
    return connect(dsn, search_path=SEARCH_PATH, durable=False)


def views_version(calendar_version: str) -> str:
    """The version that the views are folded with: the code's, and the calendar's, since a date rests on it."""
    return f"{VIEWS_VERSION}/{calendar_version}"


def prepare(dsn: str, calendar_version: str) -> None:
    """Create what is missing in the schema; several processes may call it at once.

    Views of another version are left as they are while they hold anything: a rebuild makes the new ones beside them.
    """
    current = views_version(calendar_version)
    with connect(dsn) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('lianxi office schema'))")
        if connection.execute("SELECT to_regclass('office.inbox_head')").fetchone() != (None,):
            # Ingest takes the head first and the tables after it: whoever goes the other way round may block it for
            # ever, for even an index that is there already is asked for under the lock of its table.
            connection.execute("SELECT FROM office.inbox_head FOR UPDATE")
        connection.execute(files("services.office").joinpath("schema.sql").read_bytes())
        row = connection.execute("SELECT sequence, views_version FROM office.inbox_head FOR UPDATE").fetchone()
        if row is None or row[1] == current or row[0] > 0:
            return
        # Nothing was folded yet, so that tables of another version's columns are replaced rather than compared.
        connection.execute(f"DROP SCHEMA {LIVE} CASCADE")
        connection.execute(f"CREATE SCHEMA {LIVE}")
        for view in VIEWS:
            view.table.create(connection, LIVE)
        connection.execute("UPDATE office.inbox_head SET views_version = %s", [current])


def spare_the_collector() -> None:
    """Let a process that folds collect garbage rarely: a batch makes many short-lived objects and no cycles.

    Looking at the petitions kept in memory again and again cost nearly a third of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def are_current(connection: Rows, calendar_version: str) -> bool:
    """Tell whether the live views were folded by this version of the code and with this calendar."""
    row = connection.execute("SELECT views_version FROM office.inbox_head").fetchone()
    return row is not None and row[0] == views_version(calendar_version)
