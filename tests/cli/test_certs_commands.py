"""`lianxi certs` as a person types it: what it makes, what it shows, and how it says no."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.certs_commands import certs
from services.kit.authority import read_certificate


def lianxi_certs(*arguments: object) -> Result:
    return CliRunner().invoke(certs, [str(argument) for argument in arguments])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert lianxi_certs("init", tmp_path / "certs").exit_code == 0
    return tmp_path / "certs"


def test_a_node_that_calls_for_two_agencies(directory: Path) -> None:
    made = lianxi_certs(
        "issue", directory, "--node", "n1", "--agency", "housing", "--agency", "land", "--host", "n1.example.cn"
    )
    assert made.exit_code == 0, made.output
    seen = read_certificate(directory / "n1.pem")
    assert (seen.nodes, seen.agencies, seen.hosts) == (("n1",), ("housing", "land"), ("n1.example.cn",))

    shown = lianxi_certs("show", directory / "n1.pem").output
    for line in ("agencies 机关: housing, land", "node 节点: n1", "hosts 地址: n1.example.cn", "days left"):
        assert line in shown


def test_a_callers_certificate_bears_the_name_of_its_agency_or_one_of_its_own(directory: Path) -> None:
    assert lianxi_certs("issue", directory, "--agency", "housing").exit_code == 0
    assert lianxi_certs("issue", directory, "--agency", "housing", "--name", "second-system").exit_code == 0
    assert read_certificate(directory / "second-system.pem").agencies == ("housing",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--agency ID, --node ID, or both"),
        (["--agency", "住房"], "is no id"),
        (["--agency", "housing", "--host", "h"], "--host is for a node"),
        (["--node", "n1", "--name", "n2"], "--name is for a caller"),
        (["--node", "n1", "--host", "a b"], "neither a host name nor an address"),
    ],
)
def test_what_cannot_be_issued_is_refused_in_words(directory: Path, arguments: list[str], said: str) -> None:
    refused = lianxi_certs("issue", directory, *arguments)
    assert refused.exit_code != 0
    assert said in refused.output
    assert {path.name for path in directory.iterdir()} == {"ca.pem", "ca-key.pem"}


def test_nothing_is_replaced_unless_asked_to(directory: Path) -> None:
    before = (directory / "ca.pem").read_bytes()
    refused = lianxi_certs("init", directory)
    assert (refused.exit_code, "--renew" in refused.output) == (1, True)
    assert (directory / "ca.pem").read_bytes() == before
    assert lianxi_certs("init", directory, "--renew").exit_code == 0
    assert (directory / "ca.pem").read_bytes() != before


def test_without_an_authority_the_next_step_is_named(tmp_path: Path) -> None:
    refused = lianxi_certs("issue", tmp_path, "--agency", "housing")
    assert (refused.exit_code, "lianxi certs init" in refused.output) == (1, True)


@pytest.mark.parametrize("name", ["ca-key.pem", "missing.pem", "."])
def test_what_is_no_certificate_is_not_shown(directory: Path, name: str) -> None:
    refused = lianxi_certs("show", directory / name)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
