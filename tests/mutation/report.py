"""The figures of the last run of each module, and the page that shows them with a reason for every survivor."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
REASONS = HERE / "reasons.toml"
PAGE = HERE / "survivors.md"

HEAD = """# Mutants of the domain that no test kills

`make mutate` changes the modules below in small wrong ways, one at a time and in a copy, and runs the tests about each
module. A mutant is killed if a test fails; a survivor has its reason here, from `reasons.toml`. Mutants that Python
does not even import are counted nowhere. Sentences of refusals, docstrings and comments are never changed, and `==` is
not exchanged with `is`, `<` or `>=`: names and enum members have no order. Lines that only tell Python how to keep a
value (caches, slots, immutability) are left alone. `operators.py` names what is changed; properties try 20 examples
each, the same every time. `equivalent` are survivors that no test could tell from the original.

| module | mutants | tried | killed | survived | killed % | equivalent | killed % of the rest |
|---|---:|---:|---:|---:|---:|---:|---:|
"""


class Change(NamedTuple):
    """What a mutant changes: the operator, what stood there, and what stands there now."""

    operator: str
    old: str
    new: str


class Figures(NamedTuple):
    """What became of a module's mutants; `tried` is less than `mutants` where a sample was drawn."""

    mutants: int
    tried: int
    killed: int
    unborn: int
    survivors: list[Change]


def keep(module: str, figures: Figures) -> None:
    """Remember the figures of a module until its next run."""
    known = _known()
    known[module] = figures
    rows = {name: {**one._asdict(), "survivors": one.survivors} for name, one in sorted(known.items())}
    FIGURES.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


def write(order: Iterable[str]) -> None:
    """Write the page from the figures that are known and the reasons that were given."""
    reasons = tomllib.loads(REASONS.read_text("utf-8"))
    known = _known()
    modules = [module for module in order if module in known]
    counts = [_counts(known[module], reasons.get(module, [])) for module in modules]
    rows = [_row(f"`{module}`", *count) for module, count in zip(modules, counts, strict=True)]
    rows.append(_row("**all**", *map(sum, zip(*counts, strict=True))))
    lists = [_survivors(module, known[module], reasons.get(module, [])) for module in modules]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + "".join(lists), "utf-8")


def _known() -> dict[str, Figures]:
    if not FIGURES.exists():
        return {}
    rows = json.loads(FIGURES.read_text("utf-8"))
    return {
        name: Figures(**{**row, "survivors": [Change(*one) for one in row["survivors"]]}) for name, row in rows.items()
    }


def _counts(figures: Figures, reasons: list[dict[str, Any]]) -> tuple[int, int, int, int, int]:
    """Return how many mutants there are, were tried, killed, survived, and are equivalent to the original."""
    equivalent = sum(bool(_reason(one, reasons).get("equivalent")) for one in figures.survivors)
    tried = figures.tried - figures.unborn
    return figures.mutants, tried, figures.killed, len(figures.survivors), equivalent


def _row(name: str, mutants: int, tried: int, killed: int, survived: int, equivalent: int) -> str:
    rate, rest = _percent(killed, tried), _percent(killed, tried - equivalent)
    return f"| {name} | {mutants} | {tried} | {killed} | {survived} | {rate} | {equivalent} | {rest} |"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def _reason(survivor: Change, reasons: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the entry whose texts stand in the survivor's old and new lines."""
    return next((one for one in reasons if one["was"] in survivor.old and one.get("now", "") in survivor.new), {})


def _survivors(module: str, figures: Figures, reasons: list[dict[str, Any]]) -> str:
    if not figures.survivors:
        return ""
    lines = [f"\n## `{module}`\n"]
    for one in figures.survivors:
        entry = _reason(one, reasons)
        word = "Equivalent: " if entry.get("equivalent") else ""
        lines.append(f"* `{one.old}` → `{one.new}` ({one.operator})")
        lines.append(f"  {word}{entry.get('reason', '**no reason given yet**')}")
    return "\n".join(lines) + "\n"
