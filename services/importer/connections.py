"""Which node answers for which agency, and the open channels to it.

One node's `ListAgencies` names the node of every agency; an address is given for a node by its id, or one address for
all. A missing agency, address or certificate is told before the first row is sent.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import grpc

from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.type.v1.vocabulary_pb2 import AgencyKind as AgencyKindOnWire
from services.importer.mapping import MappedAgency
from services.kit.rpc.client import Caller, Credentials, call

PAGE_SIZE = 500
TIMEOUT_SECONDS = 30.0
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

    def open(self, agencies: Iterable[MappedAgency]) -> None:
        """Find out who answers for these agencies; raise `NotReady`, `Denied` or `NotReached`."""
        wanted = list(agencies)
        caller = self._credentials.of_agency(wanted[0].id)
        known = self._directory(next(iter(self._addresses.values())), caller)
        if missing := [agency.id for agency in wanted if agency.id not in known]:
            raise NotReady(
                f"no node serves {_some(missing)}: set up nodes for these agencies, or copy the mapping and name "
                "agencies that there are"
            )
        if other := [agency.id for agency in wanted if _KINDS.get(known[agency.id].kind) is not agency.kind]:
            raise NotReady(f"of another kind than the mapping says: {_some(other)}")
        nodes = {known[agency.id].node for agency in wanted}
        if ANY_NODE not in self._addresses and (unknown := sorted(nodes - self._addresses.keys())):
            raise NotReady(f"no address is given for node {_some(unknown)}: --address NODE=HOST:PORT")
        for agency in wanted:
            node = known[agency.id].node
            address = self._addresses.get(node) or self._addresses[ANY_NODE]
            caller = self._credentials.of_agency(agency.id)
            self._routes[agency.id] = (CaseServiceStub(self._channel(address, caller)), caller)

    def _directory(self, address: str, caller: Caller) -> dict[str, pb.Agency]:
        stub = CaseServiceStub(self._channel(address, caller))
        known: dict[str, pb.Agency] = {}
        request = pb.ListAgenciesRequest(page_size=PAGE_SIZE)
        while True:
            answer = call(stub.ListAgencies, request, caller, timeout_seconds=TIMEOUT_SECONDS)
            known |= {agency.agency: agency for agency in answer.agencies}
            if not answer.next_page_token:
                return known
            request = pb.ListAgenciesRequest(page_size=PAGE_SIZE, page_token=answer.next_page_token)

    def _channel(self, address: str, caller: Caller) -> grpc.Channel:
        key = (address, caller.tls)
        if key not in self._channels:
            self._channels[key] = caller.connect(address)
        return self._channels[key]

    def call(self, agency: str, method: str, request: Any) -> Any:
        """Make one call as the agency; raise `Denied` or `NotReached`."""
        stub, caller = self._routes[agency]
        made: Callable[..., Any] = getattr(stub, method)
        return call(made, request, caller, timeout_seconds=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels.values():
            channel.close()


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
