"""Petitions that an office learns of, with the codes of their petitioners, and portals that ask with them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest

from domain.case import QueryCodeIssued, case_id_of
from domain.event import Event
from domain.vocabulary import AgencyKind
from lianxi.office.v1 import office_service_pb2 as office_pb
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from lianxi.petitioner.v1.petitioner_service_pb2_grpc import PetitionerServiceStub
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.bus.port import Record
from services.kit.directory import Claim, NodeEntry
from services.kit.identity import ClientTls, channel
from services.kit.rpc.client import Caller, Denied, call
from services.kit.sealing import NodeKeys, new_key
from services.kit.spoken_codes import CodePurpose, digest_of, spoken_code
from tests.domain.facts import HOUSING, NOW, PETITIONS
from tests.domain.facts_petitioner import SERVED
from tests.support.desk import Post
from tests.support.known_office import new_office, take_in
from tests.support.nodes import eventually
from tests.support.offices import LivingOffice

__all__ = ["new_office"]

SATISFIED, NOT_SATISFIED = words.SATISFACTION_SATISFIED, words.SATISFACTION_NOT_SATISFIED
HANDLER, DEPARTMENT = words.RATED_ROLE_HANDLING_AGENCY, words.RATED_ROLE_PETITION_DEPARTMENT


FACTS = len(SERVED) + 1
"""The facts on a petition whose opinion was served, and whose petitioner has a code."""


class Registry:
    """Petitions that the office learns of, each with its two codes; `send` is how their facts get there."""

    def __init__(self, office: LivingOffice, send: Callable[[list[Record]], None]) -> None:
        self._office = office
        self._send = send
        self._post = Post()
        self._learn()

    def _learn(self) -> None:
        public = NodeKeys.generate().public_record()
        kinds = {PETITIONS: AgencyKind.PETITION_DEPARTMENT, HOUSING: AgencyKind.AGENCY}
        claims = tuple(
            Claim(agency=agency, kind=kind, name_zh=f"{agency}某局", name=agency.title())
            for agency, kind in kinds.items()
        )
        self._office.node.directory.learn(
            NodeEntry(
                node="city", public_key=public["delivery_key"], signing_key=public["signing_key"], agencies=claims
            )
        )

    def petition(self, *road: Event) -> tuple[str, str]:
        """Let the office take the facts in, all on one new petition; return its query code and rating token."""
        petition_id, key = uuid4(), new_key()
        code, token = (spoken_code(key, petition_id, purpose) for purpose in CodePurpose)
        issued = QueryCodeIssued(
            petition_id=petition_id,
            agency=PETITIONS,
            occurred_time=NOW,
            code_digest=digest_of(code),
            token_digest=digest_of(token),
        )
        self.tell(petition_id, road[0], issued, *road[1:])
        return code, token

    def tell(self, petition_id: UUID, *facts: Event) -> None:
        versions: dict[str, int] = {}
        sent: list[Record] = []
        for fact in facts:
            versions[fact.agency] = versions.get(fact.agency, 0) + 1
            moved = fact.model_copy(update={"petition_id": petition_id})
            sent.append(self._post.fact("city", case_id_of(petition_id, fact.agency), versions[fact.agency], moved))
        self._send(sent)


@pytest.fixture
def registry(new_office: LivingOffice) -> Registry:
    return Registry(new_office, lambda sent: take_in(new_office, sent))


@pytest.fixture
def registry_on_the_bus(new_office: LivingOffice) -> Iterator[Registry]:
    """Petitions whose facts come over the bus to an office at work, as its own ratings do."""
    with new_office.at_work("relay", "ingest"):
        yield Registry(new_office, new_office.publish)


@contextmanager
def portal(office: LivingOffice, caller: str = "portal") -> Iterator[PetitionerServiceStub]:
    with channel(f"127.0.0.1:{office.port}", ClientTls.issued(office.certificates, caller)) as to_office:
        yield PetitionerServiceStub(to_office)


@pytest.fixture
def asked(new_office: LivingOffice) -> Iterator[PetitionerServiceStub]:
    with portal(new_office) as stub:
        yield stub


def progress(stub: PetitionerServiceStub, code: str) -> pb.Progress:
    return stub.GetProgress(pb.GetProgressRequest(query_code=code))


def rate(stub: PetitionerServiceStub, token: str, rated: "words.RatedRole.ValueType" = HANDLER) -> pb.RateResponse:
    return stub.Rate(pb.RateRequest(rating_token=token, rated=rated, satisfaction=SATISFIED, request_id=str(uuid4())))


def no(stub: PetitionerServiceStub, request: pb.GetProgressRequest | pb.RateRequest) -> Denied:
    rpc = "GetProgress" if isinstance(request, pb.GetProgressRequest) else "Rate"
    with pytest.raises(Denied) as denied:
        call(getattr(stub, rpc), request, Caller(None, ""), timeout_seconds=20)
    return denied.value


def rating(token: str, rated: "words.RatedRole.ValueType" = HANDLER, request_id: str = "") -> pb.RateRequest:
    return pb.RateRequest(
        rating_token=token, rated=rated, satisfaction=NOT_SATISFIED, request_id=request_id or str(uuid4())
    )


def ratings_after(office: LivingOffice, facts: int) -> Sequence[office_pb.AgencyRatings]:
    """The figures once the office has folded so many facts."""
    with office.called_by() as stub:
        request = office_pb.GetRatingsRequest()
        eventually(lambda: stub.GetRatings(request).as_of_sequence >= facts)
        return stub.GetRatings(request).ratings
