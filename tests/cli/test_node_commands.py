"""`lianxi` and `lianxi node`: help that teaches, a node set up and run in two commands, and decisions on record."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.main import WORDS, main
from services.kit.bus.broker import free_port

AGENCY = "housing-bureau:agency:住建局:Housing Bureau"

PLACED = json.dumps(
    {
        "agency": "housing-bureau",
        "kind": "agency",
        "name_zh": "住建局",
        "name": "Housing Bureau",
        "division": "990100",
        "superior": "government",
    }
)


def init(directory: Path, agency: str, *options: str) -> Result:
    """Set a node up without certificates."""
    words = ["node", "init", str(directory), "--node", "housing", "--agency", agency, "--plaintext", *options]
    return CliRunner().invoke(main, words)


def test_help_lists_every_word_and_its_chinese_name() -> None:
    told = CliRunner().invoke(main, ["--help"])
    assert told.exit_code == 0
    for name in ("node", "certs", "kafka"):
        assert f"{name} " in told.output
        assert WORDS[name].short_help in told.output


def test_every_word_that_is_listed_can_be_asked_for_help() -> None:
    for name in main.list_commands(main.make_context("lianxi", ["--help"], resilient_parsing=True)):
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_an_unknown_word_is_refused_in_words() -> None:
    told = CliRunner().invoke(main, ["petitioner"])
    assert told.exit_code == 2
    assert "No such command" in told.output


def test_a_node_without_settings_says_all_that_it_needs() -> None:
    told = CliRunner().invoke(main, ["node", "run"])
    assert told.exit_code == 1
    for name in ("LIANXI_NODE", "LIANXI_AGENCIES", "LIANXI_LOG_DSN", "LIANXI_KEYS_DSN", "LIANXI_BUS"):
        assert name in told.output


@pytest.mark.parametrize("agency", ["housing", "housing:mystery:住建局:Housing"])
def test_an_agency_that_is_not_written_as_one_is_refused(tmp_path: Path, agency: str) -> None:
    addresses = ["--log-dsn", "postgresql://a", "--keys-dsn", "postgresql://b", "--bus", "kafka://c:1"]
    told = init(tmp_path, agency, *addresses)
    assert told.exit_code != 0
    assert not (tmp_path / "housing.env").exists()


@pytest.mark.parametrize(
    "agency", ['{"agency": "housing"', '{"agency": "housing"}', PLACED.replace("990100", "123456")]
)
def test_an_agency_in_braces_is_read_as_json_and_checked_like_any_other(tmp_path: Path, agency: str) -> None:
    addresses = ["--log-dsn", "postgresql://a", "--keys-dsn", "postgresql://b", "--bus", "kafka://c:1"]
    told = init(tmp_path, agency, *addresses)
    assert told.exit_code != 0
    assert "JSON" in told.output or "LIANXI_AGENCIES" in told.output
    assert not (tmp_path / "housing.env").exists()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_node_is_set_up_runs_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    city = tmp_path / "city"
    told = init(city, PLACED, "--listen", f"127.0.0.1:{port}")
    assert told.exit_code == 0, told.output
    env_file = city / "housing.env"
    assert env_file.stat().st_mode & 0o077 == 0
    command = [sys.executable, "-m", "services.cli.main", "node", "run", "--roles", "relay,inbox"]
    with subprocess.Popen([*command, "--env-file", str(env_file)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "announced node housing" in json.loads(line)["message"]:
                break
        told = CliRunner().invoke(main, ["node", "status", "--json", "--env-file", str(env_file)])
        status = json.loads(told.stdout)
        assert (status["node"], status["facts"], status["deliveries_parked"]) == ("housing", 0, 0)
        assert status["relay_is_active"]
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(30) == 0, rest
    assert all(json.loads(line)["node"] == "housing" for line in rest.splitlines())
    told = CliRunner().invoke(main, ["node", "parked", "list", "--env-file", str(env_file)])
    assert told.output == "0 parked 搁置\n"
    told = CliRunner().invoke(main, ["node", "parked", "skip", "7", "--reason", "x", "--env-file", str(env_file)])
    assert "no record 7 is parked" in told.output


@pytest.mark.postgres
@pytest.mark.slow
def test_who_sets_a_node_up_before_its_certificate_is_told_how_to_issue_it(tmp_path: Path) -> None:
    words = ["node", "init", str(tmp_path / "city"), "--node", "housing", "--agency", AGENCY]
    told = CliRunner().invoke(main, [*words, "--tls-dir", str(tmp_path / "certs")])
    assert told.exit_code == 0, told.output
    assert f"lianxi certs issue {tmp_path / 'certs'} --node housing --agency housing-bureau" in told.output
