"""The duty table and one date, as a jurist reads them at the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import main


def run(*arguments: str) -> str:
    """Run the command and return what it printed."""
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_row_names_its_article_and_a_row_without_a_figure_says_so() -> None:
    rows = json.loads(run("rules", "--json"))
    assert all(row["article"] and row["debtor"] and row["procedure"] for row in rows)
    assert all(row["start"] for row in rows if row["nature"] in ("duty", "window"))
    silent = [row for row in rows if row["state"] == "no_figure_in_law"]
    assert {"D5-RULING", "D4-ACCEPTANCE", "EXECUTION"} <= {row["rule"] for row in silent}
    assert all(row["length"] is None for row in silent)


def test_the_table_leaves_nothing_out_on_a_narrow_terminal() -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["rules"], catch_exceptions=False).output
    assert "…" not in shown
    assert "D4-ACCEPTANCE" in shown


@pytest.mark.parametrize(("day", "version"), [("2022-04-30", "2005"), ("2022-05-01", "2022")])
def test_a_matter_is_under_the_regulations_of_its_first_receipt(day: str, version: str) -> None:
    rows = {row["rule"]: row["version"] for row in json.loads(run("rules", "--on", day, "--json"))}
    assert rows["D10"] == version
    assert ("D5" in rows) == (version == "2022")


@pytest.mark.parametrize(
    ("rule", "start", "due_date"),
    [
        ("D4", "2022-05-01", "2022-05-16"),
        ("D10", "2022-05-01", "2022-06-30"),
        ("D5", "2022-05-01", "2022-05-10"),
        ("d12", "2022-05-01", "2022-05-31"),
    ],
)
def test_a_date_is_worked_out_aloud(rule: str, start: str, due_date: str) -> None:
    found = json.loads(run("due", rule, "--from", start, "--json"))
    assert (found["due_date"], found["state"]) == (due_date, "final")
    assert due_date in found["steps"][-1]


def test_a_period_into_an_unpublished_year_is_provisional() -> None:
    assert json.loads(run("due", "D5", "--from", "2026-12-30", "--json"))["state"] == "calendar_unpublished"


def test_a_rule_without_a_figure_gives_no_date() -> None:
    found = json.loads(run("due", "D5-RULING", "--from", "2024-05-06", "--json"))
    assert (found["due_date"], found["state"]) == (None, "no_figure_in_law")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("due", "D99", "--from", "2024-05-06"), "there are"),
        (("due", "D16", "--from", "2024-05-06"), "is a limit and no period"),
        (("due", "D1", "--from", "2001-05-06"), "begins on 2005-05-01"),
        (("due", "D4", "--from", "2024-05-06", "--extension", "5"), "at most 0 days"),
        (("due", "D5", "--from", "soon"), "is not a time like"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_in_words(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 2
    assert said in result.output


EXAMPLE = str(Path(__file__).parents[2] / "deploy" / "local-rules.example.toml")


def test_the_keys_that_a_jurist_relies_on_are_there() -> None:
    keys = "rule article debtor start length unit extension suspension jurisdiction effective_from effective_to"
    rows = json.loads(run("rules", "--json"))
    assert all(set(keys.split()) <= row.keys() for row in rows)
    assert {row["rule"] for row in rows if row["suspension"]} == {"D15"}


def test_the_steps_are_told_in_both_languages() -> None:
    found = json.loads(run("due", "D10", "--from", "2024-05-06", "--json"))
    assert found["steps"][0] == "Art. 34 gives 60 calendar days"
    assert found["steps_zh"][0] == "《信访工作条例》第三十四条规定 60 日"
    assert len(found["steps"]) == len(found["steps_zh"])


def test_a_local_figure_is_read_from_the_file_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    without = json.loads(run("due", "D22", "--from", "2024-03-01", "--json"))
    monkeypatch.setenv("LIANXI_LOCAL_RULES", EXAMPLE)
    found = json.loads(run("due", "D22", "--from", "2024-03-01", "--json"))
    assert (without["state"], without["due_date"]) == ("no_figure_in_law", None)
    assert (found["due_date"], found["state"]) == ("2024-03-31", "final")
    assert "上海市信访条例 第四十一条" in found["steps"][0]
    [row] = [row for row in json.loads(run("rules", "--on", "2024-01-01", "--json")) if row["rule"] == "D22"]
    assert (row["length"], row["jurisdiction"]) == (30, "310000")


def test_a_file_that_overrules_the_law_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "local.toml"
    file.write_text(Path(EXAMPLE).read_text(encoding="utf-8").replace("D22", "D10"), encoding="utf-8")
    monkeypatch.setenv("LIANXI_LOCAL_RULES", str(file))
    result = CliRunner().invoke(main, ["rules"])
    assert result.exit_code == 1
    assert "rule 1 (D10), field length: Art. 34 gives 60 itself" in result.output
