"""A program that runs as a child and never outlives the one that started it, however that one ends.

The child reads its standard input, which the parent holds open and never writes to. When the parent is gone the system
closes it, and the child is told to stop as by TERM.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

_START = """
import sys
from services.kit.child import end_with_parent
end_with_parent()
from services.cli.main import main
main(sys.argv[1:])
"""


def end_with_parent() -> None:
    """Let this process be stopped when its standard input ends."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def start(words: Sequence[str], environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start `lianxi WORDS` with nothing of this process's own `LIANXI_` variables; what it says is added to `log`.

    It gets a session of its own: an interrupt at the terminal is for the parent, who stops its children in order.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIANXI_")}
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-c", _START, *words],
            env={**inherited, **environment},
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
