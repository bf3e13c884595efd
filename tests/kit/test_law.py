"""The file of local figures, as an operator writes it."""

from pathlib import Path

import pytest

from domain.local_rules import LocalRulesRefused
from services.kit.law import law_in_force, read_local_rules

EXAMPLE = Path(__file__).parents[2] / "deploy" / "local-rules.example.toml"


def test_the_example_that_is_shipped_is_sound() -> None:
    law = law_in_force(local=read_local_rules(EXAMPLE))
    [row] = [row for row in law.table.rows if row.basis]
    assert (row.rule_id, row.length, row.jurisdiction) == ("D22", 30, "310000")
    assert law.version.startswith(law_in_force().version + "+local-")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[rule]]\nrule = ", "cannot be read"),
        ('[[rule]]\nrule = "D22"\n', "rule 1, field length: Field required"),
        ("color = 1\n", "field color: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_file_is_told_by_rule_and_field(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "local.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LocalRulesRefused) as refused:
        read_local_rules(file)
    assert any(told in problem for problem in refused.value.problems), refused.value.problems


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalRulesRefused, match="cannot be read"):
        read_local_rules(tmp_path / "none.toml")
