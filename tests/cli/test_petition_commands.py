"""`lianxi petition` and `lianxi office ratings` as a person types them."""

import json

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main
from services.kit.sealing import new_key
from services.kit.spoken_codes import CodePurpose, spoken_code
from tests.domain.facts import PETITION
from tests.domain.facts_petitioner import IN_HANDLING, SERVED
from tests.support.nodes import city
from tests.support.offices import LivingOffice
from tests.support.petitioners import Registry, new_office, registry
from tests.support.servers import postgres_server

__all__ = ["city", "new_office", "postgres_server", "registry"]

pytestmark = pytest.mark.postgres


def lianxi(office: LivingOffice, *words: str, agency: str = "petitions", stdin: str = "") -> Result:
    address = f"127.0.0.1:{office.port}"
    env = {"LIANXI_ADDRESS": address, "LIANXI_CERTS": str(office.certificates), "LIANXI_AGENCY": agency}
    return CliRunner(env={"COLUMNS": "160", **env}).invoke(main, list(words), input=stdin, catch_exceptions=False)


def test_a_portal_shows_the_road_what_is_due_and_the_petitioners_window(
    registry: Registry, new_office: LivingOffice
) -> None:
    handling, _ = registry.petition(*IN_HANDLING)
    shown = lianxi(new_office, "petition", handling)
    assert shown.exit_code == 0, shown.output
    for said in ("2023-03-01", "受理", "Housing has to complete the handling by 2023-05-05 (Art. 34)", "now 现在"):
        assert said in shown.stdout
    served, _ = registry.petition(*SERVED)
    assert "您可以在2023-05-12前(含当日)请求复查" in lianxi(new_office, "petition", "-", stdin=f"{served}\n").stdout


def test_a_program_gets_one_object(registry: Registry, new_office: LivingOffice) -> None:
    code, _ = registry.petition(*IN_HANDLING)
    found = json.loads(lianxi(new_office, "petition", code, "--json").stdout)["progress"]
    assert found["steps"][0]["step"] == "registered"
    assert found["holder"]["agency"] == "housing"
    assert code not in json.dumps(found)


def test_a_slip_of_the_pen_is_noticed_and_a_foreign_code_is_unknown(
    registry: Registry, new_office: LivingOffice
) -> None:
    registry.petition(*IN_HANDLING)
    code = spoken_code(new_key(), PETITION, CodePurpose.QUERY)
    slip = lianxi(new_office, "petition", code[:-1])
    assert (slip.exit_code, "CODE_MISWRITTEN" in slip.stderr) == (1, True)
    unknown = lianxi(new_office, "petition", code)
    assert (unknown.exit_code, "CODE_UNKNOWN" in unknown.stderr) == (1, True)
    assert code not in unknown.output


def test_who_is_no_portal_is_told_so(registry: Registry, new_office: LivingOffice) -> None:
    code, _ = registry.petition(*IN_HANDLING)
    denied = lianxi(new_office, "petition", code, agency="housing-bureau")
    assert (denied.exit_code, "CALLER_NO_PORTAL" in denied.stderr) == (1, True)


def test_ratings_show_silence_as_silence_and_a_dash_for_what_is_not_shown(
    registry: Registry, new_office: LivingOffice
) -> None:
    for _ in range(4):
        registry.petition(*SERVED)
    few = lianxi(new_office, "office", "ratings", agency="joint-meeting").stdout
    assert few.count("–") == 11, "two rows of five figures, and the caption"
    for _ in range(2):
        registry.petition(*SERVED)
    shown = lianxi(new_office, "office", "ratings", agency="joint-meeting")
    assert shown.exit_code == 0, shown.output
    assert "责任单位 handling agency" in shown.stdout
    rows = json.loads(lianxi(new_office, "office", "ratings", "--json", agency="joint-meeting").stdout)["answer"]
    assert [(row["agency"], row["unrated"], row["satisfied"]) for row in rows["ratings"]] == [
        ("housing", 6, 0),
        ("petitions", 6, 0),
    ]
