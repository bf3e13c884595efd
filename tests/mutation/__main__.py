"""`python -m tests.mutation [MODULE ...]`: change the domain in small wrong ways, and see whether a test notices."""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from itertools import count
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutation import operators, report, trial
from tests.mutation.plan import PLAN
from tests.mutation.trial import Verdict

ROOT = Path(__file__).parents[2]
NOT_COPIED = (".*", "__pycache__", "generated", "*.egg-info", "build", "dist")


def mutants_of(source: str, module: str) -> Iterator[tuple[report.Change, str]]:
    """Yield each small wrong change to a source, with the source that it makes."""
    for name in operator_names():
        if not operators.is_kept(name, module):
            continue
        operator = get_operator(name)()
        for occurrence in count():
            mutant = mutate_code(source, operator, occurrence)
            if mutant is None:
                break
            old, new = change_of(source, mutant)
            if not operators.MECHANICS.search(old):
                yield report.Change(name.partition("/")[2], old, new), mutant


def change_of(source: str, mutant: str) -> tuple[str, str]:
    """Return what was there and what stands there now, in the lines that differ."""
    lines = list(unified_diff(source.splitlines(), mutant.splitlines(), n=0, lineterm=""))[2:]
    old = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return old, new


def judge(copy: Path, module: str, sample: int | None, seed: int) -> report.Figures:
    """Try the mutants of one module, or a sample of them, and return what became of them."""
    tests = [f"tests/domain/test_{name}.py" for name in PLAN[module].split()]
    bench = trial.Bench(copy, module, [path for path in tests if (copy / path).exists()])
    mutants = list(mutants_of(bench.source, module))
    chosen = mutants
    if sample is not None and sample < len(mutants):
        chosen = random.Random(seed).sample(mutants, sample)
    verdicts = []
    for done, (_, mutant) in enumerate(chosen, 1):
        verdicts.append(bench.judge(mutant))
        if sys.stderr.isatty() or done == len(chosen):
            survived = verdicts.count(Verdict.SURVIVED)
            print(f"\r{module}: {done}/{len(chosen)}, {survived} survived ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report.Figures(
        mutants=len(mutants),
        tried=len(chosen),
        killed=verdicts.count(Verdict.KILLED),
        unborn=verdicts.count(Verdict.UNBORN),
        survivors=[
            change for (change, _), verdict in zip(chosen, verdicts, strict=True) if verdict is Verdict.SURVIVED
        ],
    )


def main() -> None:
    """Judge the modules named, or all; write the figures and the page of survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"default: all {len(PLAN)} of the plan")
    parser.add_argument("--sample", type=int, help="try at most so many mutants of a module, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if unknown := set(asked.modules) - PLAN.keys():
        parser.error(f"not in tests/mutation/plan.py: {', '.join(sorted(unknown))}")
    operators.install()
    trial.prepare()
    with tempfile.TemporaryDirectory(prefix="lianxi-mutation-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        for module in asked.modules or PLAN:
            report.keep(module, judge(copy, module, asked.sample, asked.seed))
            report.write(PLAN)


if __name__ == "__main__":
    main()
