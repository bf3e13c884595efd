"""The fines with appeals, imported as a whole: review and re-review with their windows and dates, against the file.

The reckoning shares no code with the import or the domain: it reads both files with the csv module, and counts days on
civil dates, with the table of working days beside the data for the petitioner's last day.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.importer.journeys import imported

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN_OF_RULES = date(2005, 5, 1)
DAYS = timedelta(days=30)
SENT, NOTIFIED, APPEALED = "Send Fine", "Insert Fine Notification", "Insert Date Appeal to Prefecture"
RESULT, RESULT_NOTIFIED = "Receive Result Appeal from Prefecture", "Notify Result Appeal to Offender"
TO_JUDGE, AFTERWARDS = "Appeal to Judge", ("Payment", "Send for Credit Collection")

Trace = list[tuple[date, str]]
Figures = dict[str, tuple[int, int, int, int]]


@pytest.fixture(scope="module")
def traces(data: Path) -> list[Trace]:
    grouped: dict[str, Trace] = {}
    with (data / "appeals_roadtraffic.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = datetime.fromisoformat(row["time:timestamp"]).astimezone(SHANGHAI).date()
            grouped.setdefault(row["case:concept:name"], []).append((day, row["concept:name"]))
    return list(grouped.values())


@pytest.fixture(scope="module")
def days_off(data: Path) -> set[date]:
    with (data / "workdays_2004_2026.csv").open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]) for row in csv.DictReader(file) if row["is_workday"] == "0"}


@pytest.fixture(scope="module")
def found(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rejects = tmp_path_factory.mktemp("import") / "rejects.csv"
    options = ("--standalone", "--rejects", str(rejects))
    return imported(data / "appeals_roadtraffic.csv", "appeals_roadtraffic", *options)


def figures(found: dict[str, Any], version: str = "2005") -> Figures:
    return {
        duty["rule"]: (duty["open"], duty["met"], duty["late"], duty["breached"])
        for duty in found["duties"]
        if duty["rule_version"] == version
    }


class Reckoning:
    """What happened in one case, first moment by first moment, where each needs the one before it."""

    def __init__(self, trace: Trace) -> None:
        self.begun = trace[0][0]
        place, self.sent = _first(trace, -1, SENT)
        self.served_place, self.served = _first(trace, place, NOTIFIED)
        self.asked_place, self.asked = _first(trace, place, APPEALED)
        place, self.reviewed = _first(trace, self.asked_place, RESULT)
        place, self.review_served = _first(trace, place, RESULT_NOTIFIED)
        place, self.asked_again = _first(trace, place, TO_JUDGE)
        place, self.ended = _first(trace, place, *AFTERWARDS)

    @property
    def uses_window(self) -> bool:
        """Whether the appeal came after the decision had been notified; earlier there is no window yet."""
        return bool(self.served and self.asked) and self.served_place < self.asked_place


def _first(trace: Trace, after: int, *names: str) -> tuple[int, date | None]:
    for place, (day, name) in enumerate(trace):
        if place > after >= -1 and name in names:
            return place, day
    return len(trace), None


@pytest.fixture(scope="module")
def cases(traces: list[Trace]) -> list[Reckoning]:
    return [Reckoning(trace) for trace in traces if trace[0][0] >= BEGIN_OF_RULES]


def tally(pairs: Iterable[tuple[date | None, date]]) -> tuple[int, int, int, int]:
    """Count what was done in time, late or never; every last day of the file is long over."""
    pairs = list(pairs)
    assert all(last < datetime.now(UTC).date() for _, last in pairs)
    count = Counter("never" if done is None else "late" if done > last else "met" for done, last in pairs)
    return 0, count["met"], count["late"], count["never"]


def rolled(last: date, days_off: set[date]) -> date:
    while last in days_off:
        last += timedelta(days=1)
    return last


def test_every_case_from_the_time_of_the_rules_is_a_petition(
    found: dict[str, Any], traces: list[Trace], cases: list[Reckoning]
) -> None:
    rows = [len(trace) for trace in traces if trace[0][0] >= BEGIN_OF_RULES]
    assert (found["petitions"], found["imported"]) == (len(cases), sum(rows))
    assert found["rejected"] == sum(map(len, traces)) - sum(rows)


def test_the_prefecture_s_thirty_days_are_those_of_the_file(found: dict[str, Any], cases: list[Reckoning]) -> None:
    asked = [case for case in cases if case.asked]
    assert len(asked) > 50
    expected = tally((case.review_served, case.asked + DAYS) for case in asked if case.asked)
    assert figures(found)["D13"] == expected


def test_the_judge_s_thirty_days_are_those_of_the_file(found: dict[str, Any], cases: list[Reckoning]) -> None:
    expected = tally((case.ended, case.asked_again + DAYS) for case in cases if case.asked_again)
    assert sum(expected) > 10
    assert figures(found)["D15"] == expected


def test_the_window_for_review_runs_from_the_notification(
    found: dict[str, Any], cases: list[Reckoning], days_off: set[date]
) -> None:
    used = [case for case in cases if case.uses_window]
    expected = tally((case.asked, rolled(case.served + DAYS, days_off)) for case in used if case.served)
    # A window that nobody used lapses; it is never breached.
    assert figures(found)["D12"] == expected


def test_the_window_for_rereview_runs_from_the_notified_result(
    found: dict[str, Any], cases: list[Reckoning], days_off: set[date]
) -> None:
    expected = tally(
        (case.asked_again, rolled(case.review_served + DAYS, days_off))
        for case in cases
        if case.asked_again and case.review_served
    )
    assert figures(found)["D14"] == expected


def test_every_result_reaches_the_police(found: dict[str, Any], cases: list[Reckoning]) -> None:
    opinions = sum(case.reviewed is not None for case in cases) + sum(case.ended is not None for case in cases)
    assert figures(found)["D13-DELIVERY"] == (0, opinions, 0, 0)
