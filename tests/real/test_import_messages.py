"""The messages with replies, imported as a whole: every petition's custodian, duties and dates, against the file.

The reckoning shares no code with the import: it reads the file with the csv module, and counts days on civil dates.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from lianxi.type.v1.duty_pb2 import Duty
from lianxi.type.v1.vocabulary_pb2 import DutyStatus
from services.importer.mapping_files import load_mapping
from services.importer.plan import petition_id_of
from services.importer.run import survey
from services.importer.standalone import OFFICE, temporary_city
from services.kit.city import EmbeddedCity
from services.kit.rpc.client import Credentials, call
from tests.importer.journeys import duties, imported, into

pytestmark = pytest.mark.postgres
NAME = "messages_with_replies"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = 60


@dataclass(frozen=True)
class Message:
    """A row as the reckoning sees it."""

    petition_id: UUID
    asked: datetime
    answered: datetime
    names_nobody: bool

    @property
    def last_day(self) -> date:
        return self.asked.date() + timedelta(days=DAYS)

    @property
    def is_late(self) -> bool:
        return self.answered.date() > self.last_day


@pytest.fixture(scope="module")
def messages(data: Path) -> list[Message]:
    with (data / "messages_with_replies.csv").open(encoding="utf-8-sig", newline="") as file:
        return [_message(row) for row in csv.DictReader(file)]


def _message(row: dict[str, str]) -> Message:
    asked, answered = (_time(row[column]) for column in ("留言时间", "答复时间"))
    # Without one of these two characters no sentence says that a matter was passed on.
    passed_on = any(word in row["答复意见"] for word in "转移交")
    return Message(petition_id_of(NAME, row["留言编号"]), asked, answered, names_nobody=not passed_on)


def _time(text: str) -> datetime:
    day, clock = text.split(" ")
    year, month, day_of_month = map(int, day.split("/"))
    hour, minute, second = map(int, clock.split(":"))
    return datetime(year, month, day_of_month, hour, minute, second, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def city(data: Path) -> Iterator[EmbeddedCity]:
    agencies = survey(data / "messages_with_replies.csv", load_mapping(NAME), 1).agencies
    with temporary_city(agencies, lambda *_: None) as founded:
        yield founded


@pytest.fixture(scope="module")
def found(data: Path, city: EmbeddedCity, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rejects = tmp_path_factory.mktemp("import") / "rejects.csv"
    return imported(data / "messages_with_replies.csv", NAME, "--rejects", str(rejects), *into(city))


Ask = Callable[[str, Any], Any]


@pytest.fixture(scope="module")
def ask(city: EmbeddedCity, found: dict[str, Any]) -> Iterator[Ask]:
    """Asks the office, once everything is imported."""
    assert found["rejected"] == 0
    caller = Credentials.of(city.certificates).of_agency(OFFICE.agency)
    with caller.connect(city.address(OFFICE.agency)) as channel:
        stub = OfficeServiceStub(channel)
        yield lambda method, request: call(getattr(stub, method), request, caller, timeout_seconds=30)


def pages(ask: Ask, method: str, request: Any, field: str) -> Iterator[Any]:
    while True:
        answer = ask(method, request)
        yield from getattr(answer, field)
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


@pytest.fixture(scope="module")
def duties_by_rule(ask: Ask) -> dict[tuple[str, UUID], list[Duty]]:
    grouped: dict[tuple[str, UUID], list[Duty]] = {}
    for duty in pages(ask, "ListDuties", pb.ListDutiesRequest(page_size=500), "duties"):
        grouped.setdefault((duty.rule, UUID(duty.petition_id)), []).append(duty)
    return grouped


def test_every_row_becomes_a_petition(found: dict[str, Any], messages: list[Message]) -> None:
    assert (found["rows"], found["imported"], found["petitions"]) == (len(messages),) * 3
    assert found["already_present"] == 0


def test_the_on_time_figures_are_those_of_the_file(found: dict[str, Any], messages: list[Message]) -> None:
    late = sum(message.is_late for message in messages)
    assert late > 0
    assert duties(found)["D10"] == (0, len(messages) - late, late, 0)


def test_acceptance_at_receipt_meets_its_own_duties(found: dict[str, Any], messages: list[Message]) -> None:
    assert duties(found)["D3"] == (0, len(messages), 0, 0)
    assert duties(found)["D4"] == (0, found["handoffs"], 0, 0)


def test_each_petitions_sixty_days_are_its_own(
    messages: list[Message], duties_by_rule: dict[tuple[str, UUID], list[Duty]]
) -> None:
    for message in messages:
        (duty,) = duties_by_rule["D10", message.petition_id]
        assert date(duty.due_date.year, duty.due_date.month, duty.due_date.day) == message.last_day
        assert duty.opened_time.ToDatetime(UTC) == message.asked
        assert duty.met_time.ToDatetime(UTC) == message.answered
        assert duty.status == (DutyStatus.DUTY_STATUS_LATE if message.is_late else DutyStatus.DUTY_STATUS_MET)
        assert not duty.provisional


def test_who_owes_the_answer_is_who_got_the_matter(
    ask: Ask, messages: list[Message], duties_by_rule: dict[tuple[str, UUID], list[Duty]], found: dict[str, Any]
) -> None:
    receivers = {
        UUID(handoff.petition_id): handoff.to_agency
        for handoff in pages(ask, "ListHandoffs", pb.ListHandoffsRequest(page_size=500), "handoffs")
    }
    assert len(receivers) == found["handoffs"] > len(messages) // 10
    for message in messages:
        (duty,) = duties_by_rule["D10", message.petition_id]
        assert duty.debtor == receivers.get(message.petition_id, "city-office")
        assert not (message.names_nobody and message.petition_id in receivers)


def test_a_breach_is_on_record_for_each_late_answer_and_no_other(
    ask: Ask, messages: list[Message], duties_by_rule: dict[tuple[str, UUID], list[Duty]]
) -> None:
    breached = {petition_id for (_, petition_id), owed in duties_by_rule.items() for duty in owed if duty.breach_rung}
    assert breached == {message.petition_id for message in messages if message.is_late}
    assert ask("GetOverview", pb.GetOverviewRequest()).breaches_recorded == len(breached)


def test_every_petition_has_ended_and_nobody_holds_it(ask: Ask, messages: list[Message]) -> None:
    request = pb.ListPetitionsRequest(include_ended=True, page_size=500)
    petitions = {UUID(one.petition_id): one for one in pages(ask, "ListPetitions", request, "petitions")}
    assert petitions.keys() == {message.petition_id for message in messages}
    assert Counter(one.phase for one in petitions.values()) == {"served": len(messages)}
    for message in messages:
        petition = petitions[message.petition_id]
        assert petition.first_received_time.ToDatetime(UTC) == message.asked
        # The petitioner's thirty days run after the answer, at least to the end of that day.
        assert petition.ended_time.ToDatetime(UTC) >= message.answered + timedelta(days=30)


def test_each_second_of_a_petitions_life_is_charged(
    ask: Ask, messages: list[Message], duties_by_rule: dict[tuple[str, UUID], list[Duty]]
) -> None:
    for message in messages[::20]:
        (duty,) = duties_by_rule["D10", message.petition_id]
        request = pb.ListCustodyRequest(petition_id=str(message.petition_id))
        segments = list(ask("ListCustody", request).segments)
        assert segments[0].from_time.ToDatetime(UTC) == message.asked
        for one, following in pairwise(segments):
            assert one.to_time == following.from_time
        handling = next(segment for segment in segments if segment.kind == "handling")
        assert (handling.custodian, handling.charged_to) == (duty.debtor, duty.debtor)
        assert handling.to_time.ToDatetime(UTC) == message.answered
