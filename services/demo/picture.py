"""The office's picture: what the office answers over gRPC, asked for again and again by a thread of its own.

Every number on the screen comes from here. Nothing is worked out from what the simulator knows, except which petitions
are worth a look for the ticker, and how far each node is ahead of the office.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from lianxi.type.v1 import duty_pb2, vocabulary_pb2
from services.kit.rpc.client import Caller, Denied, NotReached, call

CALL_SECONDS_MAX = 10.0
LATE_SHOWN_MAX = 60
TICKER_MAX = 40
LOOKED_AT_ONCE = 6
LOOK_SECONDS = 0.4
STOP_SECONDS_MAX = 0.5


class Tick(NamedTuple):
    """One fact, as the office took it in."""

    sequence: int
    type_name: str
    agency: str
    petition_id: str
    occurred_time: datetime


@dataclass(frozen=True)
class Picture:
    """What the office sees, at one moment."""

    overview: pb.Overview = field(default_factory=pb.Overview)
    late: tuple[duty_pb2.Duty, ...] = ()
    ticks: tuple[Tick, ...] = ()
    """The newest last."""
    ahead: Mapping[str, int] = field(default_factory=dict)
    """How many facts of each node the office has yet to take in."""
    problem: str = ""
    """Why the office was not reached at the last look; empty while it is."""

    @property
    def time(self) -> datetime:
        """The office's own time."""
        return self.overview.as_of_time.ToDatetime(UTC)


class Office:
    """The office as one asks it."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller = caller
        self._channel = caller.connect(address)
        self._stub = OfficeServiceStub(self._channel)

    def overview(self) -> pb.Overview:
        """The whole picture in numbers."""
        return call(self._stub.GetOverview, pb.GetOverviewRequest(), self._caller, timeout_seconds=CALL_SECONDS_MAX)

    def duties(self, status: str, count: int = LATE_SHOWN_MAX, page_token: str = "") -> pb.ListDutiesResponse:
        """Duties of that status, the oldest date first."""
        statuses = [vocabulary_pb2.DutyStatus.Value(f"DUTY_STATUS_{status}")]
        request = pb.ListDutiesRequest(statuses=statuses, page_size=count, page_token=page_token)
        return call(self._stub.ListDuties, request, self._caller, timeout_seconds=CALL_SECONDS_MAX)

    def timeline(self, petition_id: UUID) -> Iterable[pb.TimelineEntry]:
        """Every fact on a petition; of one that is new to the office, none."""
        request = pb.ListTimelineRequest(petition_id=str(petition_id), page_size=200)
        try:
            return call(self._stub.ListTimeline, request, self._caller, timeout_seconds=CALL_SECONDS_MAX).entries
        except Denied:
            return ()

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()


class Observer:
    """Looks at the office again and again, and keeps the last picture."""

    def __init__(self, office: Office, touched: deque[UUID], heads: Mapping[str, int]) -> None:
        self._office = office
        self._touched = touched
        self._heads = heads
        self._seen = 0
        self._ticks: deque[Tick] = deque(maxlen=TICKER_MAX)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="observer", daemon=True)
        self.picture = Picture()

    def __enter__(self) -> "Observer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join(STOP_SECONDS_MAX)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self.picture = self._look()
            except (Denied, NotReached) as away:
                last = self.picture
                self.picture = Picture(last.overview, last.late, last.ticks, last.ahead, problem=str(away))
            except ValueError:
                # So says gRPC of a channel that was closed; which is a fault, unless the city is being stopped.
                if not self._stop.is_set():
                    raise
            self._stop.wait(LOOK_SECONDS)

    def _look(self) -> Picture:
        overview = self._office.overview()
        late = tuple(self._office.duties("BREACHED").duties)
        self._read_ticker()
        arrived = {progress.node: progress.last_position for progress in overview.nodes}
        ahead = {node: max(0, head - arrived.get(node, 0)) for node, head in dict(self._heads).items()}
        return Picture(overview, late, tuple(self._ticks), ahead)

    def _read_ticker(self) -> None:
        fresh: list[Tick] = []
        for petition_id in list(self._touched)[-LOOKED_AT_ONCE:]:
            for entry in self._office.timeline(petition_id):
                if entry.sequence > self._seen:
                    name = entry.type.rpartition(".")[2]
                    time = entry.occurred_time.ToDatetime(UTC)
                    fresh.append(Tick(entry.sequence, name, entry.agency, str(petition_id), time))
        for tick in sorted(fresh):
            self._ticks.append(tick)
            self._seen = tick.sequence
