"""A made-up city for one seed: its nodes and agencies, its time, its bus, and the processes that may die.

Databases are real and belong to the seed alone. They are copied from a template, because laying the schema anew for
every node of every seed would cost more than the simulation itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from domain.jurisdiction import Agencies, Agency
from domain.law import Law
from domain.vocabulary import AgencyKind
from services.agency.views import prepare as prepare_node_views
from services.kit.directory import Directory, NodeEntry
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.keystore import create_kek
from services.kit.law import law_in_force
from services.kit.node import prepare as prepare_node
from services.kit.node import topics
from services.kit.sealing import NodeKeys
from services.kit.settings import NodeSettings, ServedAgency
from services.office.store import prepare as prepare_office
from tests.simulation.bus import FAIR, FOUL, SimulatedBus, Weather
from tests.simulation.faults import Faults
from tests.simulation.nodes import Front, Home, InboxProcess, Process, RelayProcess, ViewsProcess
from tests.simulation.office import OFFICE, IngestProcess, RebuildProcess, WatchProcess

DEPARTMENT, AGENCY, GOVERNMENT = AgencyKind.PETITION_DEPARTMENT, AgencyKind.AGENCY, AgencyKind.PARTY_OR_GOVERNMENT
OFFICE_NODE = "office"
NODES: dict[str, dict[str, AgencyKind]] = {
    "xinfang": {"petition-office": DEPARTMENT, "city-government": GOVERNMENT},
    "housing": {"housing-bureau": AGENCY, "urban-management": AGENCY},
    "labour": {"labour-bureau": AGENCY},
    "discipline": {"discipline-commission": AGENCY, "health-bureau": AGENCY},
    "district": {"district-office": DEPARTMENT, "district-police": AGENCY},
}
"""The agency nodes that a city may have; the first three always stand."""

CITY_DIVISION = "990100"
SUPERIORS = {
    "petition-office": "city-government",
    "housing-bureau": "city-government",
    "urban-management": "housing-bureau",
    "labour-bureau": "city-government",
    "discipline-commission": "city-government",
    "health-bureau": "city-government",
    "district-office": "petition-office",
    "district-police": "district-office",
}
"""Who stands above whom; the Joint Meeting Office stands beside them all."""

YEAR_END = datetime(2024, 11, 20, tzinfo=UTC)
STARTS = (datetime(2023, 3, 1, 1, tzinfo=UTC), YEAR_END, datetime(2022, 4, 20, tzinfo=UTC))
"""Where time begins: in a plain spring, before a year whose calendar is not published yet, and before the new law."""


class Template:
    """The cluster of a run, and the prepared databases that every node's are copied from."""

    def __init__(self, cluster: EmbeddedPostgres, folder: Path) -> None:
        self._cluster = cluster
        self.folder = folder
        log, keys = cluster.dsn("template_log"), cluster.dsn("template_keys")
        served = (ServedAgency(agency="template", kind=AGENCY, name_zh="模板", name="Template"),)
        settings = NodeSettings(
            node="template",
            agencies=served,
            log_dsn=log,
            keys_dsn=keys,
            bus_url="postgresql://",
            state_dir=folder / "template",
            plaintext=True,
        )
        prepare_node(settings)
        prepare_node_views(log)
        with psycopg.connect(keys, autocommit=True) as connection:
            # The claim of the template's own wrapping key must not bind the copies.
            connection.execute("delete from wrapping_key")

    @contextmanager
    def database(self, kind: str) -> Iterator[str]:
        """A copy of the template, for as long as the block."""
        name = f"{kind}_{uuid4().hex}"
        self._on_server("create database {} template {}", name, f"template_{kind}")
        try:
            yield self._cluster.dsn(name)
        finally:
            self._on_server("drop database {} with (force)", name)

    def _on_server(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class City:
    """Everything that exists in one run of one seed."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.bus = SimulatedBus(chance)
        self.time = chance.choice(STARTS)
        self.skews: dict[str, timedelta] = {}
        self.homes: dict[str, Home] = {}
        self.entries: list[NodeEntry] = []
        self.fronts: dict[str, list[Front]] = {}
        self.kinds: dict[str, AgencyKind] = {}
        self.node_of: dict[str, str] = {}
        self.superiors: dict[str, str] = {}
        self.processes: list[Process] = []
        self._unheard: list[tuple[Directory, NodeEntry]] = []
        # At the turn of a year the office learns the new calendar late, and then works every date out again.
        self.newest = law_in_force()
        first = self.time.year if self.time == YEAR_END else None
        self.law: Law = law_in_force(first)

    def build(self, template: Template, databases: Any) -> None:
        """Found the city's nodes on databases that last as long as the stack `databases`."""
        extra = self.chance.sample(list(NODES)[3:], self.chance.randint(0, 2))
        served = {OFFICE_NODE: {OFFICE: AgencyKind.JOINT_MEETING_OFFICE}}
        served |= {node: NODES[node] for node in [*list(NODES)[:3], *extra]}
        folder = template.folder / uuid4().hex
        for node, agencies in served.items():
            settings = NodeSettings(
                node=node,
                agencies=tuple(
                    ServedAgency(
                        agency=agency,
                        kind=kind,
                        name_zh=agency,
                        name=agency,
                        division=CITY_DIVISION,
                        superior=SUPERIORS.get(agency),
                    )
                    for agency, kind in agencies.items()
                ),
                log_dsn=databases.enter_context(template.database("log")),
                keys_dsn=databases.enter_context(template.database("keys")),
                bus_url="postgresql://",
                state_dir=folder / node,
                plaintext=True,
            )
            self._settle(settings)
        self._open_the_office()

    def _settle(self, settings: NodeSettings) -> None:
        NodeKeys.create(settings.node_keys_dir)
        create_kek(settings.kek_file)
        home = Home(settings, self.law, self.bus, lambda: self.now(settings.node), self.directory)
        self.bus.ensure_topics(topics(settings))
        self.skews[settings.node] = timedelta(seconds=self.chance.randint(-150, 150))
        self.homes[settings.node] = home
        for served in settings.agencies:
            self.kinds[served.agency], self.node_of[served.agency] = served.kind, settings.node
            if served.superior:
                self.superiors[served.agency] = served.superior
        with home.open(Faults()) as node:
            self.entries.append(node.entry())
        self.fronts[settings.node] = [Front(home, "api-1"), Front(home, "api-2")]
        self.processes += [RelayProcess(home, "relay"), InboxProcess(home, "inbox"), ViewsProcess(home, "views")]

    def _open_the_office(self) -> None:
        home = self.office
        prepare_office(home.settings.log_dsn, self.law.version)
        workers = [IngestProcess(home, "ingest-1"), IngestProcess(home, "ingest-2")]
        self.ingest = workers[0]
        self.rebuilder = RebuildProcess(home, "rebuild")
        self.watches = [WatchProcess(home, "watch-1"), WatchProcess(home, "watch-2")]
        self.processes += [*workers, *self.watches]

    @property
    def office(self) -> Home:
        return self.homes[OFFICE_NODE]

    @property
    def agencies(self) -> Agencies:
        """Who there is, and who stands above whom, once everybody has heard of everybody."""
        return Agencies(
            Agency(name, kind, CITY_DIVISION, self.superiors.get(name)) for name, kind in self.kinds.items()
        )

    def protected(self, agency: str) -> frozenset[str]:
        """The agency and all above it: an accusation of any of them must not come before it, Art. 30(3)."""
        above = [agency]
        while upper := self.superiors.get(above[-1]):
            above.append(upper)
        return frozenset(above)

    def now(self, node: str) -> datetime:
        """What a node's clock reads."""
        return self.time + self.skews[node]

    def directory(self) -> Directory:
        """What a process that starts knows of the others; now and then it has not heard of one of them yet."""
        if self.bus.weather is FAIR or not self.entries or self.chance.random() > 0.05:
            return Directory(self.entries)
        late = self.chance.choice(self.entries)
        directory = Directory(entry for entry in self.entries if entry is not late)
        self._unheard.append((directory, late))
        return directory

    def announce(self) -> str:
        """Let every process hear of the nodes that it had not heard of."""
        for directory, late in self._unheard:
            directory.learn(late)
        count = len(self._unheard)
        self._unheard.clear()
        return f"{count} heard"

    def pass_time(self) -> str:
        """Let some time pass: mostly minutes, sometimes days, so that dates are met as well as missed."""
        hours = self.chance.choice((0.05, 0.5, 3, 10, 30, 100))
        self.time += timedelta(hours=hours * self.chance.random() * 2)
        return f"{self.time:%Y-%m-%d %H:%M}"

    def step_a_clock(self) -> str:
        """Set one node's clock, forward or back, by up to three minutes, or rarely by days."""
        node = self.chance.choice(list(self.skews))
        seconds = self.chance.randint(-180, 180) if self.chance.random() < 0.8 else self.chance.randint(-2, 2) * 86_400
        self.skews[node] = timedelta(seconds=seconds)
        return f"{node} {seconds}s"

    def change_weather(self) -> str:
        """Let the bus turn fair, foul, or away."""
        kind = self.chance.random()
        if kind < 0.2:
            self.bus.weather = replace(self.bus.weather, is_away=True)
        elif kind < 0.4:
            self.bus.weather = FAIR
        elif kind < 0.9:
            self.bus.weather = FOUL
        else:
            self.bus.weather = Weather(lost_send=0.3, lost_acknowledgement=0.2, nothing_yet=0.5, redelivery=0.3)
        return str(self.bus.weather)

    def stop(self) -> None:
        """Stop every process."""
        for home in self.homes.values():
            for process in home.processes:
                process.stop()
