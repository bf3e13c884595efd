"""A petitioner's progress over gRPC, with real certificates: the own road by a code, and nothing without one."""

import time
from uuid import UUID, uuid4

import grpc
import pytest

from domain.case import QueryCodeIssued
from domain.vocabulary import Category
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from lianxi.petitioner.v1.petitioner_service_pb2_grpc import PetitionerServiceStub
from services.kit.rpc.client import Denied
from services.kit.rpc.errors import Refused
from services.kit.sealing import new_key
from services.kit.spoken_codes import CodePurpose, digest_of, spoken_code
from services.office.petitioner import UNKNOWN_SECONDS
from services.office.portals import CALLS_MAX, CALLS_PER_SECOND, WRONG_CODE_CALLS, Allowance
from tests.domain.facts import HOUSING, LABOUR, NOW, PETITIONS, classified
from tests.domain.facts_petitioner import IN_HANDLING, SERVED
from tests.support.known_office import new_office
from tests.support.offices import LivingOffice
from tests.support.petitioners import (
    Registry,
    asked,
    no,
    portal,
    progress,
    rating,
    registry,
    registry_on_the_bus,
)

__all__ = ["asked", "new_office", "registry", "registry_on_the_bus"]

pytestmark = pytest.mark.postgres

# --- progress ---------------------------------------------------------------------------------------------------------


def test_art_21_2_the_code_shows_the_matters_road_and_who_has_it(
    registry: Registry, asked: PetitionerServiceStub
) -> None:
    code, _ = registry.petition(*IN_HANDLING)
    found = progress(asked, code)
    assert [step.step for step in found.steps] == ["registered", "handed_on", "received", "notified", "accepted"]
    assert found.registered_time == found.steps[0].time
    assert found.steps[1].text_zh == "housing某局:转送、交办(转送)"
    assert found.steps[1].text == "Housing: handed on to (transfer)"
    assert (found.holder.agency, found.holder.name_zh) == (HOUSING, "housing某局")
    assert found.due.text == "Housing has to complete the handling by 2023-05-05"
    assert found.due.text_zh == "housing某局应当在2023-05-05前(含当日)办结"
    assert found.due.article == "Art. 34"


def test_art_35_the_petitioners_own_window_is_shown(registry: Registry, asked: PetitionerServiceStub) -> None:
    code, _ = registry.petition(*SERVED)
    [window] = progress(asked, code).windows
    assert window.text == "you may ask for review until 2023-05-12"
    assert window.text_zh == "您可以在2023-05-12前(含当日)请求复查"


def test_a_code_may_be_written_in_lower_case_and_without_hyphens(
    registry: Registry, asked: PetitionerServiceStub
) -> None:
    code, _ = registry.petition(*IN_HANDLING)
    assert progress(asked, code.lower().replace("-", " ")).steps == progress(asked, code).steps


def test_each_code_shows_its_own_matter_and_no_other(registry: Registry, asked: PetitionerServiceStub) -> None:
    first, _ = registry.petition(*IN_HANDLING)
    second, _ = registry.petition(*SERVED)
    assert len(progress(asked, first).steps) == 5
    assert len(progress(asked, second).steps) == 6


def test_art_30_3_of_an_accusation_no_other_agency_is_shown(registry: Registry, asked: PetitionerServiceStub) -> None:
    accusation = classified(category=Category.ACCUSATION, accused_agencies=(LABOUR,))
    code, _ = registry.petition(IN_HANDLING[0], accusation, *IN_HANDLING[2:])
    found = progress(asked, code)
    assert [step.step for step in found.steps] == ["registered", "accepted"]
    shown = str(found)
    assert HOUSING not in shown
    assert LABOUR not in shown


def test_art_30_3_at_the_accused_units_own_portal_there_is_no_such_matter(
    registry: Registry, new_office: LivingOffice, asked: PetitionerServiceStub
) -> None:
    accusation = classified(category=Category.ACCUSATION, accused_agencies=(PETITIONS,))
    code, _ = registry.petition(IN_HANDLING[0], accusation)
    assert no(asked, pb.GetProgressRequest(query_code=code)).reason == "CODE_UNKNOWN"
    with portal(new_office, "office-caller") as stub:
        assert [step.step for step in progress(stub, code).steps] == ["registered"]


