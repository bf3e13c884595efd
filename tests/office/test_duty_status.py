"""A duty's status in SQL is the domain's at every instant around every date, and the late are found by an index."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.duties import Duty
from domain.rules import Nature
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.embedded_postgres import EmbeddedPostgres
from services.office.queries import _duties_query
from services.office.views.duties import STATUS
from tests.support.desk import Desk

pytestmark = pytest.mark.postgres

START = datetime(2024, 1, 1, 16, tzinfo=UTC)
INSTANTS = st.integers(0, 4).map(lambda days: START + timedelta(days=days)) | st.integers(-2, 2).map(
    lambda microseconds: START + timedelta(days=2, microseconds=microseconds)
)


@pytest.fixture(scope="module")
def shared_desk(postgres_server: EmbeddedPostgres) -> Iterator[Desk]:
    opened = Desk(postgres_server.dsn(f"office_{uuid4().hex[:12]}"))
    yield opened
    opened.close()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    now=INSTANTS,
    due_time=INSTANTS | st.none(),
    met_time=INSTANTS | st.none(),
    released_time=INSTANTS | st.none(),
    nature=st.sampled_from(list(Nature)),
)
def test_the_status_in_sql_is_the_domains(
    shared_desk: Desk,
    now: datetime,
    due_time: datetime | None,
    met_time: datetime | None,
    released_time: datetime | None,
    nature: Nature,
) -> None:
    duty = Duty(
        "case/D/1",
        "D",
        "2022",
        "Art. 1",
        nature,
        UUID(int=1),
        UUID(int=2),
        "housing",
        opened_time=START,
        start_date=date(2024, 1, 1),
        due_date=None,
        due_time=due_time,
        due_state="final",
        calendar_version="cn",
        arithmetic="",
        met_time=met_time,
        released_time=released_time,
    )
    values = {"now": now, "due": due_time, "met": met_time, "released": released_time, "nature": str(nature)}
    one_row = """
        (SELECT %(due)s::timestamptz AS due_time, %(met)s::timestamptz AS met_time,
                %(released)s::timestamptz AS released_time, %(nature)s::text AS nature) AS duty"""
    found = shared_desk.rows.execute(f"SELECT {STATUS} FROM {one_row}".encode(), values).fetchone()
    assert found == (str(duty.status(now)),)


@pytest.mark.parametrize("debtor", ["", "agency-7"])
def test_the_late_are_found_among_a_hundred_thousand_without_passing_the_rest(shared_desk: Desk, debtor: str) -> None:
    shared_desk.rows.execute("TRUNCATE views.duties")
    fill = """
        INSERT INTO views.duties SELECT 'case/D10/' || n, 'D10', '2022', 'duty', gen_random_uuid(), 'agency-' || n % 50,
            now(), '2030-01-01', CASE WHEN n % 997 = 0 THEN timestamptz '2020-01-01' ELSE '2030-01-01' END, 'final',
            'cn', 0, NULL, 0, NULL, NULL, CASE WHEN n % 3 = 0 THEN timestamptz '2019-01-01' END, NULL, NULL, 0
        FROM generate_series(1, 100000) AS n"""
    shared_desk.rows.execute(fill.encode())
    shared_desk.rows.execute("VACUUM ANALYZE views.duties")
    request = pb.ListDutiesRequest(debtor=debtor, statuses=[words.DUTY_STATUS_BREACHED])
    query = _duties_query(request, frozenset({"breached"}), days=None, is_first_page=True)
    values = {"now": START, "statuses": ["breached"], "limit": 51, "debtor": debtor}
    explained = shared_desk.rows.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode(), values).fetchone()
    assert explained is not None
    plan = explained[0][0]["Plan"]
    assert "duties_standing_by" in str(plan)
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 120
