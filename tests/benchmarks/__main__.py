"""`python -m tests.benchmarks [--quick] [NAME …]`: measure beside peers in one run, print ratios, write `bench.json`.

NAME is commands, relay, office or visible; all of them without one. `--quick` shrinks every measure so that it only
shows that it works; its figures mean nothing and are not written.
"""

import json
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from services.kit.bus.broker import KafkaBroker
from services.kit.embedded_postgres import EmbeddedPostgres
from tests.benchmarks import commands, office, relay, visible

WIDTH_MIN = 180
Lines = list[dict[str, Any]]
Measure = Callable[[EmbeddedPostgres, KafkaBroker, Path, bool], Lines]

MEASURES: dict[str, Measure] = {
    "commands": lambda _postgres, _broker, _path, quick: commands.measure(1.0 if quick else commands.SECONDS),
    "relay": lambda postgres, broker, path, quick: relay.measure(
        postgres, broker, path, 200 if quick else relay.PETITIONS
    ),
    "office": lambda postgres, broker, _path, quick: office.measure(
        postgres, broker, 300 if quick else office.PETITIONS
    ),
    "visible": lambda postgres, broker, path, quick: visible.measure(
        postgres, broker, path, 2.0 if quick else visible.SECONDS
    ),
}


def main(arguments: list[str]) -> int:
    """Run the measures asked for and print them; return the exit code."""
    quick = "--quick" in arguments
    names = [name for name in arguments if name != "--quick"] or list(MEASURES)
    if unknown := set(names) - set(MEASURES):
        print(f"no measure is called {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    lines: Lines = []
    for name in names:
        print(f"==> measuring {name}", file=sys.stderr)
        # Each measure has servers of its own, so that none is measured on what another left behind.
        with TemporaryDirectory() as directory:
            path = Path(directory)
            with EmbeddedPostgres(path / "postgres") as postgres, KafkaBroker(path / "kafka") as broker:
                lines += MEASURES[name](postgres, broker, path, quick)
    _print(lines)
    if not quick and len(names) == len(MEASURES):
        Path("bench.json").write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _print(lines: Lines) -> None:
    console = Console(width=max(Console().width, WIDTH_MIN))
    packages = ", ".join(f"{name} {version(name)}" for name in ("eventsourcing", "kafka-python", "grpcio", "pydantic"))
    console.print(f"{psutil.cpu_count()} cores, Python {platform.python_version()}, {packages}")
    table = Table("measure", "value", "unit", "goal", "reached", "ratio", "beside")
    for one in lines:
        beside = "; ".join(f"{peer}: {figure:,.1f}" for peer, figure in one["peers"].items())
        reached = "yes" if one["reached"] else "no"
        row = (one["name"], f"{one['value']:,.1f}", one["unit"], f"{one['goal']:,.0f}", reached)
        table.add_row(*row, f"{one['ratio']:.3f}", beside)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
