"""A configured rule that does not run is an alarm (I12)."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.kit.law import law_in_force
from services.kit.log import Log, install_schema
from services.office import liveness, store
from services.office.notices import Notices
from services.office.watch import Watch
from tests.office.test_watch import OFFICE
from tests.support.desk import Desk

pytestmark = pytest.mark.postgres

NOW = datetime(2023, 1, 12, tzinfo=UTC)
AT_ONCE = timedelta(0)


@pytest.fixture
def office_log(desk: Desk) -> Iterator[Log]:
    install_schema(desk.dsn)
    store.prepare(desk.dsn, law_in_force().version)
    opened = Log(desk.dsn)
    yield opened
    opened.close()


def silent(desk: Desk, after: timedelta = liveness.SILENT_AFTER) -> list[str]:
    return [run.loop for run in liveness.runs(desk.connect(), after) if run.silent]


def test_a_rule_that_never_ran_is_silent_and_one_that_ran_is_not(desk: Desk, office_log: Log) -> None:
    assert silent(desk) == list(liveness.LOOPS)
    Watch(desk.connect(), office_log, OFFICE, settling=AT_ONCE).tick(NOW)
    assert silent(desk) == [liveness.WARNINGS, liveness.DOCKET]
    Notices(desk.connect(), office_log, OFFICE, settling=AT_ONCE).tick(NOW)
    assert silent(desk) == []


@pytest.mark.usefixtures("office_log")
def test_a_rule_that_ran_too_long_ago_is_an_alarm_in_the_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    liveness.note(desk.connect(), liveness.LOOPS)
    with caplog.at_level(logging.ERROR):
        assert liveness.alarm(desk.connect()) == []
        assert caplog.text == ""
        assert liveness.alarm(desk.connect(), AT_ONCE) == list(liveness.LOOPS)
    assert "a rule does not run: loop=breaches" in caplog.text


@pytest.mark.usefixtures("office_log")
def test_each_run_replaces_the_last(desk: Desk) -> None:
    rows = desk.connect()
    liveness.note(rows, [liveness.BREACHES])
    [first] = [run.last_run_time for run in liveness.runs(rows) if run.loop == liveness.BREACHES]
    liveness.note(rows, [liveness.BREACHES])
    [second] = [run.last_run_time for run in liveness.runs(rows) if run.loop == liveness.BREACHES]
    assert first is not None
    assert second is not None
    assert first < second
