"""The glossary of `domain/README.md` comes first: no event, command, word, rule or refusal may be missing from it."""

import importlib
import pkgutil
import re
from enum import StrEnum
from pathlib import Path

import pytest

import domain
from domain.duty_table import RULES
from domain.event import Command, event_types

FOLDER = Path(domain.__file__).parent
MODULES = [importlib.import_module(module.name) for module in pkgutil.walk_packages(domain.__path__, "domain.")]
GLOSSARY = set(re.findall(r"`([^`]+)`", (FOLDER / "README.md").read_text(encoding="utf-8")))
ENUMS = {kind for module in MODULES for kind in vars(module).values() if isinstance(kind, type)}
SHOWN = [
    "AgencyKind",
    "Category",
    "Channel",
    "DocketGround",
    "HandoffKind",
    "ObjectionReason",
    "Outcome",
    "ParkingReason",
    "Phase",
    "Provenance",
    "Purpose",
    "RefusalReason",
    "RatedRole",
    "Route",
    "Satisfaction",
    "SegmentKind",
    "ServiceMethod",
    "Status",
]


def refusal_codes() -> set[str]:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.py")))
    before = {f"TIME_BEFORE_{code}" for code in re.findall(r'^    "[a-z ]+": "([A-Z]+)",$', source, re.MULTILINE)}
    return before | set(re.findall(r'Refusal\(\s*"([A-Z_]+)"', source))


def missing(words: set[str]) -> set[str]:
    return words - GLOSSARY


def test_every_event_is_in_the_glossary() -> None:
    assert missing({name.rsplit(".", 1)[1] for name in event_types()}) == set()


def test_every_command_is_in_the_glossary() -> None:
    assert missing({command.__name__ for command in Command.__subclasses__()}) == set()


@pytest.mark.parametrize("name", SHOWN)
def test_every_stored_or_shown_word_is_in_the_glossary(name: str) -> None:
    kind = next(kind for kind in ENUMS if issubclass(kind, StrEnum) and kind.__name__ == name)
    assert missing({kind.__name__} | {word.value for word in kind}) == set()


def test_every_rule_is_in_the_glossary() -> None:
    assert missing({rule.rule_id for rule in RULES}) == set()


def test_every_refusal_is_in_the_glossary() -> None:
    assert len(refusal_codes()) > 25
    assert missing(refusal_codes()) == set()
