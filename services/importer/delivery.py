"""Sends plans to the nodes: the steps of one petition one after another, many petitions at a time.

A step of another agency than the one before waits until that agency has learnt of it over the bus, which is asked of
its own case. A node that cannot be reached is tried again for a while, then the import stops; it can be started again
at any time, because each step's request id is answered only once. A row that a node refuses is rejected with its words.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from domain.case import case_id_of
from lianxi.agency.v1 import case_service_pb2 as pb
from services.importer.agenda import Agenda
from services.importer.calls import Tells
from services.importer.connections import Connections
from services.importer.plan import Plan, Step
from services.importer.reading import Reject
from services.kit.rpc.client import Denied, NotReached
from services.kit.rpc.messages import message_of

THREADS = 16
IN_FLIGHT_MAX = 400
LOOK_SECONDS_FIRST, LOOK_SECONDS_MAX = 0.05, 0.5
ARRIVAL_SECONDS_MAX = 180.0
RETRY_SECONDS_FIRST, RETRY_SECONDS_MAX = 0.2, 5.0
RETRIES_MAX = 20

CONCERNS_ALL = frozenset(
    {"HISTORY_CLOSED", "AGENCY_UNKNOWN", "AGENCY_NOT_SERVED", "AGENCY_NOT_THE_CALLERS", "CALLER_NAMES_NO_AGENCY"}
)
"""Refusals that say nothing about a row: the next row would meet the same."""

_NOT_YET = frozenset({"CASE_UNKNOWN", "WRONG_PHASE", "NO_OBJECTION_PENDING", "FILE_NOT_THERE"})


class ImportStopped(Exception):
    """The import cannot go on; the message says why and what to do. What was sent stays and is known again."""


class _Refused(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended: all its steps were there before, or some were new, or it was rejected."""

    plan: Plan
    is_new: bool = False
    rejects: tuple[Reject, ...] = ()


@dataclass(slots=True)
class _Job:
    plan: Plan
    next_step: int = 0
    is_new: bool = False
    was_replayed: bool = False
    waited_seconds: float = 0.0
    look_seconds: float = LOOK_SECONDS_FIRST
    retries: int = 0

    @property
    def step(self) -> Step:
        return self.plan.steps[self.next_step]

    def advance(self, receipt: pb.CommandReceipt) -> None:
        self.was_replayed = receipt.replayed
        self.is_new |= not receipt.replayed
        self.next_step += 1
        self.waited_seconds, self.look_seconds, self.retries = 0.0, LOOK_SECONDS_FIRST, 0


