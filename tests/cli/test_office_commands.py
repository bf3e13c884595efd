"""`lianxi office` as a person types it: set up, rebuilt, asked; refusals are a line, differing views an exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main
from services.kit.authority import create_authority, issue
from tests.support.desk import Desk, by_petition, expected
from tests.support.histories import records
from tests.support.logs import as_owner
from tests.support.nodes import City
from tests.support.offices import LivingOffice, living_office
from tests.support.servers import postgres_server

__all__ = ["postgres_server"]

pytestmark = pytest.mark.postgres

HISTORY = records(12, seed=23, interleaved=12)
GIVEN = HISTORY[: len(HISTORY) * 3 // 4]


@pytest.fixture(scope="module")
def office(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingOffice]:
    folder = tmp_path_factory.mktemp("office")
    city = City(postgres_server, folder)
    with living_office(city, folder) as founded:
        desk = Desk(founded.node.settings.log_dsn)
        desk.take_in(GIVEN)
        desk.close()
        yield founded
    city.close()


def lianxi(*words: str, env: dict[str, str] | None = None, columns: int = 200) -> Result:
    return CliRunner(env={"COLUMNS": str(columns), **(env or {})}).invoke(
        main, ["office", *words], catch_exceptions=False
    )


def asks(office: LivingOffice, *words: str, agency: str = "joint-meeting", columns: int = 200) -> Result:
    address = f"127.0.0.1:{office.port}"
    env = {"LIANXI_ADDRESS": address, "LIANXI_CERTS": str(office.certificates), "LIANXI_AGENCY": agency}
    return lianxi(*words, env=env, columns=columns)


def test_every_question_is_answered_with_a_table_and_with_one_object(office: LivingOffice) -> None:
    petition_id = str(next(iter(by_petition(GIVEN))))
    late = json.loads(asks(office, "late", "--json").stdout)["answer"]["duties"]
    assert late
    questions = {
        ("overview",): "petitions 信访事项",
        ("late",): "breached",
        ("due", "--days", "30"): "due within 30 days",
        ("petition", petition_id): "custodian 责任单位",
        ("handoffs", petition_id): "charged to 计入",
        ("timeline", petition_id): "Registered",
        ("explain", late[0]["duty_id"]): "1. 《信访工作条例》第",
        ("parked", "list"): "parked records 搁置记录",
    }
    for words, shown in questions.items():
        table = asks(office, *words)
        assert table.exit_code == 0, table.output
        assert shown in table.stdout, words
        assert isinstance(json.loads(asks(office, *words, "--json").stdout), dict)


def test_ids_and_dates_stay_whole_on_a_narrow_terminal(office: LivingOffice) -> None:
    late = json.loads(asks(office, "late", "--json").stdout)["answer"]["duties"]
    for words in (("late",), ("petition", late[0]["petition_id"]), ("explain", late[0]["duty_id"])):
        shown = asks(office, *words, columns=80).stdout
        assert late[0]["duty_id"] in shown
        assert late[0]["petition_id"] in shown
        day = late[0]["due_date"]
        assert f"{day['year']:04}-{day['month']:02}-{day['day']:02}" in shown


def test_counts_come_as_numbers(office: LivingOffice) -> None:
    found = json.loads(asks(office, "overview", "--json").stdout)["overview"]
    assert found["petitions"] == len(expected(GIVEN)["petitions"])
    assert found["petitions_without_custodian"] == 0
    assert all(isinstance(rule["open"], int) for rule in found["duties"])


def test_a_refusal_is_one_line_with_reason_and_remedy(office: LivingOffice) -> None:
    for words, reason in {
        ("petition", "7"): "MALFORMED",
        ("explain", "none"): "DUTY_UNKNOWN",
        ("parked", "skip", "999", "--reason", "corrupt"): "PARKED_UNKNOWN",
    }.items():
        refused = asks(office, *words)
        assert refused.exit_code == 1
        assert reason in refused.stderr
        assert refused.stdout == ""
    stranger = asks(office, "late", agency="housing-bureau")
    assert "CALLER_NOT_THE_OFFICE" in stranger.stderr
    assert stranger.stderr.count("only the Joint Meeting Office") == 1


def test_one_must_say_who_asks_where_certificates_name_several(office: LivingOffice, tmp_path: Path) -> None:
    unsaid = lianxi("late", "--certs", str(office.certificates), "--address", f"127.0.0.1:{office.port}")
    assert unsaid.exit_code == 2
    assert "--agency" in unsaid.stderr
    unknown = asks(office, "late", agency="water-bureau")
    assert "no certificate names water-bureau" in unknown.stderr
    (tmp_path / "ca.pem").write_bytes((office.certificates / "ca.pem").read_bytes())
    (tmp_path / "ca-key.pem").write_bytes((office.certificates / "ca-key.pem").read_bytes())
    (tmp_path / "ca-key.pem").chmod(0o600)
    issue(tmp_path, "only", agencies=("joint-meeting",), node=False)
    plain = lianxi("late", "--certs", str(tmp_path), "--address", f"127.0.0.1:{office.port}", "--json")
    assert plain.exit_code == 0


def test_a_rebuild_tells_each_view_and_ends_with_1_where_one_differs(office: LivingOffice) -> None:
    env = office.node.settings.to_env()
    equal = lianxi("rebuild", env=env)
    assert equal.exit_code == 0, equal.output
    assert "swapped 已替换" in equal.stdout
    as_owner(office.node.settings.log_dsn, "UPDATE views.duties SET extension_days = 30 WHERE ctid = '(0,1)'")
    differing = lianxi("rebuild", "--check", env=env)
    assert differing.exit_code == 1
    assert "NO 否" in differing.stdout
    assert "not swapped 未替换" in differing.stdout
    as_owner(office.node.settings.log_dsn, "UPDATE views.duties SET extension_days = 0")


def test_roles_that_nobody_knows_are_refused() -> None:
    refused = lianxi("run", "--roles", "api,magic")
    assert refused.exit_code == 2
    assert "magic" in refused.stderr


def test_the_usual_office_need_not_be_named_and_who_shows_nothing_is_asked(tmp_path: Path) -> None:
    create_authority(tmp_path)
    for agency in ("joint-meeting-office", "housing-bureau"):
        issue(tmp_path, agency, agencies=(agency,), node=False)
    away = lianxi("late", "--certs", str(tmp_path), "--address", "127.0.0.1:1")
    assert "the office does not answer" in away.stderr
    nobody = lianxi("late", "--address", "127.0.0.1:1")
    assert nobody.exit_code == 2
    assert "--certs" in nobody.stderr
