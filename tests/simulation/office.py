"""The office's own processes: two ingest workers that contend for the partitions, two watches, and the rebuild."""

from contextlib import ExitStack
from datetime import timedelta

import psycopg

from domain.law import Law
from services.kit.bus import events_topic
from services.office.ingest import FencedOff, Ingest, ViewsOutdated
from services.office.notices import Notices
from services.office.rebuild import Rebuilt, rebuild
from services.office.store import open_views
from services.office.watch import Watch, record_moved
from tests.simulation.faults import breakable
from tests.simulation.nodes import Process

INGEST_RECORDS_MAX = 60
OFFICE = "joint-meeting"


class IngestProcess(Process):
    """A worker that folds the events topic into the views. Another may be at work: one of the two is fenced off."""

    def start(self, opened: ExitStack) -> None:
        connection = opened.enter_context(open_views(self.home.settings.log_dsn))
        self._ingest = Ingest(
            breakable(connection, "ingest", self.faults), self.home.law, self.home.id, self.home.directory()
        )
        self._consumer = self.home.bus.consumer(events_topic().name, self._ingest.resume())

    def work(self) -> str:
        try:
            records = self._consumer.poll(0, INGEST_RECORDS_MAX)
            if not records:
                return "nothing to read"
            return f"read {len(records)}, folded {self._ingest.write(records)}"
        except (FencedOff, ViewsOutdated, psycopg.IntegrityError) as stopped:
            # In earnest the process would end and be started again.
            self.stop()
            return f"stopped by {type(stopped).__name__}"


class WatchProcess(Process):
    """The clock that meets the duties."""

    def start(self, opened: ExitStack) -> None:
        node = opened.enter_context(self.home.open(self.faults))
        rows = opened.enter_context(open_views(self.home.settings.log_dsn))
        self._watch = Watch(rows, node.log, OFFICE, rung_days=(0, 30), settling=timedelta())
        self._notices = Notices(rows, node.log, OFFICE, settling=timedelta())

    def work(self) -> str:
        if not self._watch.has_read(self.home.bus.end_offsets(events_topic().name)):
            return "the views are behind"
        now = self.home.now()
        return f"recorded {self._watch.tick(now)}, noticed {self._notices.tick(now)}"


class RebuildProcess(Process):
    """The office's rebuild; it may die between building the new views and swapping them in."""

    swaps = True
    last: Rebuilt | None = None

    def start(self, opened: ExitStack) -> None:
        self._node = opened.enter_context(self.home.open(self.faults))

    def work(self) -> str:
        law: Law = self.home.law
        self.last = rebuild(
            self.home.settings.log_dsn,
            law,
            swap=self.swaps,
            progress=lambda *_: self.faults.reach("rebuild: views half built"),
            on_moved=lambda moved: record_moved(self._node.log, OFFICE, self.home.now(), moved),
        )
        return f"rebuilt {self.last.facts}, equal {self.last.equal}"