@dataclass
class Delivery:
    """One run over many plans; `on_end` is told each plan's outcome, from any thread."""

    connections: Connections
    on_end: Callable[[Outcome], None]
    threads: int = THREADS
    positions: dict[str, int] = field(default_factory=dict)
    """The last position of each node's log that a receipt named."""

    def run(self, plans: Iterable[Plan]) -> None:
        """Send them all; raise `ImportStopped`."""
        self._agenda: Agenda[_Job] = Agenda(IN_FLIGHT_MAX)
        self._failures: list[BaseException] = []
        self._lock = threading.Lock()
        self._arrival_time = time.monotonic()
        workers = [threading.Thread(target=self._work, name=f"import-{number}") for number in range(self.threads)]
        for worker in workers:
            worker.start()
        try:
            self._feed(plans)
        finally:
            self._agenda.stop()
            for worker in workers:
                worker.join()
        if self._failures:
            raise self._failures[0]

    def _feed(self, plans: Iterable[Plan]) -> None:
        sent: set[UUID] = set()
        repeated: list[Plan] = []
        for plan in plans:
            # The same row again is sent once the first is through, and then known by its request ids.
            if plan.petition_id in sent:
                repeated.append(plan)
            elif not self._agenda.add(_Job(plan)):
                return
            sent.add(plan.petition_id)
        self._agenda.wait_until_empty()
        for plan in repeated:
            self._agenda.add(_Job(plan))
            self._agenda.wait_until_empty()

    def _work(self) -> None:
        while (job := self._agenda.take()) is not None:
            try:
                delay = self._go_on(job)
            except BaseException as failure:  # noqa: BLE001 - `run` raises it again in the caller's thread
                self._failures.append(failure)
                self._agenda.stop()
                return
            if delay is None:
                self._agenda.done()
            else:
                self._agenda.put_back(job, delay)

    def _go_on(self, job: _Job) -> float | None:
        """Do what can be done now; return the seconds to wait before going on, or None at the plan's end."""
        try:
            while job.next_step < len(job.plan.steps):
                if not self._may_act(job) or not self._send(job):
                    return self._later(job)
        except NotReached as problem:
            return self._again(job, problem)
        except _Refused as no:
            self.on_end(Outcome(job.plan, rejects=tuple(Reject(line, no.field, no.reason) for line in job.plan.lines)))
            return None
        self.on_end(Outcome(job.plan, job.is_new))
        return None

    def _may_act(self, job: _Job) -> bool:
        """Look whether what the step awaits has arrived."""
        # What was there when the last step was first made is most likely there still.
        if job.step.awaits is Tells.NOTHING or (job.was_replayed and not job.waited_seconds):
            return True
        if not job.waited_seconds:
            return False
        request = pb.GetCaseRequest(agency=job.step.agency, case_id=str(_case_id(job)))
        try:
            case: pb.Case = self.connections.call(job.step.agency, "GetCase", request)
        except Denied as no:
            if no.reason == "CASE_UNKNOWN":
                return False
            raise _refused(job, no) from None
        has_arrived = _HAS_ARRIVED[job.step.awaits](case, job.step.awaited_from)
        if has_arrived:
            self._arrival_time = time.monotonic()
        return has_arrived

    def _send(self, job: _Job) -> bool:
        """Make the step's call; False where it came too early."""
        request = request_of(job.step, job.plan.petition_id)
        try:
            receipt: pb.CommandReceipt = self.connections.call(job.step.agency, job.step.call.name, request)
        except Denied as no:
            if job.was_replayed and not job.waited_seconds and no.reason in _NOT_YET:
                return False
            raise _refused(job, no) from None
        with self._lock:
            self.positions[receipt.node] = max(receipt.position, self.positions.get(receipt.node, 0))
        job.advance(receipt)
        return True

    def _later(self, job: _Job) -> float:
        if job.waited_seconds > ARRIVAL_SECONDS_MAX:
            missing = (
                f"what {job.step.awaited_from} did has not reached {job.step.agency} in {ARRIVAL_SECONDS_MAX:.0f} s"
            )
            if time.monotonic() - self._arrival_time > ARRIVAL_SECONDS_MAX:
                raise ImportStopped(f"{missing}: look whether the nodes run, then start the import again")
            # Others arrive: somebody else has acted on this petition, and it has gone another way.
            raise _Refused(job.step.call.name, f"{missing}, or the case has gone another way since")
        delay = job.look_seconds
        job.waited_seconds += delay
        job.look_seconds = min(1.5 * delay, LOOK_SECONDS_MAX)
        return delay

    def _again(self, job: _Job, problem: NotReached) -> float:
        job.retries += 1
        if job.retries > RETRIES_MAX:
            raise ImportStopped(f"the node of {job.step.agency} cannot be reached ({problem}): start the import again")
        delay: float = min(RETRY_SECONDS_FIRST * 2**job.retries, RETRY_SECONDS_MAX)
        return delay


_HAS_ARRIVED: Mapping[Tells, Callable[[pb.Case, str], bool]] = {
    Tells.HANDED_OFF: lambda case, sender: case.phase == "open" and case.incoming.other_agency == sender,
    Tells.OBJECTED: lambda case, _: case.phase == "handed_off" and case.outgoing.objection_open,
    Tells.REVIEW_ASKED: lambda case, reviewer: case.reviewer == reviewer,
    Tells.FILE: lambda case, _: case.review.has_file,
}
"""How a case shows that what its agency waits for has come."""


def _refused(job: _Job, no: Denied) -> Exception:
    """Say a node's refusal of the plan, or that the import cannot go on with any."""
    if no.reason in CONCERNS_ALL:
        return ImportStopped(f"{no.reason}: {no.message}" + (f"; {no.remedy}" if no.remedy else ""))
    field = ".".join([job.step.call.name, *no.fields[:1]])
    return _Refused(field, f"{no.reason}: {no.message}" + (f" ({no.article})" if no.article else ""))


def _case_id(job: _Job) -> UUID:
    return case_id_of(job.plan.petition_id, job.step.agency)


def request_of(step: Step, petition_id: UUID) -> Any:
    """Return the request of a step."""
    fields = SimpleNamespace(**step.fields)
    if "petition_id" in step.call.request.DESCRIPTOR.fields_by_name:
        header = message_of(pb.CommandHeader, step)
        return message_of(step.call.request, fields, header=header, petition_id=petition_id)
    header = message_of(pb.CommandHeader, step, case_id=case_id_of(petition_id, step.agency))
    return message_of(step.call.request, fields, header=header)
