"""An office that has taken a known history in, what the fold of that history says, and quick ways to ask it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from domain.duties import Duty
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.kit.bus.port import Record
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.law import law_in_force
from services.kit.rpc.client import Caller, Denied, call
from services.office.ingest import Ingest
from services.office.views.duties import DutyRow
from services.office.views.petitions import PetitionRow
from tests.support.desk import expected
from tests.support.histories import records
from tests.support.nodes import City
from tests.support.offices import NOW, LivingOffice, living_office

# At `NOW`, ninety days on, some of these are ended, some answered, some late.
HISTORY = records(30, seed=23, interleaved=30)
GIVEN = HISTORY[: len(HISTORY) * 3 // 4]
VIEWS = expected(GIVEN)
PETITIONS = {row.petition_id: row for row in map(PetitionRow._make, VIEWS["petitions"])}
DUTIES = [DutyRow._make(row) for row in VIEWS["duties"]]


@pytest.fixture(scope="module")
def office(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingOffice]:
    folder = tmp_path_factory.mktemp("office")
    city = City(postgres_server, folder)
    with living_office(city, folder) as founded:
        take_in(founded, GIVEN)
        yield founded
    city.close()


@pytest.fixture
def new_office(city: City, tmp_path: Path) -> Iterator[LivingOffice]:
    """An office of this test's own, which has taken nothing in."""
    with living_office(city, tmp_path) as founded:
        yield founded


@pytest.fixture
def asked(office: LivingOffice) -> Iterator[OfficeServiceStub]:
    with office.called_by() as stub:
        yield stub


def take_in(office: LivingOffice, sent: list[Record]) -> None:
    with office.rows() as connection:
        worker = Ingest(connection, law_in_force(), office.node.id)
        worker.resume()
        worker.write(sent)


def refused(stub: OfficeServiceStub, rpc: str, request: Message) -> Denied:
    with pytest.raises(Denied) as denied:
        call(getattr(stub, rpc), request, Caller(None, ""), timeout_seconds=20)
    return denied.value


def pages(method: Callable[[Any], Any], request: Any, field: str) -> list[Any]:
    """Every row of a list, a page after the other."""
    found: list[Any] = []
    for _ in range(1000):
        answer = method(request)
        found += getattr(answer, field)
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token
    raise AssertionError("the pages never end")


def standing(duty: DutyRow) -> str:
    """The status by the domain's own definition, which takes any row with the right fields."""
    return str(Duty.status(duty, NOW))  # type: ignore[arg-type]
