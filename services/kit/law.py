"""The law in force where this process runs: the national duty table, the published calendar, and the local figures.

The local figures stand in a TOML file that `LIANXI_LOCAL_RULES` names; without it every step that the law leaves open
stays without a date. All nodes of one place name the same file, so that they judge by the same law.
"""

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from domain.law import Law
from domain.local_rules import LocalRules, LocalRulesRefused, law_of
from services.kit.work_calendar import published_calendar

LOCAL_RULES = "LIANXI_LOCAL_RULES"


class LocalRulesFile(NamedTuple):
    """The local figures, and where they were read from."""

    path: Path
    rules: LocalRules


@lru_cache(maxsize=8)
def law_in_force(last_year: int | None = None, local: LocalRulesFile | None = None) -> Law:
    """Return the law with the calendar of all published years, or of those up to `last_year` (as it was then)."""
    return law_of(published_calendar(last_year), local.rules if local else None)


def read_local_rules(path: Path) -> LocalRulesFile:
    """Read and judge the file; raise `LocalRulesRefused` that names each rule and field at fault."""
    try:
        rules = LocalRules.model_validate_json(_json(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise LocalRulesRefused([f"{path} cannot be read: {problem}"]) from None
    except ValidationError as problem:
        raise LocalRulesRefused([_told(error["loc"], error["msg"]) for error in problem.errors()]) from None
    law_of(published_calendar(), rules)
    return LocalRulesFile(path, rules)


def _json(path: Path) -> str:
    """Pass TOML on as JSON, so that a word, a date and a list become what the model says they are."""
    return json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str)


def _told(place: tuple[int | str, ...], message: str) -> str:
    where = [f"rule {part + 1}" if isinstance(part, int) else f"field {part}" for part in place]
    return f"{', '.join(where[1:] or where)}: {message}"
