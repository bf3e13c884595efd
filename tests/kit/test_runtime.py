"""A node's process: trouble passes, a bug ends it, and what it writes tells nothing that was confidential."""

import json
import logging
import sys
import threading

import pytest

from services.kit import runtime
from services.kit.bus import BusTrouble
from services.kit.identity import CannotListen
from services.kit.node import Node

pytestmark = pytest.mark.postgres


def test_a_loop_in_trouble_is_started_again_and_a_told_end_is_clean(bureau: Node) -> None:
    stop, starts = threading.Event(), []

    def loop(_: Node, stopping: threading.Event) -> None:
        starts.append(1)
        if len(starts) < 3:
            raise BusTrouble("the bus is away")
        stop.set()
        stopping.wait()

    assert runtime.run(bureau, {"loop": loop}, stop) == 0
    assert len(starts) == 3


@pytest.mark.parametrize("ends", [True, False])
def test_a_bug_ends_the_process_with_an_error(bureau: Node, ends: bool) -> None:
    def loop(_: Node, __: threading.Event) -> None:
        if not ends:
            raise KeyError("张三")

    def other(_: Node, stopping: threading.Event) -> None:
        stopping.wait()

    assert runtime.run(bureau, {"loop": loop, "other": other}) == 1


def test_what_keeps_a_server_from_listening_is_told_in_words(bureau: Node, caplog: pytest.LogCaptureFixture) -> None:
    def api(_: Node, __: threading.Event) -> None:
        raise CannotListen("missing for TLS: office.pem")

    assert runtime.run(bureau, {"api": api}) == 1
    assert "api: missing for TLS: office.pem; the process ends" in caplog.text


def test_a_line_of_the_log_names_the_place_of_a_bug_and_none_of_its_words() -> None:
    formatter = runtime.JsonLines("bureau")
    try:
        raise ValueError("身份证号 110101199001011234")
    except ValueError:
        record = logging.LogRecord("place", logging.ERROR, __file__, 1, "%s broke", ("loop",), sys.exc_info())
    line = formatter.format(record)
    told = json.loads(line)
    assert (told["message"], told["exception"], told["node"]) == ("loop broke", "ValueError", "bureau")
    assert "test_runtime.py" in told["places"][0]
    assert "110101199001011234" not in line
    assert "\n" not in line
