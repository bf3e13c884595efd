"""`lianxi demo` as a person meets it: stories that follow from a seed, a picture that fits, a count, a clean end."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from rich.console import Console

from lianxi.office.v1 import office_service_pb2 as pb
from services.demo.agenda import bounded, endless
from services.demo.picture import Picture
from services.demo.screen import Scenery, Size, draw
from services.demo.stories import KINDS
from services.demo.wangshu import NAMES, NODES

LIANXI = str(Path(sys.executable).with_name("lianxi"))
EXPECTED: dict[str, type] = {
    "bus": str,
    "nodes": int,
    "petitions": int,
    "events": int,
    "handoffs": int,
    "objections": int,
    "duties_open": int,
    "duties_breached": int,
    "petitions_without_custodian": int,
    "events_lost": int,
    "events_doubled": int,
    "views_equal_rebuild": bool,
    "seed": int,
    "seconds": float,
}
HEADINGS = ("超期未办", "hand-offs", "facts", "petitions, duties", "gRPC", "office explain")


# --- stories and picture --------------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_stories() -> None:
    assert list(bounded(7, 30)) == list(bounded(7, 30))
    assert list(bounded(7, 30)) != list(bounded(8, 30))
    assert list(islice(endless(7, 0.25), 100)) == list(islice(endless(7, 0.25), 100))


@pytest.mark.parametrize("seed", [1, 7, 20])
def test_the_first_dozen_petitions_are_one_of_each_kind(seed: int) -> None:
    assert sorted(story.kind for story in bounded(seed, 12)) == sorted(KINDS)


def test_stories_are_about_agencies_of_the_city_alone() -> None:
    for story in bounded(3, 200):
        assert {step.agency for step in story.steps} <= NAMES.keys()
        assert story.steps[0].rpc == "RegisterPetition"
    assert len(NODES) >= 8
    assert any(len(agencies) == 2 for agencies in NODES.values())


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (100, 30), (160, 48), (220, 60), (60, 16)])
def test_the_picture_fits_terminals_of_every_size(columns: int, rows: int) -> None:
    scenery = Scenery(6.0, "embedded", {"office": "127.0.0.1:1"}, "/tmp/city/try.env", "lianxi")
    missed = pb.RuleCount(rule="D4", rule_version="2022", article="Art. 23(3)", breached=2, open=1)
    picture = Picture(pb.Overview(duties=[missed]))
    drawn = StringIO()
    console = Console(width=columns, height=rows, force_terminal=True, color_system=None, file=drawn)
    console.print(draw(picture, scenery, datetime.now(UTC), Size(columns, rows)))
    assert len(drawn.getvalue().rstrip("\n").split("\n")) == rows
    if columns >= 80:
        assert all(heading in drawn.getvalue() for heading in HEADINGS)


# --- once -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for temporary folders; its path is short, because sockets lie in it."""
    with TemporaryDirectory(prefix="lx-") as folder:
        yield Path(folder)


def play_once(home: Path, *options: str) -> dict[str, Any]:
    """Play the twelve stories of seed 7 through the installed command, and return the one object that it ends with."""
    done = subprocess.run(
        [LIANXI, "demo", "--once", "--json", "--seed", "7", "--petitions", "12", *options],
        env={**os.environ, "TMPDIR": str(home)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    assert list(home.glob("lianxi-demo-*")) == []
    found: dict[str, Any] = json.loads(line)
    return found


def holds_up(found: dict[str, Any], bus: str) -> None:
    assert {name: type(value) for name, value in found.items()} == EXPECTED
    assert (found["bus"], found["nodes"], found["petitions"], found["seed"]) == (bus, len(NODES) + 1, 12, 7)
    assert (found["events_lost"], found["events_doubled"], found["petitions_without_custodian"]) == (0, 0, 0)
    assert found["views_equal_rebuild"] is True
    assert found["duties_breached"] > 0
    # What the stories of seed 7 tell, whatever the bus and however fast the machine.
    told = [step.rpc for story in bounded(7, 12) for step in story.steps]
    assert (found["handoffs"], found["objections"]) == (told.count("HandOff"), told.count("RaiseObjection"))


@pytest.mark.postgres
@pytest.mark.slow
def test_once_counts_every_fact_on_the_embedded_bus(home: Path) -> None:
    holds_up(play_once(home), "embedded")


@pytest.mark.kafka
@pytest.mark.slow
def test_once_counts_every_fact_on_kafka(home: Path) -> None:
    holds_up(play_once(home, "--kafka"), "kafka")


# --- live -----------------------------------------------------------------------------------------------------------


class Terminal:
    """The live demonstration in a terminal of 160 columns and 48 rows, and all that it has written so far."""

    def __init__(self, home: Path) -> None:
        self._ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        self.process = subprocess.Popen(
            [LIANXI, "demo", "--rate", "12"],
            env={**os.environ, "TMPDIR": str(home), "TERM": "xterm-256color"},
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        os.close(its)
        self._written = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._written.decode(errors="replace"))

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def shows(self, words: Iterable[str]) -> bool:
        return all(word in self.text for word in words)

    def _read(self) -> None:
        # The end of the last writer is told as an error on Linux.
        with suppress(OSError):
            while chunk := os.read(self._ours, 65_536):
                self._written += chunk

    def close(self) -> None:
        if not self.has_ended:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        os.close(self._ours)


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def processes_of(home: Path) -> list[str]:
    """What runs with files in this folder: nodes by their environment, the database by its command."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            is_of_it = str(home) in words or str(home) in process.environ().get("LIANXI_STATE_DIR", "")
            if is_of_it and process.status() != psutil.STATUS_ZOMBIE:
                found.append(words)
    return found


@pytest.mark.postgres
@pytest.mark.slow
def test_live_it_shows_the_picture_and_leaves_nothing_behind(home: Path) -> None:
    terminal = Terminal(home)
    try:
        assert eventually(lambda: terminal.shows(HEADINGS) or terminal.has_ended, 120)
        assert terminal.shows(HEADINGS), terminal.text[-2000:]
        assert len(processes_of(home)) > len(NODES)
        [folder] = home.glob("lianxi-demo-*")
        assert (folder / "try.env").read_text().startswith("export LIANXI_ADDRESS=127.0.0.1:")

        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(30) == 0
        assert eventually(lambda: not processes_of(home), 5), processes_of(home)
        assert list(home.glob("lianxi-demo-*")) == []
    finally:
        terminal.close()