# --- wrong codes ------------------------------------------------------------------------------------------------------


def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(registry: Registry, asked: PetitionerServiceStub) -> None:
    code, token = registry.petition(*SERVED)
    unissued = spoken_code(new_key(), UUID(int=1), CodePurpose.QUERY)
    answers: set[tuple[object, ...]] = set()
    for wrong in ("", "x", code[:-1], code[:-1] + "查", unissued, token, digest_of(code), "%", "0" * 5000):
        began = time.monotonic()
        denied = no(asked, pb.GetProgressRequest(query_code=wrong))
        assert time.monotonic() - began >= UNKNOWN_SECONDS
        answers.add(_said(denied))
    answers.add(_said(no(asked, rating(code))))
    assert len(answers) == 1
    assert next(iter(answers))[:2] == (grpc.StatusCode.NOT_FOUND, "CODE_UNKNOWN")


def _said(denied: Denied) -> tuple[object, ...]:
    return (denied.status, denied.reason, denied.message, denied.remedy, denied.fields)


def test_a_code_that_another_agency_claims_for_another_petition_shows_neither(
    registry: Registry, asked: PetitionerServiceStub
) -> None:
    code, _ = registry.petition(*IN_HANDLING)
    stolen = QueryCodeIssued(
        petition_id=UUID(int=1),
        agency=PETITIONS,
        occurred_time=NOW,
        code_digest=digest_of(code),
        token_digest="0" * 64,
    )
    registry.tell(uuid4(), IN_HANDLING[0], stolen)
    assert no(asked, pb.GetProgressRequest(query_code=code)).reason == "CODE_UNKNOWN"


def test_only_the_agency_that_registered_gives_a_code(registry: Registry, asked: PetitionerServiceStub) -> None:
    forged = spoken_code(new_key(), UUID(int=1), CodePurpose.QUERY)
    foreign = QueryCodeIssued(
        petition_id=UUID(int=1),
        agency=HOUSING,
        occurred_time=NOW,
        code_digest=digest_of(forged),
        token_digest="0" * 64,
    )
    registry.tell(uuid4(), *IN_HANDLING, foreign)
    assert no(asked, pb.GetProgressRequest(query_code=forged)).reason == "CODE_UNKNOWN"


# --- who may ask, and how often ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "reason"),
    [("stranger", "CALLER_NO_PORTAL"), ("archive-caller", "CALLER_NO_PORTAL"), ("nobody", "CALLER_NAMES_NO_AGENCY")],
)
def test_nobody_but_a_portal_asks_for_petitioners(
    registry: Registry, new_office: LivingOffice, caller: str, reason: str
) -> None:
    code, token = registry.petition(*SERVED)
    with portal(new_office, caller) as stub:
        for request in (pb.GetProgressRequest(query_code=code), rating(token)):
            denied = no(stub, request)
            assert (denied.status, denied.reason) == (grpc.StatusCode.PERMISSION_DENIED, reason)


def test_a_portal_that_asks_too_often_waits() -> None:
    now = 0.0
    allowance = Allowance(lambda: now)
    for _ in range(CALLS_MAX):
        allowance.check("one")
    with pytest.raises(Refused, match="TOO_MANY_CALLS"):
        allowance.check("one")
    allowance.check("another")
    now = 1.0 / CALLS_PER_SECOND
    allowance.check("one")


def test_wrong_codes_use_the_allowance_up_sooner() -> None:
    allowance = Allowance(lambda: 0.0)
    for _ in range(CALLS_MAX // WRONG_CODE_CALLS):
        allowance.check("one")
        allowance.charge_wrong_code("one")
    with pytest.raises(Refused, match="TOO_MANY_CALLS"):
        allowance.check("one")
