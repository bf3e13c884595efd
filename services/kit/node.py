"""A node put together: its log, its keys, the directory, the bus, the clock and the calendar, opened and closed as one.

Everything that runs in a node's process (the gRPC services, the relay, the inbox, the views) is handed this object and
takes from it what it needs. It starts no thread of its own: `runtime.py` does.
"""

from types import TracebackType
from typing import Self

from domain.calendar import WorkCalendar
from services.kit.bus import Bus
from services.kit.clock import Clock
from services.kit.directory import Directory
from services.kit.keystore import KeyStore
from services.kit.log.application import Log
from services.kit.sealing import NodeKeys
from services.kit.settings import NodeSettings, ServedAgency


class Node:
    """One deployment: a log, a signing key, and the agencies for which it speaks. Safe to share between threads."""

    settings: NodeSettings
    log: Log
    keys: KeyStore
    node_keys: NodeKeys
    directory: Directory
    clock: Clock
    calendar: WorkCalendar
    bus: Bus

    @classmethod
    def open(cls, settings: NodeSettings) -> Self:
        """Open what `prepare` created."""
        raise NotImplementedError

    def served(self, agency: str) -> ServedAgency | None:
        """Return the agency if this node speaks for it."""
        return next((served for served in self.settings.agencies if served.agency == agency), None)

    def close(self) -> None:
        """Store what is in line, then let go of everything."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def prepare(settings: NodeSettings) -> None:
    """Create what a node needs in its databases and folders; safe to call at every start."""
    raise NotImplementedError
