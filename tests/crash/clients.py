"""Agencies at work over gRPC while processes die: each repeats what was not acknowledged, under the same request id."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from domain.case import case_id_of
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.type.v1 import vocabulary_pb2 as word
from services.kit.rpc.client import Caller, Denied, NotReached, call
from services.kit.settings import NodeSettings
from tests.crash.processes import BUREAU, DEPARTMENT, NODE_OF, Processes
from tests.simulation.callers import Intent

CALL_SECONDS_MAX = 2.0
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Step:
    """One command of a petition's way: who gives it, and the request without its header."""

    agency: str
    rpc: str
    request: Any


def way(chance: Random) -> list[Step]:
    """A petition's way: from the department to the bureau and, sometimes, not to its end, so that dates are missed."""
    steps = [
        Step(DEPARTMENT, "RegisterPetition", pb.RegisterPetitionRequest(channel=word.CHANNEL_LETTER, content="漏水")),
        Step(DEPARTMENT, "ClassifyPetition", pb.ClassifyPetitionRequest(category=word.CATEGORY_APPEAL)),
        Step(
            DEPARTMENT,
            "HandOff",
            pb.HandOffRequest(kind=word.HANDOFF_KIND_TRANSFER, to_agency=BUREAU),
        ),
        Step(BUREAU, "NotifyReceipt", pb.NotifyReceiptRequest(method=word.SERVICE_METHOD_POST)),
        Step(BUREAU, "AcceptPetition", pb.AcceptPetitionRequest(route=word.ROUTE_PETITION_PROCEDURE)),
        Step(
            BUREAU,
            "IssueOpinion",
            pb.IssueOpinionRequest(
                outcome=word.OUTCOME_SUPPORT, legal_bases=["第三十五条"], facts="属实", opinion="支持"
            ),
        ),
        Step(BUREAU, "ServeOpinion", pb.ServeOpinionRequest(method=word.SERVICE_METHOD_POST, proof="post:1")),
    ]
    return steps if chance.random() < 0.4 else steps[: chance.randint(1, len(steps))]


class Client(threading.Thread):
    """Sends petitions on their way, one after the other, until told to stop; then finishes the one in hand."""

    def __init__(self, processes: Processes, seed: int, stop: threading.Event) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self._settings, self._chance, self._over = processes.settings, Random(seed), stop
        self.intents: list[Intent] = []
        self.repeats = 0
        self.failure: str | None = None

    def run(self) -> None:
        try:
            with _stubs(self._settings) as stubs:
                while not self._over.is_set():
                    self._send_on_its_way(stubs)
        except (Denied, TimeoutError) as failure:
            self.failure = f"{type(failure).__name__}: {failure}"

    def _send_on_its_way(self, stubs: dict[str, CaseServiceStub]) -> None:
        petition_id = self._uuid()
        for step in way(self._chance):
            header = pb.CommandHeader(request_id=str(self._uuid()), agency=step.agency)
            if step.rpc == "RegisterPetition":
                step.request.petition_id = str(petition_id)
            else:
                header.case_id = str(case_id_of(petition_id, step.agency))
            step.request.header.CopyFrom(header)
            receipt = self._until_acknowledged(getattr(stubs[step.agency], step.rpc), step)
            self.intents.append(Intent(step.agency, NODE_OF[step.agency], step.rpc, step.request, receipt))

    def _until_acknowledged(self, method: Any, step: Step) -> pb.CommandReceipt:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                receipt: pb.CommandReceipt = call(
                    method, step.request, Caller(None, step.agency), timeout_seconds=CALL_SECONDS_MAX
                )
                return receipt
            except NotReached:
                self.repeats += 1
            except Denied as denied:
                # The hand-off is still on its way, or the node has not heard of the other one yet.
                if denied.reason not in ("CASE_UNKNOWN", "AGENCY_UNKNOWN"):
                    raise
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{step.rpc} of {step.agency} was not acknowledged in {PATIENCE_SECONDS} s")

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)


@contextmanager
def _stubs(settings: Mapping[str, NodeSettings]) -> Iterator[dict[str, CaseServiceStub]]:
    """A channel to each agency's node, which finds it again after it died."""
    with ExitStack() as opened:
        yield {
            agency: CaseServiceStub(opened.enter_context(Caller(None, agency).connect(settings[node].listen)))
            for agency, node in NODE_OF.items()
        }


def acknowledged(clients: list[Client]) -> Iterator[Intent]:
    """Everything that was acknowledged to anybody."""
    for client in clients:
        yield from client.intents
