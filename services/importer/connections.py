"""Which node answers for which agency, and the open channels to it.

One node's `ListAgencies` names the node of every agency; an address is given for a node by its id, or one address for
all. A missing agency, address or certificate is told before the first row is sent.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import grpc

from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.type.v1.vocabulary_pb2 import AgencyKind as AgencyKindOnWire
from services.importer.mapping import MappedAgency
from services.kit.rpc.client import Caller, Credentials, call

PAGE_SIZE = 500
TIMEOUT_SECONDS = 30.0
DIRECTORY_SECONDS_MAX, LOOK_SECONDS = 5.0, 0.1
ANY_NODE = ""
_KINDS = {AgencyKindOnWire.Value(f"AGENCY_KIND_{kind.name}"): kind for kind in AgencyKind}


class NotReady(Exception):
    """The system is not set up for this import; the message says what is missing."""


class Connections:
    """A stub and a caller for each agency of the import. Safe to share between threads."""

    def __init__(self, addresses: Mapping[str, str], credentials: Credentials) -> None:
        """Take the address of each node by its id, or, under `ANY_NODE`, one for all that are not named."""
        self._addresses = addresses
        self._credentials = credentials
        self._channels: dict[tuple[str, Any], grpc.Channel] = {}
        self._routes: dict[str, tuple[CaseServiceStub, Caller]] = {}
        self.office_agency: str | None = None
        """The joint meeting office of the directory, if there is one."""

    def open(self, agencies: Iterable[MappedAgency]) -> None:
        """Find out who answers for these agencies; raise `NotReady`, `Denied` or `NotReached`."""
        wanted = list(agencies)
        caller = self._credentials.of_agency(wanted[0].id)
        for address in self._addresses.values():
            known = self._directory(address, caller, {agency.id for agency in wanted})
        _check(wanted, known)
        offices = (
            agency.agency for agency in known.values() if _KINDS.get(agency.kind) is AgencyKind.JOINT_MEETING_OFFICE
        )
        self.office_agency = next(offices, None)
        for agency in wanted:
            node = known[agency.id].node
            if not (address := self._addresses.get(node) or self._addresses.get(ANY_NODE, "")):
                raise NotReady(f"no address is given for node {node}, which serves {agency.id}: {node}=HOST:PORT")
            caller = self._credentials.of_agency(agency.id)
            self._routes[agency.id] = (CaseServiceStub(self._channel(address, caller)), caller)

    def _directory(self, address: str, caller: Caller, wanted: set[str]) -> dict[str, pb.Agency]:
        """Ask a node for all agencies, again while some are missing: nodes learn of each other one after another."""
        stub = CaseServiceStub(self._channel(address, caller))
        deadline = time.monotonic() + DIRECTORY_SECONDS_MAX
        while True:
            known = {agency.agency: agency for agency in _listed(stub, caller)}
            if wanted <= known.keys() or time.monotonic() > deadline:
                return known
            time.sleep(LOOK_SECONDS)

    def _channel(self, address: str, caller: Caller) -> grpc.Channel:
        key = (address, caller.tls)
        if key not in self._channels:
            try:
                self._channels[key] = caller.connect(address)
            except ValueError as problem:
                raise NotReady(str(problem)) from None
        return self._channels[key]

    def call(self, agency: str, method: str, request: Any) -> Any:
        """Make one call as the agency; raise `Denied` or `NotReached`."""
        stub, caller = self._routes[agency]
        made: Callable[..., Any] = getattr(stub, method)
        return call(made, request, caller, timeout_seconds=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels.values():
            channel.close()


def _listed(stub: CaseServiceStub, caller: Caller) -> Iterator[pb.Agency]:
    request = pb.ListAgenciesRequest(page_size=PAGE_SIZE)
    while True:
        answer = call(stub.ListAgencies, request, caller, timeout_seconds=TIMEOUT_SECONDS)
        yield from answer.agencies
        if not answer.next_page_token:
            return
        request = pb.ListAgenciesRequest(page_size=PAGE_SIZE, page_token=answer.next_page_token)


def _check(wanted: Iterable[MappedAgency], known: Mapping[str, pb.Agency]) -> None:
    missing = [agency.id for agency in wanted if agency.id not in known]
    if missing:
        raise NotReady(
            f"no node serves {_some(missing)}: set up nodes for these agencies, or copy the mapping and name agencies "
            "that there are"
        )
    if other := [agency.id for agency in wanted if _KINDS.get(known[agency.id].kind) is not agency.kind]:
        raise NotReady(f"of another kind than the mapping says: {_some(other)}")


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
