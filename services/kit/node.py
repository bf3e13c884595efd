"""A node put together: its log, its keys, the directory, the bus, the clock and the law, opened and closed as one.

Everything that runs in a node's process (the gRPC services, the relay, the inbox, the views) is handed this object and
takes from it what it needs. It starts no loop of its own: `runtime.py` does. Opening it creates nothing: `prepare` is
for an operator, whose rights a running node neither has nor needs.
"""

import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from types import TracebackType
from typing import Self

import psycopg

from domain.law import Law
from services.kit.bus import TOPICS, Bus, Topic, inbox_topic, open_bus
from services.kit.clock import Clock
from services.kit.directory import Claim, Directory, NodeEntry
from services.kit.keystore import KeyStore, create_kek, read_kek
from services.kit.law import law_in_force
from services.kit.log.application import Log
from services.kit.log.schema import install_schema
from services.kit.sealing import NodeKeys
from services.kit.secret_files import SecretExists
from services.kit.settings import NodeSettings, ServedAgency


@dataclass
class Node:
    """One deployment: a log, a signing key, and the agencies for which it speaks. Safe to share between threads."""

    settings: NodeSettings
    log: Log
    keys: KeyStore
    node_keys: NodeKeys
    bus: Bus
    directory: Directory = field(default_factory=Directory)
    law: Law = field(default_factory=law_in_force)

    @classmethod
    def open(cls, settings: NodeSettings) -> Self:
        """Open what `prepare` created; raises what the files and the database of the keys raise when it is not there.

        The bus may be away: nothing is asked of it yet.
        """
        with ExitStack() as opened:
            keys = opened.enter_context(KeyStore(settings.keys_dsn, read_kek(settings.kek_file)))
            log = Log(settings.log_dsn)
            opened.callback(log.close)
            bus = opened.enter_context(open_bus(settings.bus_url, tls=settings.bus_tls))
            node_keys = NodeKeys.load(settings.node_keys_dir)
            node = cls(settings, log, keys, node_keys, bus, law=law_in_force(local=settings.local_rules))
            opened.pop_all()
            return node

    @property
    def id(self) -> str:
        """The node's id."""
        return self.settings.node

    @property
    def clock(self) -> Clock:
        """The clock by which the node lives."""
        return self.settings.clock

    def served(self, agency: str) -> ServedAgency | None:
        """Return the agency if this node speaks for it."""
        return next((served for served in self.settings.agencies if served.agency == agency), None)

    def entry(self) -> NodeEntry:
        """Return what the node announces about itself."""
        public = self.node_keys.public_record()
        claims = tuple(Claim.model_validate(served.model_dump()) for served in self.settings.agencies)
        return NodeEntry(
            node=self.id,
            public_key=public["delivery_key"],
            signing_key=public["signing_key"],
            agencies=claims,
        )

    def follow_directory(self, stop: threading.Event) -> None:
        """Announce the node and learn of the others until `stop`; raises `BusTrouble`."""
        self.bus.ensure_topics(topics(self.settings))
        self.directory.follow(self.bus, stop, self.entry())

    def close(self) -> None:
        """Store what is in line, then let go of everything."""
        with ExitStack() as closing:
            closing.callback(self.keys.close)
            closing.callback(self.log.close)
            closing.callback(self.bus.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def topics(settings: NodeSettings) -> tuple[Topic, ...]:
    """Return the topics that the node needs: those of everybody, and its own inbox."""
    return (*TOPICS, inbox_topic(settings.node))


def prepare(settings: NodeSettings) -> None:
    """Create what the node lacks: schemas in its two databases, and its keys. Safe to repeat; replaces nothing.

    The databases exist, and the user of the log's may create roles. The bus is not touched.
    """
    install_schema(settings.log_dsn)
    with psycopg.connect(settings.log_dsn) as connection:
        connection.execute(files("services.kit").joinpath("deliveries.sql").read_bytes())
    with suppress(SecretExists):
        NodeKeys.create(settings.node_keys_dir)
    with suppress(SecretExists):
        create_kek(settings.kek_file)
    with KeyStore(settings.keys_dsn, read_kek(settings.kek_file)):
        pass
