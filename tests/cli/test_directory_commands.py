"""`lianxi directory` as a person types it: all agencies, one of them, or the competent ones; tables and one object."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.agency.directory import DirectoryService
from services.agency.service import CaseService
from services.cli.main import main
from services.kit.directory import NodeEntry
from services.kit.rpc.server import RpcServer
from tests.support.nodes import BUREAU, HOUSING, WATER, City, city
from tests.support.servers import postgres_server

__all__ = ["city", "postgres_server"]

pytestmark = pytest.mark.postgres

TOLD: dict[str, dict[str, Any]] = {
    BUREAU: {"division": "990100"},
    HOUSING: {"division": "990100", "superior": BUREAU, "abolished": "2024-03-01", "successors": [WATER]},
    WATER: {"division": "990101", "superior": HOUSING},
}


@pytest.fixture
def address(city: City) -> Iterator[str]:
    """Where a node listens whose directory knows three agencies."""
    node = city.node("bureau", BUREAU, HOUSING, WATER)
    entry = node.entry().model_dump(mode="json")
    for claim in entry["agencies"]:
        claim.update(TOLD[claim["agency"]])
    node.directory.learn(NodeEntry.model_validate(entry))
    cases = CaseService(node)
    server = RpcServer([cases.service(), DirectoryService(node).service()], "127.0.0.1:0", None, plaintext=True)
    server.start()
    yield f"127.0.0.1:{server.port}"
    server.stop()
    cases.close()


def lianxi(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["directory", *words], catch_exceptions=False)


def test_all_agencies_are_shown_with_level_superior_and_successors(address: str) -> None:
    shown = lianxi("--address", address).stdout
    [housing] = [line for line in shown.splitlines() if "2024-03-01" in line]
    for said in (HOUSING, "市级", "990100", BUREAU, WATER, "机关、单位"):
        assert said in housing
    listed = json.loads(lianxi("--address", address, "--json").stdout)["agencies"]
    assert [(one["agency"], one["level"]) for one in listed] == [
        (HOUSING, "AGENCY_LEVEL_CITY"),
        (BUREAU, "AGENCY_LEVEL_CITY"),
        (WATER, "AGENCY_LEVEL_COUNTY"),
    ]


def test_one_agency_is_shown_as_it_stands_on_a_day(address: str) -> None:
    def standing(*words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(lianxi(*words, "--address", address, "--json").stdout)["standing"]
        return found

    assert standing(HOUSING)["successors"] == [WATER]
    assert standing(HOUSING, "--on", "2023-01-01")["stands"] is True
    assert standing(WATER, "--on", "2023-01-01")["next_higher"] == HOUSING
    assert standing(WATER)["next_higher"] == BUREAU
    assert "takes over 承继受理" in lianxi(HOUSING, "--address", address).stdout


def test_who_is_competent_in_a_division_is_shown(address: str) -> None:
    words = ("--division", "990100", "--kind", "agency", "--address", address, "--json")
    assert [one["agency"] for one in json.loads(lianxi(*words).stdout)["agencies"]] == [BUREAU]
    assert [one["agency"] for one in json.loads(lianxi(*words, "--on", "2023-01-01").stdout)["agencies"]] == [
        HOUSING,
        BUREAU,
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--division", "990100"), "--kind"),
        ((HOUSING, "--division", "990100", "--kind", "agency"), "for neither to see all"),
        (("nobody",), "AGENCY_UNKNOWN"),
        (("--division", "123456", "--kind", "agency"), "division"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(address: str, words: tuple[str, ...], said: str) -> None:
    refused = lianxi(*words, "--address", address)
    assert refused.exit_code != 0
    assert said in refused.stderr


def test_a_node_that_is_away_is_named_as_such() -> None:
    refused = lianxi("--address", "127.0.0.1:1")
    assert refused.exit_code == 1
    assert "the node does not answer" in refused.stderr
