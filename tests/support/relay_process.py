"""A process that relays and kills itself at a chosen step: `python -m tests.support.relay_process STEP NUMBER`.

Its settings come from the environment, as those of a real node. STEP is `before_copy` (the events of a batch are
acknowledged, its copies are not sent), `after_copy` (a copy is acknowledged, the position is not yet written) or
`between_events`; NUMBER says at the how-manieth such record it dies.
"""

import os
import signal
import sys
from dataclasses import replace
from threading import Event

from services.kit import relay, runtime
from services.kit.node import Node
from services.kit.settings import NodeSettings
from tests.support.faulty_bus import Fate, FaultyBus, Sending


def main() -> None:
    step, number = sys.argv[1], int(sys.argv[2])

    def dies_at(wanted: str, sending: Sending) -> None:
        is_copy = sending.topic.name.startswith("lianxi.inbox.")
        if step == wanted and sending.number >= number and (is_copy or step == "between_events"):
            os.kill(os.getpid(), signal.SIGKILL)

    def fate(sending: Sending) -> Fate:
        dies_at("before_copy", sending)
        if sending.is_event:
            dies_at("between_events", sending)
        return Fate.SENT

    settings = NodeSettings.from_env(os.environ)
    with Node.open(settings) as node:
        faulty = replace(node, bus=FaultyBus(node.bus, fate, lambda sending: dies_at("after_copy", sending)))
        runtime.run(faulty, {"relay": relay.run}, Event())


if __name__ == "__main__":
    main()
