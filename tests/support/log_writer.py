"""A process that writes to a log as fast as it can, and prints the stream of each command once it is acknowledged.

It is started to be killed: `python -m tests.support.log_writer DSN`.
"""

import sys
from threading import Lock, Thread
from uuid import uuid4

from services.kit.log import Log
from tests.support.logs import classified, request

EVENTS_PER_COMMAND = 3
WRITERS = 8


def main() -> None:
    log = Log(sys.argv[1])
    turn = Lock()

    def write() -> None:
        while True:
            case = uuid4()
            log.record(case, 0, [classified()] * EVENTS_PER_COMMAND, request=request())
            with turn:
                sys.stdout.write(f"{case}\n")
                sys.stdout.flush()

    for _ in range(WRITERS):
        Thread(target=write).start()


if __name__ == "__main__":
    main()
