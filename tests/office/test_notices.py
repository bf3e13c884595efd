"""What the office puts on record by itself: dates that come near, and what goes to and fro, each once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.approaching import DueDateApproaching
from domain.docket import DocketGround, PetitionDocketed
from domain.event import Event
from services.kit.envelope import decode, to_event
from services.kit.law import law_in_force
from services.kit.log import Log, install_schema
from services.office.notices import Notices
from services.office.rebuild import rebuild
from services.office.views.duties import DutyRow
from tests.office.test_watch import OFFICE, take_in_own
from tests.support.desk import Desk, expected
from tests.support.histories import BUREAU, DEPARTMENT, records
from tests.support.logs import at_once

pytestmark = pytest.mark.postgres

BOUNCING = records(3, seed=5, interleaved=3, bounces=3)
STEADY = records(20, seed=17, interleaved=10)
BEGUN = STEADY[: len(STEADY) // 3]
NOW = datetime(2023, 1, 12, tzinfo=UTC)
AT_ONCE = timedelta(0)


@pytest.fixture
def office_log(desk: Desk) -> Iterator[Log]:
    install_schema(desk.dsn)
    opened = Log(desk.dsn)
    yield opened
    opened.close()


def notices(desk: Desk, log: Log, warning_days: int = 5) -> Notices:
    return Notices(desk.connect(), log, OFFICE, warning_days, AT_ONCE)


def recorded(log: Log, kind: type[Event]) -> list[Event]:
    found = [to_event(row.topic, row.state) for row in log.select_stored(0, 10_000)]
    return [event for event in found if isinstance(event, kind)]


def test_art_24_the_third_return_is_put_to_the_joint_meeting_once(desk: Desk, office_log: Log) -> None:
    desk.take_in(BOUNCING)
    one, other = notices(desk, office_log), notices(desk, office_log)
    at_once(lambda: one.tick(NOW), lambda: other.tick(NOW))
    notices(desk, office_log).tick(NOW)
    docketed = [event for event in recorded(office_log, PetitionDocketed) if isinstance(event, PetitionDocketed)]
    assert {event.petition_id for event in docketed} == {decode(record.value).subject for record in BOUNCING}
    assert len(docketed) == 3
    assert {(event.ground, event.agencies) for event in docketed} == {
        (DocketGround.THIRD_RETURN, tuple(sorted((BUREAU, DEPARTMENT))))
    }


def test_what_was_docketed_comes_to_the_view_and_is_not_docketed_again(desk: Desk, office_log: Log) -> None:
    desk.take_in(BOUNCING)
    notices(desk, office_log).tick(NOW)
    take_in_own(office_log, desk.worker())
    assert desk.select("SELECT count(*), count(docketed_time) FROM views.docket") == [(3, 3)]
    assert notices(desk, office_log)._select("SELECT 1 FROM views.docket WHERE docketed_time IS NULL", {}) == []
    assert rebuild(desk.dsn, law_in_force()).equal


def test_two_returns_are_no_matter_for_the_joint_meeting(desk: Desk, office_log: Log) -> None:
    desk.take_in(records(3, seed=5, interleaved=3, bounces=2))
    notices(desk, office_log).tick(NOW)
    assert recorded(office_log, PetitionDocketed) == []


def near(days: int) -> set[tuple[str, object]]:
    """The open duties, folded in memory, whose date lies in the next days."""
    duties = [DutyRow._make(row) for row in expected(BEGUN)["duties"]]
    return {
        (duty.duty_id, duty.due_date)
        for duty in duties
        if duty.nature == "duty"
        and duty.met_time is None
        and duty.released_time is None
        and duty.due_time is not None
        and NOW < duty.due_time <= NOW + timedelta(days=days)
    }


@pytest.mark.parametrize("days", [0, 5, 60])
def test_an_open_duty_is_warned_of_once_when_its_date_comes_near(desk: Desk, office_log: Log, days: int) -> None:
    desk.take_in(BEGUN)
    assert bool(near(days)) == (days > 0)
    notices(desk, office_log, days).tick(NOW)
    notices(desk, office_log, days).tick(NOW)
    take_in_own(office_log, desk.worker())
    notices(desk, office_log, days).tick(NOW)
    warned = recorded(office_log, DueDateApproaching)
    assert {(one.duty_id, one.due_date) for one in warned if isinstance(one, DueDateApproaching)} == near(days)
    assert len(warned) == len(near(days))
    seen = desk.select("SELECT duty_id, warned_date FROM views.duties WHERE warned_date IS NOT NULL")
    assert set(seen) == near(days)
    assert rebuild(desk.dsn, law_in_force()).equal


def test_a_petition_on_which_facts_still_come_in_is_left_alone(desk: Desk, office_log: Log) -> None:
    desk.take_in(BEGUN)
    assert Notices(desk.connect(), office_log, OFFICE, 60, timedelta(hours=1)).tick(NOW) == 0
