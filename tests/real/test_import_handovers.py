"""A part of the stream of hand-overs, against a reckoning from the file that shares no code with the import."""

import csv
import gzip
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.importer.journeys import duties, imported

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
CASES = 600


@pytest.fixture(scope="module")
def cases(data: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of the first cases, in the order of the file."""
    grouped: dict[str, list[dict[str, str]]] = {}
    with gzip.open(data / "handovers_bpic2013.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            grouped.setdefault(row["case:concept:name"], []).append(row)
    return dict(list(grouped.items())[:CASES])


@pytest.fixture(scope="module")
def found(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rejects = tmp_path_factory.mktemp("import") / "rejects.csv"
    options = ("--standalone", "--limit", str(CASES), "--rejects", str(rejects))
    return imported(data / "handovers_bpic2013.csv.gz", "handovers_bpic2013", *options)


def test_no_row_of_the_stream_is_refused(found: dict[str, Any], cases: dict[str, list[dict[str, str]]]) -> None:
    rows = sum(map(len, cases.values()))
    assert (found["rows"], found["imported"], found["already_present"], found["rejected"]) == (rows, rows, 0, 0)
    assert found["petitions"] == len(cases)


def test_every_change_of_group_is_a_handoff_or_a_return(
    found: dict[str, Any], cases: dict[str, list[dict[str, str]]]
) -> None:
    changes = sum(one["org:group"] != other["org:group"] for rows in cases.values() for one, other in pairwise(rows))
    returns = duties(found)["D5-RULING"]
    assert found["handoffs"] + returns[1] == changes
    assert returns[1] > found["handoffs"] // 10


def test_every_handoff_is_confirmed(found: dict[str, Any]) -> None:
    assert duties(found)["D1-DELIVERY"] == (0, found["handoffs"], 0, 0)


def test_every_completed_case_is_served_and_no_other(
    found: dict[str, Any], cases: dict[str, list[dict[str, str]]]
) -> None:
    ended = Counter(rows[-1]["concept:name"] == "Completed" for rows in cases.values())
    assert duties(found)["D10"] == (0, ended[True], 0, 0)
    assert duties(found)["D3"][3] + duties(found)["D4"][3] == ended[False]
