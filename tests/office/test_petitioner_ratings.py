"""Ratings over gRPC, with real certificates: by token, once for each role, in figures that tell of nobody."""

from uuid import uuid4

import grpc
import psycopg
import pytest

from domain.vocabulary import Category
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from lianxi.petitioner.v1.petitioner_service_pb2_grpc import PetitionerServiceStub
from services.kit.bus import events_topic
from services.kit.spoken_codes import digest_of
from tests.domain.facts import HOUSING, PETITIONS, classified
from tests.domain.facts_petitioner import IN_HANDLING, SERVED, linked
from tests.support.known_office import new_office
from tests.support.nodes import records
from tests.support.offices import LivingOffice
from tests.support.petitioners import (
    DEPARTMENT,
    FACTS,
    HANDLER,
    SATISFIED,
    Registry,
    asked,
    no,
    portal,
    progress,
    rate,
    rating,
    ratings_after,
    registry,
    registry_on_the_bus,
)

__all__ = ["asked", "new_office", "registry", "registry_on_the_bus"]

pytestmark = pytest.mark.postgres

# --- ratings ----------------------------------------------------------------------------------------------------------


def test_each_role_is_rated_once(registry: Registry, asked: PetitionerServiceStub) -> None:
    _, token = registry.petition(*SERVED)
    assert not rate(asked, token, HANDLER).replayed
    assert not rate(asked, token, DEPARTMENT).replayed
    for rated in (HANDLER, DEPARTMENT):
        denied = no(asked, rating(token, rated))
        assert (denied.status, denied.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RATED_BEFORE")


def test_a_repeated_request_is_one_rating(registry: Registry, asked: PetitionerServiceStub) -> None:
    _, token = registry.petition(*SERVED)
    request = rating(token)
    first, again = asked.Rate(request), asked.Rate(request)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.recorded_time == again.recorded_time
    request.satisfaction = SATISFIED
    assert no(asked, request).reason == "REQUEST_ID_REUSED"


def test_what_is_not_over_or_not_rated_is_refused(registry: Registry, asked: PetitionerServiceStub) -> None:
    _, early = registry.petition(*IN_HANDLING)
    assert no(asked, rating(early)).reason == "RATING_TOO_EARLY"
    _, repeat = registry.petition(*SERVED, linked())
    assert no(asked, rating(repeat)).reason == "MATTER_NOT_RATED"


def test_art_30_3_at_the_accused_units_own_portal_no_token_tells_that_there_is_an_accusation(
    registry: Registry, new_office: LivingOffice, asked: PetitionerServiceStub
) -> None:
    accusation = classified(category=Category.ACCUSATION, accused_agencies=(PETITIONS,))
    _, token = registry.petition(IN_HANDLING[0], accusation)
    assert no(asked, rating(token)).reason == "CODE_UNKNOWN"
    with portal(new_office, "office-caller") as stub:
        assert no(stub, rating(token)).reason == "MATTER_NOT_RATED"


def test_a_rating_says_what_and_of_whom(registry: Registry, asked: PetitionerServiceStub) -> None:
    _, token = registry.petition(*SERVED)
    denied = no(asked, pb.RateRequest(rating_token=token, request_id=str(uuid4())))
    assert (denied.reason, set(denied.fields)) == ("MALFORMED", {"rated", "satisfaction"})
    assert no(asked, rating(token, request_id="7")).fields == ("request_id",)


def test_figures_show_silence_as_silence_and_no_small_counts(
    registry_on_the_bus: Registry, new_office: LivingOffice, asked: PetitionerServiceStub
) -> None:
    tokens = [registry_on_the_bus.petition(*SERVED)[1] for _ in range(12)]
    registry_on_the_bus.petition(*SERVED, linked())
    facts = 13 * FACTS + 1
    ratings_after(new_office, facts)
    for token in tokens[:5]:
        rate(asked, token, HANDLER)
    rate(asked, tokens[0], DEPARTMENT)
    housing, department = ratings_after(new_office, facts + 6)
    assert (housing.agency, housing.rated) == (HOUSING, HANDLER)
    figures = (housing.satisfied, housing.basically_satisfied, housing.not_satisfied, housing.unrated)
    assert figures == (5, 0, 0, 7)
    assert housing.eligible == 12
    # One rating among twelve would be known to all who know the petitioner.
    assert (department.agency, department.rated, department.eligible) == (PETITIONS, DEPARTMENT, 12)
    assert not department.HasField("satisfied")
    assert not department.HasField("unrated")


# --- nowhere in clear -------------------------------------------------------------------------------------------------


def test_no_code_is_in_any_stored_byte(
    registry_on_the_bus: Registry,
    new_office: LivingOffice,
    asked: PetitionerServiceStub,
    caplog: pytest.LogCaptureFixture,
) -> None:
    codes = registry_on_the_bus.petition(*SERVED)
    ratings_after(new_office, FACTS)
    progress(asked, codes[0])
    no(asked, pb.GetProgressRequest(query_code=codes[1]))
    rate(asked, codes[1])
    ratings_after(new_office, FACTS + 1)
    sent = b"".join(
        (record.key or b"") + (record.value or b"") for record in records(new_office.node, events_topic().name)
    )
    with psycopg.connect(new_office.node.settings.log_dsn) as connection:
        stored = _everything(connection)
    assert b"RatingGiven" in sent
    assert b"RatingGiven" in stored
    assert digest_of(codes[0]).encode() in stored
    for code in codes:
        for written in (code, code.replace("-", ""), code.lower(), code.replace("-", "").lower()):
            assert written.encode() not in stored + sent + caplog.text.encode()
            assert written.encode().hex().encode() not in stored


def _everything(connection: psycopg.Connection[tuple[object, ...]]) -> bytes:
    """Every row of every table of the database; bytes as they are."""
    tables = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    stored = b""
    for (table,) in tables:
        for row in connection.execute(f"SELECT * FROM {table}".encode()):
            for value in row:
                stored += bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
    return stored
