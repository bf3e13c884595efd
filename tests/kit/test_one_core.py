"""A process that stays on one core: its Python threads, those of before and those of after."""

import os
import subprocess
import sys

PROGRAM = """
import os, threading
from services.kit.one_core import stay_on_one_core

release = threading.Event()
before = threading.Thread(target=release.wait)
before.start()
core = stay_on_one_core("north")
after = threading.Thread(target=release.wait)
after.start()
print(core, {tuple(os.sched_getaffinity(thread.native_id)) for thread in threading.enumerate()} == {(core,)})
release.set()
"""


def test_all_threads_of_the_process_are_bound_and_nothing_else_is() -> None:
    ours = os.sched_getaffinity(0)
    core, is_bound = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True).split()
    assert int(core) in ours
    assert is_bound == "True"
    assert os.sched_getaffinity(0) == ours
