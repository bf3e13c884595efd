"""A node's process as the child of another program, which it never outlives, however that one ends.

The child reads its standard input, which the parent holds open and never writes to. When the parent is gone, the system
closes it, and the child stops as it does on TERM.
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
    """Start `lianxi WORDS` with just this environment; what it says goes to `log`."""
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-c", _START, *words],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,  # An interrupt at the terminal is for the parent, who stops it in its own time.
        )


def let_go(process: "subprocess.Popen[bytes]") -> None:
    """Close what the parent held open for a child that has ended."""
    if process.stdin is not None:
        process.stdin.close()
