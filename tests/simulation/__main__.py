"""`python -m tests.simulation`: many seeds, or one seed again.

`--seed` alone runs that seed; with `--seeds N` it is the first of N.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.kit.embedded_postgres import EmbeddedPostgres
from tests.simulation.city import Template
from tests.simulation.run import Outcome, SimulationFailed, simulate

NO_DISK = {"fsync": "off", "full_page_writes": "off", "max_connections": "400"}
"""What dies here are processes, never the power: the disk need not be waited for."""


@contextmanager
def template() -> Iterator[Template]:
    """A cluster for this run, with the databases to copy from."""
    with TemporaryDirectory(prefix="lianxi-simulation-") as folder, EmbeddedPostgres(Path(folder), NO_DISK) as cluster:
        yield Template(cluster, Path(folder) / "nodes")


def main() -> int:
    """Run the seeds, show how far they are, and print what they came to; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the seed, or the first of several")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--steps", type=int, default=600, help="steps of the storm, per seed")
    asked = parser.parse_args()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    failed: list[int] = []
    outcomes: list[Outcome] = []
    with template() as prepared, Progress(*columns, console=console) as progress:
        bar = progress.add_task("simulation", total=asked.seeds * asked.steps)
        for seed in range(asked.seed, asked.seed + asked.seeds):
            progress.update(bar, description=f"seed {seed}")
            began = time.monotonic()
            try:
                outcome = simulate(seed, asked.steps, prepared, lambda _: progress.advance(bar))
            except SimulationFailed as broken:
                failed.append(seed)
                console.print(str(broken), markup=False, highlight=False)
                continue
            outcomes.append(outcome)
            console.print(_line(outcome, time.monotonic() - began), markup=False, highlight=False)
    deaths = sum((outcome.deaths for outcome in outcomes), Counter[str]())
    console.print("deaths by place: " + ", ".join(f"{place} {count}" for place, count in sorted(deaths.items())))
    console.print(f"{len(outcomes)} seeds held, {len(failed)} failed: {failed}")
    return 1 if failed else 0


def _line(outcome: Outcome, seconds: float) -> str:
    return (
        f"seed {outcome.seed}: {outcome.petitions} petitions, {outcome.commands} commands, {outcome.facts} facts, "
        f"{outcome.breaches} by the office, {outcome.deaths.total()} deaths, {seconds:.1f} s, {outcome.digest[:16]}"
    )


if __name__ == "__main__":
    sys.exit(main())
