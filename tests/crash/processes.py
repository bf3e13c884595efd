"""A small city in real processes, one for each role of each node, started as an operator would, ended by kill -9.

Two agencies' nodes and the office's: the roles of the product's own process tables, on a real bus and real databases.
Only processes that were started here are killed, each by its own handle.
"""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from domain.vocabulary import AgencyKind
from services.kit import child
from services.kit.bus import TOPICS, inbox_topic, open_bus
from services.kit.bus.broker import free_port
from services.kit.clock import AcceleratedClock
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.node import prepare
from services.kit.settings import NodeSettings, ServedAgency

DEPARTMENT, BUREAU, OFFICE = "petition-office", "housing-bureau", "joint-meeting"
OFFICE_NODE = "office"
NODES = {
    "xinfang": (DEPARTMENT, AgencyKind.PETITION_DEPARTMENT),
    "housing": (BUREAU, AgencyKind.AGENCY),
    OFFICE_NODE: (OFFICE, AgencyKind.JOINT_MEETING_OFFICE),
}
NODE_OF = {agency: node for node, (agency, _) in NODES.items()}
ROLES: tuple[tuple[str, str], ...] = (
    ("xinfang", "api"),
    ("xinfang", "relay"),
    ("xinfang", "inbox"),
    ("housing", "api"),
    ("housing", "relay"),
    ("housing", "inbox"),
    (OFFICE_NODE, "ingest"),
    (OFFICE_NODE, "watch"),
    (OFFICE_NODE, "relay,inbox"),
)
VIRTUAL_START = datetime(2023, 3, 1, tzinfo=UTC)
DAYS_PER_SECOND = 6.0
STOP_SECONDS_MAX = 20.0


@dataclass
class Processes:
    """The processes by node and roles, and what they need to start again."""

    folder: Path
    settings: dict[str, NodeSettings]
    clock: AcceleratedClock
    running: dict[tuple[str, str], "subprocess.Popen[bytes]"] = field(default_factory=dict)
    starts: int = 0

    @classmethod
    def found(cls, server: EmbeddedPostgres, bus_url: str | None, folder: Path) -> "Processes":
        """Make the databases, the keys and the topics."""
        name = uuid4().hex[:8]
        clock = AcceleratedClock(VIRTUAL_START, datetime.now(UTC), DAYS_PER_SECOND * 86_400)
        url = bus_url or server.dsn(f"bus_{name}")
        settings = {}
        for node, (agency, kind) in NODES.items():
            settings[node] = NodeSettings(
                node=node,
                agencies=(ServedAgency(agency=agency, kind=kind, name_zh=agency, name=agency),),
                log_dsn=server.dsn(f"node_{node}_{name}"),
                keys_dsn=server.dsn(f"keys_{node}_{name}"),
                bus_url=url,
                state_dir=folder / node,
                listen=f"127.0.0.1:{free_port()}",
                plaintext=True,
                clock_spec=clock,
            )
            prepare(settings[node])
        with open_bus(url) as bus:
            bus.ensure_topics((*TOPICS, *(inbox_topic(node) for node in NODES)))
        return cls(folder, settings, clock)

    def start(self, node: str, roles: str) -> None:
        """Start a process; what it says goes to a file of its own."""
        self.starts += 1
        command = "office" if node == OFFICE_NODE else "node"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIANXI_")}
        log = self.folder / f"{self.starts:03}-{node}-{roles.replace(',', '-')}.log"
        words = (command, "run", "--roles", roles)
        self.running[node, roles] = child.start(words, inherited | self.settings[node].to_env(), log)

    def start_all(self) -> None:
        for node, roles in ROLES:
            self.start(node, roles)

    def kill(self, node: str, roles: str) -> None:
        """End a process without warning."""
        process = self.running.pop((node, roles))
        process.kill()
        process.wait()
        child.let_go(process)

    def stop(self, which: Sequence[tuple[str, str]] = ROLES) -> dict[tuple[str, str], int]:
        """End processes in good order; return their exit codes."""
        stopping = {key: self.running.pop(key) for key in which if key in self.running}
        for process in stopping.values():
            process.terminate()
        codes = {}
        for key, process in stopping.items():
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS_MAX)
            if process.poll() is None:
                process.kill()
            codes[key] = process.wait()
            child.let_go(process)
        return codes

    def ended(self) -> list[tuple[str, str]]:
        """The processes that ended by themselves, which none ever should."""
        return [key for key, process in self.running.items() if process.poll() is not None]

    def last_words(self) -> str:
        """The end of what each process said, for whoever looks into a failure."""
        logs = sorted(self.folder.glob("*.log"))
        tails = {log.name: log.read_text(errors="replace").splitlines()[-6:] for log in logs}
        return "\n".join(f"--- {name}\n" + "\n".join(lines) for name, lines in tails.items() if lines)
