"""Simulated nodes: the real classes over real databases, with a clock, a bus and places to die that a seed decides on.

A `Home` is what outlives every process of a node: its databases, its keys, its files and its settings. A `Process` is
what one operating-system process would be: it opens everything anew, works step by step, and loses all when it dies.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Signal

import psycopg
from google.protobuf.message import Message

from domain.law import Law
from lianxi.agency.v1.case_service_pb2 import CommandReceipt
from services.agency.commands import Order
from services.agency.handle import handle
from services.agency.views import NodeViews
from services.agency.views import open_views as open_node_views
from services.kit import clock
from services.kit.bus import BusTrouble, inbox_topic
from services.kit.directory import Directory
from services.kit.inbox import Inbox
from services.kit.keystore import read_kek
from services.kit.log import LogUnavailable
from services.kit.log.connection import connect as connect_to_log
from services.kit.node import Node
from services.kit.relay import Relay
from services.kit.sealing import NodeKeys
from services.kit.settings import NodeSettings, ServedAgency
from tests.simulation.bus import SimulatedBus
from tests.simulation.faults import BreakableKeyStore, BreakableLog, Faults, Killed, breakable

INBOX_RECORDS_MAX = 20
TROUBLE: tuple[type[Exception], ...] = (BusTrouble, LogUnavailable, psycopg.OperationalError)
STOPPED = Signal()
STOPPED.set()
"""A loop that is told to stop waits for nothing: an agency that the directory lacks is missing at once."""


@dataclass
class SimulatedNode(Node):
    """A node that lives by a clock of the simulation."""

    time: clock.Clock = clock.system_clock

    @property
    def clock(self) -> clock.Clock:
        return self.time


@dataclass
class Home:
    """What stays of a node when its processes die."""

    settings: NodeSettings
    law: Law
    bus: SimulatedBus
    now: Callable[[], datetime]
    directory: Callable[[], Directory] = Directory
    processes: list["Process"] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.settings.node

    def served(self, agency: str) -> ServedAgency:
        return next(served for served in self.settings.agencies if served.agency == agency)

    def open(self, faults: Faults) -> SimulatedNode:
        """Open the node in a process that has these places to die at."""
        with ExitStack() as opened:
            keys = BreakableKeyStore(self.settings.keys_dsn, read_kek(self.settings.kek_file), faults)
            opened.enter_context(keys)
            log = BreakableLog(self.settings.log_dsn, faults)
            opened.callback(log.close)
            node_keys = NodeKeys.load(self.settings.node_keys_dir)
            node = SimulatedNode(self.settings, log, keys, node_keys, self.bus, self.directory(), self.law, self.now)
            opened.pop_all()
            return node


class Process(ABC):
    """One process of a node; it starts when it has work, and starts again after it died or met trouble."""

    def __init__(self, home: Home, name: str) -> None:
        self.home, self.name = home, f"{home.id}/{name}"
        self.faults = Faults()
        self._opened: ExitStack | None = None
        home.processes.append(self)

    def step(self, places: int = 0) -> str:
        """Do the next piece of work, or die at the place that many places ahead; say what came of it."""
        return self.guarded(self.work, places)

    def guarded(self, work: Callable[[], str], places: int) -> str:
        """Run a piece of work of this process in which it may die or meet trouble."""
        self.faults.arm(places)
        try:
            if self._opened is None:
                self._start()
            return work()
        except Killed as death:
            self.stop()
            return f"killed {death}"
        except TROUBLE as trouble:
            self.stop()
            return f"trouble {type(trouble).__name__}"
        finally:
            self.faults.arm(0)

    def stop(self) -> None:
        """Throw away all that the process held in memory; nothing more is written."""
        self.faults.arm(0)
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    @property
    def is_running(self) -> bool:
        return self._opened is not None

    def _start(self) -> None:
        with ExitStack() as opened:
            self.start(opened)
            self._opened = opened.pop_all()

    @abstractmethod
    def start(self, opened: ExitStack) -> None:
        """Open what the process works with."""

    @abstractmethod
    def work(self) -> str:
        """Do one piece of work and say what."""


class Front(Process):
    """A process that answers calls."""

    node: SimulatedNode

    def start(self, opened: ExitStack) -> None:
        self.node = opened.enter_context(self.home.open(self.faults))

    def work(self) -> str:
        return ""

    def call(self, rpc: str, request: Message, agency: str) -> CommandReceipt:
        """Answer one command, as the gRPC method does once it knows who calls."""
        return handle(self.node, Order.read(rpc, request, self.home.served(agency)))


class RelayProcess(Process):
    """The node's relay."""

    def start(self, opened: ExitStack) -> None:
        node = opened.enter_context(self.home.open(self.faults))
        connection = opened.enter_context(connect_to_log(self.home.settings.log_dsn))
        producer = self.home.bus.producer_of(self.faults)
        self._relay = Relay(node, breakable(connection, "relay", self.faults), producer, STOPPED)

    def work(self) -> str:
        return f"carried {self._relay.carry()}"


class InboxProcess(Process):
    """The node's inbox."""

    def start(self, opened: ExitStack) -> None:
        node = opened.enter_context(self.home.open(self.faults))
        connection = opened.enter_context(connect_to_log(self.home.settings.log_dsn))
        self._inbox = Inbox(node, breakable(connection, "inbox", self.faults), STOPPED)
        self._inbox.parked.want_all()
        self._consumer = self.home.bus.consumer(inbox_topic(node.id).name, {0: self._inbox.next_offset})

    def work(self) -> str:
        self._inbox.take_parked()
        records = self._consumer.poll(0, INBOX_RECORDS_MAX)
        self._inbox.take(records)
        return f"took {len(records)}"


class ViewsProcess(Process):
    """The fold of the node's log into what its callers read."""

    def start(self, opened: ExitStack) -> None:
        node = opened.enter_context(self.home.open(self.faults))
        connection = opened.enter_context(open_node_views(self.home.settings.log_dsn))
        self._views = NodeViews(node, breakable(connection, "views", self.faults))

    def work(self) -> str:
        return f"folded {self._views.fold_next()}"
